"""Scaled diffs: of blobs times the scale, of params as they were; and products in every layer."""

from __future__ import annotations

import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.fake_cupy import FakeCupy

from graphnet.backend.cupy.backend import CupyBackend
from graphnet.backend.numpy.rounded import RoundedNumpyBackend
from graphnet.errors import SpecError
from graphnet.net.load_net import load_net

RNG = np.random.default_rng(0)
X, LABEL = RNG.standard_normal((8, 3, 6, 6)), RNG.integers(0, 3, (8, 1)).astype(float)
WORDS, NEXT = RNG.integers(0, 7, (8, 5)).astype(float), RNG.integers(0, 7, (8, 5)).astype(float)


def layer(type_, bottoms, top, **keys):
    return {"name": top, "type": type_, "bottoms": bottoms, "tops": [top], **keys}


def data(*tops):
    return {"name": "data", "type": "MemoryData", "batch_size": 8, "tops": list(tops)}


IMAGES = [
    data("x", "label"),
    layer("Convolution", ["x"], "conv", n_filter=4, kernel=3, neuron={"type": "Tanh"}),
    layer("Deconvolution", ["conv"], "up", n_filter=2, kernel=2),
    layer("InnerProduct", ["up"], "ip", output_dim=5, neuron={"type": "Tanh"}),
    layer("InnerProduct", ["up"], "twin", output_dim=5, param_key="ip"),
    layer("Concat", ["ip", "twin"], "both"),
    layer("InnerProduct", ["both"], "out", output_dim=3),
    layer("InnerProduct", ["up"], "still", output_dim=3, param_key="late", frozen=True),
    layer("InnerProduct", ["up"], "learns", output_dim=3, param_key="late"),
    layer("ElementWise", ["out", "still", "learns"], "sum"),
    {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["sum", "label"]},
    {"name": "size", "type": "SquareLoss", "loss_weight": 0.1, "bottoms": ["ip", "twin"]},
]


def words(middle):
    """A net of sequences."""
    return [
        data("words", "next"),
        {"name": "embed", "type": "Embed", "output_dim": 8, "input_dim": 7}
        | {"bottoms": ["words"], "tops": ["e"]},
        middle,
        layer("InnerProduct", ["h"], "out", output_dim=7, axis=2),
        {"name": "loss", "type": "SoftmaxLoss", "axis": 2, "bottoms": ["out", "next"]},
    ]


SEQUENCES = {
    "attention": layer("MultiHeadAttention", ["e"], "h", n_heads=2, causal=True),
    "lstm": layer("LSTM", ["e"], "h", output_dim=6),
    "gru": layer("GRU", ["e"], "h", output_dim=6),
    "reset-first": layer("ResetFirstGRU", ["e"], "h", output_dim=6),
    "rnn": layer("RNN", ["e"], "h", output_dim=6),
}
NETS = {"images": (IMAGES, {"x": X, "label": LABEL})} | {
    name: (words(middle), {"words": WORDS, "next": NEXT}) for name, middle in SEQUENCES.items()
}


def after(name, scale=1.0, **options):
    """Diffs of params and of blobs after a batch, and the loss."""
    layers, inputs = NETS[name]
    net = load_net(layers, inputs=inputs, **options)
    net.context.loss_scale = scale
    net.forward_backward()
    download = net.backend.download
    params = {
        f"{key}/{p}": download(param.diff)
        for key, named in net.params.items()
        for p, param in named.items()
        if key != "twin" and param.diff is not None
    }
    blobs = {k: download(b.diff) for k, b in net.blobs.items() if b.diff is not None}
    return params, blobs, net.loss()


def flat(arrays):
    return np.concatenate([array.ravel() for array in arrays.values()])


@pytest.mark.parametrize("name", NETS)
def test_a_power_of_two_changes_no_digit(name):
    """Of two losses, and of params that two layers share."""
    params, blobs, loss = after(name, precision="bfloat16", threads=1)
    scaled, larger, same = after(name, 2.0**12, precision="bfloat16", threads=1)
    assert loss == same
    for key, diff in params.items():
        assert scaled[key].tobytes() == diff.tobytes(), key
    assert any(np.abs(diff).max() for diff in blobs.values())
    for key, diff in blobs.items():
        np.testing.assert_array_equal(larger[key], diff * np.float32(2.0**12), err_msg=key)


