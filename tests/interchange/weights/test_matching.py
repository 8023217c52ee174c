"""Which stored arrays fill which params."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphnet.interchange.weights.matching import BY_MAP, BY_NAME, BY_ORDER, Fill, Needed, match
from graphnet.interchange.weights.stored import StoredArray, WeightFile

NEEDED = [
    Needed("conv", "filter", "params", (4, 2, 3, 3), "Convolution", 0),
    Needed("conv", "bias", "params", (4,), "Convolution", 1),
    Needed("bn", "scale", "params", (4,), "BatchNorm", 0),
    Needed("bn", "bias", "params", (4,), "BatchNorm", 1),
    Needed("bn", "mean", "state", (4,), "BatchNorm", 2),
    Needed("bn", "variance", "state", (4,), "BatchNorm", 3),
    Needed("ip", "weight", "params", (5, 6), "InnerProduct", 0),
    Needed("ip", "bias", "params", (5,), "InnerProduct", 1),
]
TORCH = (
    {"weight": 0, "bias": 1},
    {"weight": 2, "bias": 3, "running_mean": 4, "running_var": 5},
    {
        "weight": 6,
        "bias": 7,
    },
)


def stored(shapes, **more):
    """A file with arrays of these shapes; a type may stand with the shape."""
    arrays = {}
    for name, said in shapes.items():
        shape = tuple(n for n in said if not isinstance(n, str))
        dtype = next((n for n in said if isinstance(n, str)), "float32")
        arrays[name] = StoredArray(name, shape, dtype, lambda: np.zeros(0))
    return WeightFile(Path("m"), arrays, **more)


def as_torch(*layers):
    """The arrays of the net, as PyTorch names those of layers with these names."""
    return {
        f"{layer}.{word}": NEEDED[i].shape
        for layer, words in zip(layers, TORCH, strict=True)
        for word, i in words.items()
    }


def filled(found):
    return {path: fill.arrays for path, fill in found.fills.items()}


def by(found):
    return {fill.by for fill in found.fills.values()}


def test_graphnets_own_names():
    """All by name, in whatever order."""
    file = stored({f"{n.key}.{n.name}": n.shape for n in reversed(NEEDED)})
    found = match(NEEDED, file, {})
    assert filled(found) == {n.path: (f"{n.key}.{n.name}",) for n in NEEDED}
    assert (by(found), found.problems, found.unused) == ({BY_NAME}, [], [])


@pytest.mark.parametrize("before", ["", "module.", "model.backbone."])
def test_pytorchs_names(before):
    """The layers have their names, below whatever module."""
    file = stored(as_torch(*(before + name for name in ("conv", "bn", "ip"))))
    found = match(NEEDED, file, {})
    assert filled(found)["bn/variance"] == (f"{before}bn.running_var",)
    assert (by(found), found.problems, found.missing) == ({BY_NAME}, [], [])


def test_two_of_a_name():
    """A doubtful ending is no name."""
    file = stored(as_torch("a.conv", "bn", "ip") | {"b.conv.weight": (4, 2, 3, 3)})
    found = match(NEEDED, file, {})
    assert [n.path for n in found.missing] == ["conv/filter", "conv/bias"]
    assert "no array is named after 'conv'" in found.problems[0]


def twins(*keys):
    return [Needed(key, "weight", "params", (5, 6), "InnerProduct", 0) for key in keys]


@pytest.mark.parametrize(
    ("keys", "names", "filled_from"),
    [
        (["fc", "head.fc"], ["head.fc"], {"head.fc": "head.fc"}),
        (["fc", "head.fc"], ["head.fc", "m.fc"], {"head.fc": "head.fc", "fc": "m.fc"}),
        (["fc", "a.fc"], ["m.a.fc"], {}),
        (["fc", "a.fc"], ["m.fc", "m.a.fc"], {"a.fc": "m.a.fc"}),
    ],
)
def test_no_stored_layer_is_taken_for_two(keys, names, filled_from):
    """One that has a layer's very name is that layer's; what could be two's is neither's."""
    found = match(twins(*keys), stored({f"{name}.weight": (5, 6) for name in names}), {})
    by_name = {p: f.arrays[0] for p, f in found.fills.items() if f.by == BY_NAME}
    assert by_name == {f"{k}/weight": f"{n}.weight" for k, n in filled_from.items()}


ODD = ["inception_3a/1x1", "a.b", "x[1]", "a___b", "größe→", "c:0", "0", "weight"]


def test_names_of_all_kinds():
    """What graphnet has written under its own names is found again."""
    needed = twins(*ODD)
    for mark in (".", "/", "___"):
        names = {f"{key}{mark}weight": (5, 6) for key in ODD}
        found = match(needed, stored(names), {})
        assert filled(found) == {f"{key}/weight": (f"{key}{mark}weight",) for key in ODD}, mark
        assert by(found) == {BY_NAME}


def test_order_and_shape():
    """Layers without names, as a Sequential has them; what holds no floats does not count."""
    extra = {"1.num_batches_tracked": ("int64",)}
    found = match(NEEDED, stored(as_torch("0", "1", "3") | extra), {})
    assert filled(found)["ip/weight"] == ("3.weight",)
    assert (by(found), found.problems) == ({BY_ORDER}, [])
    assert [array.name for array in found.unused] == ["1.num_batches_tracked"]


def test_order_where_names_are_sorted():
    """``10`` comes behind ``9``."""
    arrays = as_torch("8", "9", "10")
    file = stored({name: arrays[name] for name in sorted(arrays)}, in_order=False)
    assert filled(match(NEEDED, file, {}))["ip/weight"] == ("10.weight",)


def test_order_beside_names():
    """What is left over of both sides, behind what has a name."""
    found = match(NEEDED, stored(as_torch("0", "bn", "3")), {})
    assert filled(found)["conv/filter"] == ("0.weight",)
    assert by(found) == {BY_NAME, BY_ORDER}


def test_a_flat_list():
    """As numpy.savez names arrays that have no names; turned round where only that fits."""
    shapes = [n.shape for n in NEEDED]
    shapes[0], shapes[6] = (3, 3, 2, 4), (6, 5)
    found = match(NEEDED, stored({f"arr_{i}": s for i, s in enumerate(shapes)}), {})
    assert found.problems == []
    assert found.fills["conv/filter"] == Fill(("arr_0",), ("HWIO",), BY_ORDER)
    assert found.fills["ip/weight"].layout == ("transposed",)


@pytest.mark.parametrize("change", ["more", "fewer", "another shape"])
def test_order_needs_as_many_that_all_fit(change):
    """One too many or too few, or one that does not fit: nothing is guessed."""
    shapes = as_torch("0", "1", "3")
    if change == "more":
        shapes["5.weight"] = (5, 6)
    elif change == "fewer":
        del shapes["3.weight"], shapes["3.bias"]
    else:
        shapes["3.weight"] = (7, 6)
    found = match(NEEDED, stored(shapes), {})
    assert found.fills == {}
    assert len(found.problems) == len(NEEDED)
    assert {array.name for array in found.unused} == set(shapes)


def test_what_is_left_over_is_said():
    """What there is of a layer, and what its array's shape is."""
    shapes = as_torch("conv", "bn", "ip")
    del shapes["bn.running_var"]
    shapes |= {"ip.weight": (5, 7), "ip.bias": (5, "int32")}
    found = match(NEEDED, stored(shapes), {})
    assert found.problems == [
        "bn/variance (4): of its layer there is bn.weight (4), bn.bias (4), bn.running_mean (4)",
        "ip/weight (5×6): of its layer there is ip.weight (5×7)",
        "ip/bias (5): of its layer there is ip.bias (5 int32)",
    ]
    assert [array.name for array in found.unused] == ["ip.weight", "ip.bias"]


