"""The map of params to arrays, read and written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphnet.errors import SpecError
from graphnet.interchange.weights.map_file import map_text, read_map
from graphnet.interchange.weights.matching import BY_MAP, Fill, Needed, match
from graphnet.interchange.weights.stored import StoredArray, WeightFile

NEEDED = [
    Needed("ip", "weight", "params", (2, 3), "InnerProduct", 0),
    Needed("ip", "bias", "params", (2,), "InnerProduct", 1),
    Needed("lstm: 1", "bias", "params", (8,), "LSTM", 2),
]
SHAPES = {
    "w": (3, 2),
    "bb": (2,),
    "c": (2,),
    "x: 1": (8,),
    "y": (8,),
    "n": (2,),
}
FILE = WeightFile(
    Path("m.npz"),
    {
        name: StoredArray(name, shape, "int64" if name == "n" else "float32", lambda: np.zeros(0))
        for name, shape in SHAPES.items()
    },
)


def read(tmp_path, text):
    (tmp_path / "map.yaml").write_text(text, "utf-8")
    return read_map(tmp_path / "map.yaml", NEEDED, FILE)


def test_entries(tmp_path):
    """A name, several with a layout, nothing; turned round where only that fits."""
    found = read(
        tmp_path,
        """
ip/weight: w
ip/bias: null
"lstm: 1/bias": {from: ["x: 1", y], layout: [sum, gates ifgo]}
""",
    )
    assert found == {
        "ip/weight": Fill(("w",), ("transposed",), BY_MAP),
        "ip/bias": Fill((), (), BY_MAP),
        "lstm: 1/bias": Fill(("x: 1", "y"), ("sum", "gates ifgo"), BY_MAP),
    }


MISTAKES = {
    "- a": "1:1: expected a mapping of params to arrays, found a list",
    "ip/wieght: w": "1:1: the net has no param 'ip/wieght'\n  did you mean 'ip/weight'?",
    "ip/weight: ww": "1:12: ip/weight: there is no array 'ww' in m.npz",
    "ip/bias: n": "1:10: ip/bias: array 'n' holds int64",
    "ip/bias: y": "1:10: ip/bias: the param is 2, and y is 8",
    "ip/bias: 3": "1:10: ip/bias: from: expected the name of an array, found 3",
    "ip/bias: {from: bb, lay: x}": "ip/bias: unknown key 'lay'",
    "ip/bias: {layout: sum}": "ip/bias: missing key 'from'",
    "ip/bias: {from: bb, layout: HWOI}": "ip/bias: there is no layout 'HWOI'\n  expected one of:",
    "ip/weight: {from: w, layout: []}": "ip/weight: the param is 2×3, and w is 3×2",
    "ip/bias: {from: [bb, bb], layout: transposed}": "which transposed makes nothing",
    "ip/bias: bb\nip/bias: bb": "2:1: ",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes(text, tmp_path):
    """Each with file, line and column, and what was expected."""
    with pytest.raises(SpecError) as found:  # noqa: PT011  # its text is compared below
        read(tmp_path, text)
    assert MISTAKES[text] in str(found.value)
    assert "map.yaml:" in str(found.value)


def test_all_mistakes_at_once(tmp_path):
    """In the order of the file."""
    with pytest.raises(SpecError, match="no param") as found:
        read(tmp_path, "x/y: bb\nip/bias: y\n")
    assert [p.position.line for p in found.value.problems] == [1, 2]


def test_what_is_printed_can_be_read(tmp_path):
    """The same fills come back; what is missing and what is left over stands in comments."""
    given = {
        "ip/weight": Fill(("w",), ("transposed",), BY_MAP),
        "lstm: 1/bias": Fill(("x: 1", "y"), ("sum", "gates ifgo"), BY_MAP),
    }
    text = map_text(match(NEEDED, FILE, given), "net 'n'", FILE)
    assert read(tmp_path, text) == given
    assert "# ip/bias: ?  # 2: nothing was found" in text
    assert "#   bb  2\n#   c  2\n#   n  2 int64\n" in text
