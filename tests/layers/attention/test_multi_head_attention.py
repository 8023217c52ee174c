"""MultiHeadAttention through the layer harness: against loops over samples, heads and positions."""

from __future__ import annotations

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import DataError, ShapeError, SpecError
from graphnet.layers.attention import strip, tiles
from graphnet.layers.attention.multi_head_attention import MultiHeadAttention
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net


def spec(n_bottoms=1, n_tops=1, **properties):
    names = tuple(f"x{i}" for i in range(n_bottoms))
    tops = ("y", "maps")[:n_tops]
    return MultiHeadAttention(
        name="a", bottoms=names, tops=tops, **{"n_heads": 2, "bias_in_init": NOISE} | properties
    )


NOISE = {"type": "Gaussian", "std": 0.3}


def turned(vector, t, base):
    """A vector of position t, its pairs turned, by complex numbers."""
    half = len(vector) // 2
    pairs = vector[:half] + 1j * vector[half:]
    pairs = pairs * np.exp(1j * t * base ** (-np.arange(half) / half))
    return np.concatenate([pairs.real, pairs.imag])


def attention(declared):
    """The reference: one query of one head at a time."""

    def reference(bottoms, params):
        x, *others = bottoms
        memory = others.pop(0) if others and others[0].ndim == 3 else x
        mask = others[0] if others else np.ones(memory.shape[:2])
        width, heads = x.shape[2], declared.n_heads
        size = width // heads
        w_in, w_out = params["weight_in"], params["weight_out"]
        b_in, b_out = (params.get(name, 0) for name in ("bias_in", "bias_out"))
        top = np.empty_like(x)
        maps = np.zeros((len(x), heads, x.shape[1], memory.shape[1]))
        for n in range(len(x)):
            q = x[n] @ w_in[:width].T + (b_in[:width] if declared.bias else 0)
            k, v = np.split(
                memory[n] @ w_in[width:].T + (b_in[width:] if declared.bias else 0), 2, axis=1
            )
            seen = np.zeros((x.shape[1], width))
            for h in range(heads):
                part = slice(h * size, (h + 1) * size)
                for t in range(x.shape[1]):
                    keys = [
                        s
                        for s in range(memory.shape[1])
                        if mask[n, s] and (s <= t or not declared.causal)
                    ]
                    if not keys:
                        continue
                    query, key = q[t, part], k[:, part]
                    if declared.rotary:
                        query = turned(query, t, declared.rotary_base)
                        key = np.array(
                            [turned(row, s, declared.rotary_base) for s, row in enumerate(key)]
                        )
                    scores = key[keys] @ query / np.sqrt(size)
                    weights = np.exp(scores) / np.exp(scores).sum()
                    maps[n, h, t, keys] = weights
                    seen[t, part] = weights @ v[keys, part]
            top[n] = seen @ w_out.T + b_out
        return [top, maps][: len(declared.tops)]

    return reference


def case(*shapes, label="", **properties):
    declared = spec(len(shapes), mask=any(s is MASK for s in shapes), **properties)
    return LayerCase(declared, list(shapes), attention(declared), label=label)


MASK = np.array([[1.0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0]])

