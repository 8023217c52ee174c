"""Windows, for ONNX: sizes, ends and divisors, for all small geometries."""

from itertools import product

import numpy as np
import pytest
from support.onnx_files import assert_close, both, needs_onnx, needs_runtime, net_of

from graphnet.errors import GraphnetError
from graphnet.interchange.onnx.writers.windows import WindowOp, window_op

KINDS = [("Max", "kernel"), *(("Mean", d) for d in ("kernel", "padded", "valid"))]


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(("pooling", "divisor"), KINDS)
def test_pooling(pooling, divisor):
    """Each size, kernel, stride and pad that graphnet takes, many poolings to a net."""
    layers, n = [], 0
    for kernel, stride, pad in product((1, 2, 3, 4), (1, 2, 3), (0, 1, 2)):
        keys = {"kernel": [kernel, 3], "stride": [stride, 2], "pad": [pad, 1]}
        layers.append({"type": "Pooling", "pooling": pooling, "divisor": divisor} | keys)
    for size in (4, 5, 6, 7):
        kept = []
        for i, layer in enumerate(layers):
            try:
                named = {"name": f"p{i}", "bottoms": ["x"], "tops": [f"y{i}"]} | layer
                both_of = net_of({"x": [2, size, 8]}, named)
                both_of.nodes[1].spec.top_shapes([(1, 2, size, 8)])
            except GraphnetError:  # a pad as large as the kernel, or a window outside
                continue
            kept.append(named)
        n += len(kept)
        x = np.random.default_rng(size).normal(size=(2, 2, size, 8))
        ours, found = both(net_of({"x": [2, size, 8]}, *kept), {"x": x})
        for name, expected in ours.items():
            assert_close(found[name], expected)
    assert n > 80


def test_ends_are_written_out():
    """What the last window needs behind the image; none where it does not reach the edge."""
    found = window_op("Max", ((3, 3), (2, 2), (0, 1)), "kernel", (6, 6), (3, 4))
    assert found == WindowOp(
        "MaxPool", (), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 1, 1, 2]}
    )
    found = window_op("Max", ((1, 1), (3, 3), (0, 0)), "kernel", (5, 5), (2, 2))
    assert found.attributes["pads"] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("divisor", "border", "pads"),
    [
        ("kernel", (1, 0, 1, 1), None),
        ("valid", (), [1, 0, 1, 1]),
        ("padded", (1, 0, 1, 0), [0, 0, 0, 1]),
    ],
)
def test_divisors(divisor, border, pads):
    """Zeros that count are put round the image; no runtime counts its own."""
    found = window_op("Mean", ((2, 2), (2, 2), (1, 0)), divisor, (4, 5), (3, 3))
    assert (found.op, found.border) == ("AveragePool", border)
    assert found.attributes.get("pads") == pads
    assert not {"ceil_mode", "count_include_pad"} & found.attributes.keys()


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("kernel", [2, 3, 4, 5])
@pytest.mark.parametrize("axis", [1, 2, 3])
def test_lrn(kernel, axis):
    """Along every axis; an even kernel looks one further ahead than back."""
    layer = {"name": "n", "type": "LRN", "kernel": kernel, "axis": axis, "shift": 2, "scale": 0.5}
    spec = net_of({"x": [5, 6, 7]}, layer | {"bottoms": ["x"], "tops": ["y"]})
    ours, found = both(spec, {"x": np.random.default_rng(1).normal(size=(2, 5, 6, 7))})
    assert_close(found["y"], ours["y"])
