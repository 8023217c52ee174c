"""Attention beside PyTorch's, in float64; skipped where PyTorch is not installed."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn

torch = pytest.importorskip("torch")

CASES = {
    "plain": ("", False),
    "causal": ("causal: true", False),
    "no bias": ("bias: false", False),
    "mask": ("mask: true", False),
    "two sequences": ("", True),
    "two sequences, mask": ("mask: true", True),
}


@pytest.mark.parametrize("label", CASES)
def test_multihead_attention(label):
    """Tops, weights and every gradient, with the same params."""
    keys, is_cross = CASES[label]
    rng = np.random.default_rng(4)
    n, steps, others, width, heads = 3, 5, 4, 12, 3
    n_keys = others if is_cross else steps
    feeds = {"x": rng.standard_normal((n, steps, width))}
    if is_cross:
        feeds["memory"] = rng.standard_normal((n, others, width))
    if "mask" in keys:
        feeds["mask"] = np.ones((n, n_keys))
        feeds["mask"][0, 2:] = feeds["mask"][1, 0] = 0
    shapes = {name: list(value.shape[1:]) for name, value in feeds.items()}
    first = (
        f"{{name: in, type: MemoryData, batch_size: {n}, tops: {list(feeds)}, shapes: {shapes}}}"
    )
    layer = ", ".join(filter(None, [f"n_heads: {heads}", keys]))
    ends = {name: f"{name}0" if name != "mask" else name for name in feeds}
    text = f"""\
layers:
  - {first.replace("'", "")}
  - {{name: px, type: PositionEmbedding, bottoms: [x], tops: [x0]}}
{"  - {name: pm, type: PositionEmbedding, bottoms: [memory], tops: [memory0]}" if is_cross else ""}
  - {{name: a, type: MultiHeadAttention, {layer}, bottoms: {list(ends.values())}, tops: [y, maps]}}
  - {{name: ly, type: SquareLoss, bottoms: [y, ty]}}
  - {{name: lm, type: SquareLoss, bottoms: [maps, tm]}}
  - {{name: t, type: MemoryData, batch_size: {n}, tops: [ty, tm],
     shapes: {{ty: [{steps}, {width}], tm: [{heads}, {steps}, {n_keys}]}}}}
""".replace("'", "")
    targets = {
        "ty": rng.standard_normal((n, steps, width)),
        "tm": rng.standard_normal((n, heads, steps, n_keys)),
    }
    net = gn.load_net(text, dtype="float64", inputs=feeds | targets)
    ours = {f"{layer}/{name}": p for layer, own in net.params.items() for name, p in own.items()}
    for param in ours.values():
        param.data[...] = rng.standard_normal(param.data.shape) * 0.4
    net.forward()
    net.backward()

    theirs = torch.nn.MultiheadAttention(
        width, heads, bias="bias" not in keys, batch_first=True, dtype=torch.float64
    )
    params = {name: np.array(param.data) for name, param in ours.items()}
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.from_numpy(params["a/weight_in"]))
        theirs.out_proj.weight.copy_(torch.from_numpy(params["a/weight_out"]))
        if "bias" not in keys:
            theirs.in_proj_bias.copy_(torch.from_numpy(params["a/bias_in"]))
            theirs.out_proj.bias.copy_(torch.from_numpy(params["a/bias_out"]))
    places = {
        name: torch.from_numpy(params[f"p{name[0]}/weight"]).requires_grad_()
        for name in feeds
        if name != "mask"
    }
    x, *rest = (torch.from_numpy(feeds[name]) + place for name, place in places.items())
    memory = rest[0] if rest else x
    closed = torch.from_numpy(feeds["mask"] == 0) if "mask" in keys else None
    unseen = torch.ones(steps, steps, dtype=torch.bool).triu(1) if "causal" in keys else None
    top, maps = theirs(
        x, memory, memory, key_padding_mask=closed, attn_mask=unseen, average_attn_weights=False
    )
    expected = sum(
        ((a - torch.from_numpy(b)) ** 2).sum() / (2 * n)
        for a, b in ((top, targets["ty"]), (maps, targets["tm"]))
    )
    expected.backward()
    np.testing.assert_allclose(net.blobs["y"].data, top.detach(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(net.blobs["maps"].data, maps.detach(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(float(net.loss()), expected.item(), rtol=1e-9)
    found = {
        "a/weight_in": theirs.in_proj_weight.grad,
        "a/weight_out": theirs.out_proj.weight.grad,
        **{f"p{name[0]}/weight": place.grad for name, place in places.items()},
    }
    if "bias" not in keys:
        found |= {"a/bias_in": theirs.in_proj_bias.grad, "a/bias_out": theirs.out_proj.bias.grad}
    assert found.keys() == ours.keys()
    for name, gradient in found.items():
        np.testing.assert_allclose(ours[name].diff, gradient, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("steps", [7, 200])
def test_causal_attention_of_several_tiles(steps):
    """Against scaled_dot_product_attention, with more positions than a tile has."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((2, steps, 16))
    net = gn.load_net(
        f"- {{name: d, type: MemoryData, batch_size: 2, tops: [x], shapes: {{x: [{steps}, 16]}}}}\n"
        "- {name: a, type: MultiHeadAttention, n_heads: 2, causal: true, bias: false,"
        " bottoms: [x], tops: [y]}\n",
        dtype="float64",
        inputs={"x": x},
    )
    net.forward()
    w_in, w_out = (
        torch.from_numpy(np.array(net.params["a"][f"weight_{end}"].data)) for end in ("in", "out")
    )
    q, k, v = (
        part.reshape(2, steps, 2, 8).transpose(1, 2)
        for part in (torch.from_numpy(x) @ w_in.T).split(16, dim=2)
    )
    seen = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    expected = seen.transpose(1, 2).reshape(2, steps, 16) @ w_out.T
    np.testing.assert_allclose(net.blobs["y"].data, expected, rtol=1e-9, atol=1e-9)
