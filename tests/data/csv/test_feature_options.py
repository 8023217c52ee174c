"""What the options say of features."""

from pathlib import Path

import pytest

from graphnet.data.csv.column_roles import ChosenColumns, TableOptions
from graphnet.data.csv.feature_options import feature_columns
from graphnet.errors import DataError

CHOSEN = ChosenColumns(("a", "b=c", "label"), (2,), (0, 1), may_be_index=False)


def columns(**options):
    return feature_columns(Path("f.csv"), CHOSEN, TableOptions(**options))


def test_rules():
    """One for all, others for some, in any order; a heading may hold an equals sign."""
    found = columns(missing=("b=c=zero", "mean"), one_hot=("A",))
    assert [column.rule for column in found] == ["mean", "zero"]
    assert [column.encoding for column in found] == ["one-hot", None]
    assert [column.rule for column in columns(missing=("0=drop",))] == ["drop", "refuse"]
    assert [column.name for column in found] == ["column 'a'", "column 'b=c'"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"missing": ("meen",)},
            "--missing meen: there is no rule 'meen'(?s:.)*did you mean 'mean'",
        ),
        ({"missing": ("a=median",)}, "no rule 'median' for gaps(?s:.)*\n  expected refuse, drop, "),
        ({"missing": ("z=mean",)}, r"f\.csv has no column 'z'"),
        ({"missing": ("label=mean",)}, "'label' is no feature, so --missing is not for it"),
        ({"index": ("label",)}, "'label' is no feature, so --index is not for it"),
        ({"index": ("a",), "one_hot": ("a",)}, "'a' is given to --one-hot and to --index"),
    ],
)
def test_wrong_use(options, message):
    """What was expected is said."""
    with pytest.raises(DataError, match=message):
        columns(**options)
