"""What a user says of columns of features: gaps, words."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from graphnet.data.csv.column_roles import ChosenColumns, TableOptions, column_name, find
from graphnet.data.csv.feature_column import FeatureColumn, GapRule
from graphnet.errors import DataError, did_you_mean

_RULES: tuple[GapRule, ...] = get_args(GapRule)


def feature_columns(
    path: Path, chosen: ChosenColumns, options: TableOptions
) -> list[FeatureColumn]:
    """A :class:`FeatureColumn` for each feature's column, as the options say.

    Raises:
        DataError: If they name a column that is no feature, a rule that does not exist, or say two
            things of one column.
    """
    rule, rules = _rules(path, chosen, options.missing)
    encodings: dict[int, Literal["one-hot", "index"]] = {}
    for encoding, names in (("one-hot", options.one_hot), ("index", options.index)):
        for name in names:
            at = _feature(path, chosen, name, f"--{encoding}")
            if at in encodings and encodings[at] != encoding:
                raise DataError(
                    f"{path}: {chosen.name(at)} is given to --one-hot and to --index\n"
                    "  choose one of them"
                )
            encodings[at] = "one-hot" if encoding == "one-hot" else "index"
    return [
        FeatureColumn(chosen.name(at), rules.get(at, rule), encodings.get(at))
        for at in chosen.features
    ]


def _rules(
    path: Path, chosen: ChosenColumns, given: tuple[str, ...]
) -> tuple[GapRule, dict[int, GapRule]]:
    """The rule for gaps, and those of single columns."""
    rule: GapRule = "refuse"
    rules: dict[int, GapRule] = {}
    for text in given:
        name, equals, last = text.rpartition("=")
        found = next((known for known in _RULES if known == last), None)
        if found is None:
            hint = did_you_mean(last, _RULES)
            raise DataError(
                f"--missing {text}: there is no rule '{last}' for gaps{hint}\n"
                f"  expected {', '.join(_RULES[:-1])} or {_RULES[-1]}, or COLUMN=RULE"
            )
        if equals:
            rules[_feature(path, chosen, name, "--missing")] = found
        else:
            rule = found
    return rule, rules


def _feature(path: Path, chosen: ChosenColumns, name: str, option: str) -> int:
    at = find(path, chosen.headings, name)
    if at not in chosen.features:
        raise DataError(
            f"{path}: {column_name(chosen.headings, at)} is no feature, so {option} is not for it"
        )
    return at
