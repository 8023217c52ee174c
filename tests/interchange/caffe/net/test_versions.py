"""Names of blobs that are changed in place."""

import pytest

from graphnet.interchange.caffe.files.text_format import parse_text
from graphnet.interchange.caffe.net.versions import Versions, is_automatic_split


def layers(*rows):
    text = "".join(
        f'layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" top: "{top}" }}'
        for name, kind, bottom, top in rows
    )
    return parse_text(text, "n", "NetParameter")["layer"]


def test_two_ways_to_run_in_place():
    """ReLU does so here, too; Power makes another blob."""
    found = Versions(
        layers(
            ("a", "InnerProduct", "x", "y"),
            ("b", "ReLU", "y", "y"),
            ("c", "Power", "y", "y"),
            ("d", "ReLU", "y", "y"),
        )
    )
    assert [found.top(i, 0) for i in range(4)] == ["y.before-c", "y.before-c", "y", "y"]


def test_names_with_blanks():
    """Are joined."""
    found = Versions(layers(("a", "InnerProduct", "x", "y"), ("b c", "Power", "y", "y")))
    assert found.top(0, 0) == "y.before-b_c"


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        (("x_split", "Split", "x", "x_split_0"), True),
        (("x_split", "Split", "x", "a"), False),
        (("mine", "Split", "x", "mine_0"), False),
    ],
)
def test_automatic_splits(row, wanted):
    """By their names and those of their tops."""
    assert is_automatic_split(layers(row)[0]) is wanted