def test_a_map_comes_first():
    """What it says is not looked for, and its arrays fill nothing else by name."""
    given = {"conv/bias": Fill(("bn.bias",), (), BY_MAP), "bn/bias": Fill((), (), BY_MAP)}
    found = match(NEEDED, stored(as_torch("conv", "bn", "ip")), given)
    assert filled(found)["conv/bias"] == ("bn.bias",)
    assert filled(found)["bn/bias"] == ()
    assert found.missing == []
    assert [array.name for array in found.unused] == ["conv.bias"]


SQUARE = [
    Needed("a", "weight", "params", (3, 3), "InnerProduct", 0),
    Needed("b", "weight", "params", (3, 4), "InnerProduct", 0),
]


@pytest.mark.parametrize(
    ("word", "is_doubtful"), [("weight", True), ("W", True), ("kernel", False)]
)
def test_square_ones_among_those_that_are_turned(word, is_doubtful):
    """Where others have their outputs last, one that fits both ways is not guessed."""
    file = stored({f"a.{word}": (3, 3), f"b.{word}": (4, 3)})
    found = match(SQUARE, file, {})
    assert found.fills["b/weight"].layout == ("transposed",)
    assert ("a/weight" in found.fills) is not is_doubtful
    assert bool(found.problems) is is_doubtful
    if is_doubtful:
        assert "fits as it is and transposed" in found.problems[0]
        given = {"a/weight": Fill((f"a.{word}",), (), BY_MAP)}
        assert match(SQUARE, file, given).problems == []


def test_formats_of_one_layout():
    """Where a format has outputs first, nothing is turned round, and nothing is in doubt."""
    file = stored({"a.weight": (3, 3), "b.weight": (4, 3)}, may_be_turned=False)
    found = match(SQUARE, file, {})
    assert found.fills["a/weight"].layout == ()
    assert found.problems == ["b/weight (3×4): of its layer there is b.weight (4×3)"]
    flat = stored({"arr_0": (3, 3), "arr_1": (4, 3)}, may_be_turned=False)
    assert match(SQUARE, flat, {}).fills == {}