@pytest.mark.parametrize("name", NETS)
def test_small_diffs_are_saved(name):
    """With a weight so small that float16 loses them, the scale brings them back."""
    layers, inputs = NETS[name]
    tiny = [
        {**one, "loss_weight": one.get("loss_weight", 1.0) * 2.0**-22}
        if "Loss" in one["type"]
        else one
        for one in layers
    ]
    found = {}
    for precision, scale in (("float32", 1.0), ("float16", 1.0), ("float16", 2.0**22)):
        net = load_net(tiny, inputs=inputs, precision=precision, threads=1)
        net.context.loss_scale = scale
        net.forward_backward()
        found[precision, scale] = net.store.diff.copy()
    exact = found["float32", 1.0]
    lost, saved = (np.abs(found["float16", s] - exact).max() for s in (1.0, 2.0**22))
    assert saved < 0.01 * np.abs(exact).max()
    assert lost > 10 * saved


def test_without_rounding_nobody_asks():
    """In float32 the scale has no effect."""
    params, blobs, _ = after("images", threads=1)
    scaled, larger, _ = after("images", 64.0, threads=1)
    assert flat(scaled).tobytes() == flat(params).tobytes()
    assert flat(larger).tobytes() == flat(blobs).tobytes()


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", NETS)
def test_every_product_is_rounded(name, precision):
    """Threads do not count; it is near float32, but not it."""
    exact, _, _ = after(name, threads=1)
    params, _, _ = after(name, 1024.0, precision=precision, threads=1)
    others, _, _ = after(name, 1024.0, precision=precision, threads=3)
    assert flat(others).tobytes() == flat(params).tobytes()
    unit = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[precision]
    for key, diff in params.items():
        size = np.abs(exact[key]).max()
        off = np.abs(diff - exact[key]).max() / size
        assert off < 12 * unit, key
        assert off > 0 or size == 0, key


@pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)
@pytest.mark.parametrize("name", NETS)
def test_on_a_device(name):
    """Over a stand-in for CuPy: much nearer to the processor's than either is to float32."""
    exact, _, _ = after(name, threads=1)
    here, _, _ = after(name, 64.0, backend=RoundedNumpyBackend("bfloat16", 1))
    cp = FakeCupy()
    there, _, _ = after(name, 64.0, backend=CupyBackend(cp, precision="bfloat16"))
    assert cp.launches["gemm"] > 3
    apart = np.abs(flat(here) - flat(there)).mean()
    assert apart < 0.1 * np.abs(flat(exact) - flat(here)).mean()


def test_it_is_for_float32():
    """A net of float64 multiplies in float64."""
    with pytest.raises(SpecError, match=r"precision: 'float16', but .* dtype is 'float64'"):
        load_net(IMAGES, inputs={"x": X, "label": LABEL}, dtype="float64", precision="float16")
    with pytest.raises(SpecError, match="precision"):
        load_net(IMAGES, inputs={"x": X, "label": LABEL}, precision="half")
    backend = RoundedNumpyBackend("bfloat16", 1)
    with pytest.raises(SpecError, match="its precision is 'bfloat16'"):
        load_net(IMAGES, inputs={"x": X, "label": LABEL}, dtype="float64", backend=backend)
    with pytest.raises(SpecError, match="the backend that is given has 'bfloat16'"):
        load_net(IMAGES, inputs={"x": X, "label": LABEL}, precision="float16", backend=backend)


def test_nets_that_share_params_have_one():
    """As they have one backend."""
    inputs = {"x": X, "label": LABEL}
    net = load_net(IMAGES, inputs=inputs, precision="bfloat16")
    other = {"x": X[:4] + 1, "label": (LABEL[:4] + 1) % 3}
    shared = load_net(IMAGES, phase="test", share=net, inputs=other)
    assert shared.backend.precision == "bfloat16"
    with pytest.raises(SpecError, match="precision: 'float16', but the net given as share"):
        load_net(IMAGES, phase="test", share=net, precision="float16")