CASES = [
    case((2, 3, 4)),
    case((3, 4, 6), n_heads=3, causal=True, label="causal"),
    case((2, 1, 2), n_heads=1, label="one position"),
    case((2, 3, 4), bias=False, label="no bias"),
    case((2, 3, 4), (2, 5, 4), label="two sequences"),
    case((3, 4, 4), MASK, label="mask"),
    case((3, 4, 4), MASK, causal=True, label="causal, mask"),
    case((3, 2, 4), (3, 4, 4), MASK, n_tops=2, label="two sequences, mask, weights"),
    case((2, 3, 4), rotary=True, label="rotary"),
    case((2, 3, 8), rotary=True, rotary_base=50.0, causal=True, n_tops=2, label="rotary, causal"),
    case((2, 4, 4), causal=True, n_tops=2, label="weights"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Values, gradients, float32, memory, threads, and on a device."""
    check_layer(case)


@pytest.mark.parametrize("causal", [False, True])
def test_rows_at_a_time(causal, monkeypatch):
    """Several tiles of queries give what one does."""
    monkeypatch.setattr(tiles, "ROWS", 2)
    check_layer(case((2, 5, 4), causal=causal, n_tops=2))


@pytest.mark.parametrize("case", [CASES[1], CASES[6], CASES[7], CASES[9]], ids=str)
def test_many_keys(case, monkeypatch):
    """Scores that lie query after query give what those do that lie key after key."""
    monkeypatch.setattr(strip, "FEW", 1)
    check_layer(case)


@pytest.mark.parametrize("most", [1, 6, 20])
def test_heads_and_samples_at_a_time(most, monkeypatch):
    """However many tiles the scores are cut into."""
    monkeypatch.setattr(tiles, "ROWS", 2)
    declared = spec(causal=True)
    values = LayerCase(declared, [(3, 5, 4)], attention(declared))
    whole = Rig(values).run()

    def parts_at_once(_, n, size):
        return min(n, max(1, most // size))

    monkeypatch.setattr("graphnet.backend.base.Backend.parts_at_once", parts_at_once)
    made = Rig(values).run()
    for name, value in whole.items():
        np.testing.assert_allclose(made[name], value, rtol=1e-12, atol=1e-14)


def test_dropout():
    """Weights are dropped, not heads; the mask is that of the seed, iteration and sample."""
    declared = spec(dropout=0.4, n_tops=2)
    rig = Rig(LayerCase(declared, [(2, 3, 4)], attention(declared)))
    made = rig.run()
    mask = np.array(rig.layer.scratch["mask"])
    assert set(np.unique(mask)) == {0.0, 1 / 0.6}
    expected, maps = rig.case.expected(rig.values)
    np.testing.assert_allclose(made["top 1"], maps, atol=1e-12)
    assert abs(made["top 0"] - expected).max() > 1e-3
    params, (x,) = rig.case.param_values(), rig.values
    values = (x @ params["weight_in"][8:].T + params["bias_in"][8:]).reshape(2, 3, 2, 2)
    seen = np.einsum("nhts,nshf->nthf", maps * mask, values).reshape(2, 3, 4)
    np.testing.assert_allclose(
        made["top 0"], seen @ params["weight_out"].T + params["bias_out"], atol=1e-12
    )


def test_the_gradient_with_dropout():
    """Through the same mask, and through the weights that are read."""
    for n_tops in (1, 2):
        declared = spec(dropout=0.4, n_tops=n_tops)
        check_layer(LayerCase(declared, [(2, 3, 4)], dropped(declared), draws=True))


def dropped(declared):
    """The reference with the layer's own mask."""

    def reference(bottoms, params):
        rig = Rig(LayerCase(declared, [(2, 3, 4)], None))
        rig.forward()
        mask = np.array(rig.layer.scratch["mask"])
        _, maps = attention(declared.model_copy(update={"tops": ("y", "m")}))(bottoms, params)
        values = bottoms[0] @ params["weight_in"][8:].T + params["bias_in"][8:]
        seen = np.einsum("nhts,nshf->nthf", maps * mask, values.reshape(2, 3, 2, 2))
        top = seen.reshape(2, 3, 4) @ params["weight_out"].T + params["bias_out"]
        return [top, maps][: len(declared.tops)]

    return reference


def test_nothing_is_dropped_in_a_test():
    """There the weights are whole."""
    declared = spec(dropout=0.4)
    values = LayerCase(declared, [(2, 3, 4)], attention(declared), phase="test")
    rig = Rig(values, backward=False)
    expected = values.expected(rig.values)[0]
    np.testing.assert_allclose(rig.forward()["top 0"], expected, atol=1e-12)


def test_scores_never_stand_whole():
    """Memory for them is that of a tile; a mask or weights that are asked for are more."""
    from graphnet.backend import open_backend

    backend, shape = open_backend("numpy"), [(8, 512, 64)]
    plain = spec(n_heads=8).scratch(shape, backend, backward=True)
    every = 8 * 8 * 512 * 512
    assert sum(int(np.prod(decl.shape)) for decl in plain.values()) < every / 3
    assert int(np.prod(plain["scores"].shape)) <= 4 * 2**17
    dropping = spec(n_heads=8, dropout=0.1).scratch(shape, backend, backward=True)
    assert dropping["mask"].shape == (8, 8, 512, 512)


@pytest.mark.parametrize(
    ("shapes", "properties", "message"),
    [
        ([(2, 3)], {}, "2×3 is no sequence of features\n  expected \\(N, T, D\\)"),
        ([(2, 3, 4, 5)], {}, "is no sequence"),
        ([(2, 3, 5)], {}, "5 features cannot be divided into 2 heads"),
        ([(2, 3, 6)], {"rotary": True}, "a head has 3 features, and they are turned in pairs"),
        ([(2, 3, 4), (2, 5, 6)], {}, r"expected \(2, S, 4\); an InnerProduct with axis: 2"),
        ([(2, 3, 4), (3, 5, 4)], {}, "the second sequence has the shape 3×5×4"),
        ([(2, 3, 4), (2, 5, 4)], {"causal": True}, "causal: true is for one sequence"),
        ([(2, 3, 4), (2, 5, 4)], {"rotary": True}, "rotary: true is for one sequence"),
        ([(2, 3, 4), (2, 4)], {}, "the second sequence has the shape 2×4"),
        ([(2, 3, 4), (2, 4)], {"mask": True}, "the mask has the shape 2×4\n  expected 2×3: a 1"),
        ([(2, 3, 4), (2, 5, 4), (2, 3)], {"mask": True}, "expected 2×5"),
        ([(2, 3, 4)], {"mask": True}, r"no bottom for it\n  write bottoms: \[x, mask\]"),
        ([(2, 3, 4), (2, 5, 4), (2, 5)], {}, "3 bottoms\n .* a mask needs mask: true"),
    ],
)
def test_shapes_that_do_not_fit(shapes, properties, message):
    """Say what was expected."""
    with pytest.raises(ShapeError, match=message):
        spec(len(shapes), **properties).top_shapes(shapes)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("n_heads: 2, dropout: 1", "dropout"),
        ("n_heads: 2, rotary_base: 5", "rotary_base has no effect without rotary: true"),
        ("n_heads: 0", "n_heads"),
        ("causal: true", "missing key 'n_heads'"),
    ],
)
def test_keys_that_are_wrong(keys, message):
    """At their place."""
    with pytest.raises(SpecError, match=message):
        read_net(f"- {{name: a, type: MultiHeadAttention, bottoms: [x], tops: [y], {keys}}}\n")


@pytest.mark.parametrize("value", [0.5, -1.0, 2.0, np.nan])
def test_a_mask_of_other_numbers(value):
    """Is refused, with its place."""
    mask = np.ones((2, 3))
    mask[1, 2] = value
    declared = spec(2, mask=True)
    rig = Rig(LayerCase(declared, [(2, 3, 4), mask], attention(declared)))
    with pytest.raises(DataError, match=r"the mask holds .* in row 1, step 2 of the batch"):
        rig.layer.forward()


def test_scores_that_are_large():
    """No overflow: the largest is subtracted."""
    declared = spec(n_heads=1, bias=False)
    x = np.full((1, 2, 2), 1e6)
    rig = Rig(LayerCase(declared, [x], attention(declared)), dtype=np.float32)
    assert np.isfinite(rig.forward()["top 0"]).all()


def test_counts():
    """The four products and the two with the scores."""
    shapes = [(2, 3, 4)]
    assert spec().macs(shapes) == 2 * (4 * 3 * 16 + 2 * 9 * 4)
    assert spec().connections(shapes) == 4 * 3 * 16 + 2 * 9 * 4 + 4 * 3 * 4
    assert spec(2).macs([(2, 3, 4), (2, 5, 4)]) == 2 * (2 * 8 * 16 + 2 * 15 * 4)
    decls = spec().param_decls(shapes)
    assert {name: decl.shape for name, decl in decls.items()} == {
        "weight_in": (12, 4),
        "weight_out": (4, 4),
        "bias_in": (12,),
        "bias_out": (4,),
    }
    assert spec(bias=False).param_decls(shapes).keys() == {"weight_in", "weight_out"}


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
@pytest.mark.parametrize("n_keys", [3, strip.FEW, strip.FEW + 1])
def test_in_any_precision_the_weights_of_a_query_are_shares(n_keys, precision):
    """They add up to 1 as in float32, for few keys as for many: their sum is not rounded."""
    text = f"""
    - {{name: in, type: Input, batch_size: 3, shapes: {{x: [{n_keys}, 8]}}, tops: [x]}}
    - {{name: a, type: MultiHeadAttention, n_heads: 2, bottoms: [x], tops: [y, maps]}}
    """
    net = load_net(text, phase="test", precision=precision)
    net.fed("x")[...] = np.random.default_rng(0).standard_normal((3, n_keys, 8))
    net.forward()
    np.testing.assert_allclose(net.blobs["maps"].data.sum(-1), 1, atol=2e-6)
