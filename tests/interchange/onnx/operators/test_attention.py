"""Attention, written as products and a Softmax, and read as a MultiHeadAttention again."""

from pathlib import Path

import numpy as np
import pytest
from support.onnx_files import filled, needs_onnx, needs_runtime, net_of
from support.onnx_models import both_give, imported, model_of, types_of
from support.shipped_nets import shrunk

from graphnet.errors import SpecError
from graphnet.interchange.onnx.deploying import deployed
from graphnet.interchange.onnx.exporting import onnx_graph, values_of
from graphnet.interchange.onnx.files.reading import file_of
from graphnet.interchange.onnx.importing import load_onnx
from graphnet.interchange.onnx.parity import inputs_for
from graphnet.interchange.onnx.translation import translate_graph

T, WIDTH, HEADS = 5, 8, 2
ATTEND = {"name": "a", "type": "MultiHeadAttention", "n_heads": HEADS}
MASK = np.array([[1, 1, 0, 1, 0], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0]], np.float32)


def exported(spec):
    """The net that is exported, with random params, and the model."""
    import onnx

    net = deployed(spec, "test")
    running = filled(net)
    written = onnx_graph(net, "test", values_of(running)).model_bytes("test")
    return running, onnx.load_model_from_string(written)


def of_layer(keys, bottoms=("x",), tops=("y",)):
    """A net of one layer."""
    shapes = {"x": [T, WIDTH], "memory": [T, WIDTH], "mask": [T]}
    layer = ATTEND | keys | {"bottoms": list(bottoms), "tops": list(tops)}
    return net_of({name: shapes[name] for name in bottoms}, layer)


def constant(model, name):
    """One of a model's, and its values."""
    import onnx

    (tensor,) = [t for t in model.graph.initializer if t.name == name]
    return tensor, onnx.numpy_helper.to_array(tensor)


def put(model, name, array):
    """Another constant in its place."""
    import onnx

    tensor, before = constant(model, name)
    tensor.CopyFrom(onnx.numpy_helper.from_array(np.asarray(array, before.dtype), name))


def reason(model):
    """Why it is refused."""
    with pytest.raises(SpecError, match=r"^m\.onnx: ") as error:
        imported(model)
    return str(error.value)


@needs_onnx
@pytest.mark.parametrize("tops", [["y"], ["y", "maps"]], ids=len)
@pytest.mark.parametrize(
    ("keys", "bottoms"),
    [
        ({}, ["x"]),
        ({"bias": False}, ["x"]),
        ({"causal": True}, ["x"]),
        ({"causal": True, "bias": False}, ["x"]),
        ({"mask": True}, ["x", "mask"]),
        ({"mask": True, "causal": True}, ["x", "mask"]),
        ({"rotary": True}, ["x"]),
        ({"rotary": True, "causal": True, "rotary_base": 123.4}, ["x"]),
        ({"rotary": True, "mask": True, "bias": False}, ["x", "mask"]),
        ({}, ["x", "memory"]),
        ({"bias": False}, ["x", "memory"]),
        ({"mask": True}, ["x", "memory", "mask"]),
    ],
    ids=str,
)
def test_there_and_back(keys, bottoms, tops, tmp_path):
    """One layer again, of the same properties and params, that gives the same."""
    draw = np.random.default_rng(3)
    fed = {n: draw.normal(size=(3, T, WIDTH)).astype(np.float32) for n in bottoms if n != "mask"}
    fed |= {"mask": MASK} if "mask" in bottoms else {}
    running, model = exported(of_layer(keys, bottoms, tops))
    made = imported(model)
    (layer,) = made.layers()[1:]
    assert layer == ATTEND | keys | {"bottoms": bottoms, "tops": tops}
    for name, param in running.store.params["a"].items():
        assert np.array_equal(made.made.params[f"a/{name}"], param.data)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    again = load_onnx(tmp_path / "m.onnx")
    ours, found = running.predict(fed), again.predict(fed)
    running.close()
    again.close()
    for top in tops:
        assert np.abs(found[top] - ours[top]).max() <= 1e-6 * np.abs(ours[top]).max()


@needs_onnx
def test_a_transformer(tmp_path):
    """The shipped one, whole: embedding, positions, norms, attention, GELU and sums."""
    spec = shrunk("tiny-gpt")
    running, model = exported(spec)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    assert types_of(imported(model)).count("MultiHeadAttention") == 4
    net = load_onnx(tmp_path / "m.onnx")
    fed = inputs_for(deployed(spec, "test"), np.random.default_rng(2))
    ours, found = running.predict(dict(fed)), net.predict(dict(fed))
    for top, expected in found.items():
        assert np.abs(expected - ours[top]).max() <= 1e-6 * np.abs(ours[top]).max()
    running.close()
    net.close()


@needs_onnx
@pytest.mark.parametrize(
    ("keys", "name", "change", "why"),
    [
        ({}, "a.scale", lambda a: a * 1.01, "its scores are multiplied by 0.505, expected 0.5"),
        ({"causal": True}, "a.unseen", np.transpose, "is not 0 up to each position"),
        ({"causal": True}, "a.unseen", lambda a: a / 1e26, "is neither 0 nor -1e+09 or less"),
        ({"mask": True}, "a.unseen.key", lambda a: a / 1e26, "and no key mask"),
        ({"mask": True}, "a.one", lambda a: a + 1, "and no key mask"),
        ({"mask": True, "causal": True}, "a.seen", np.transpose, "sees no key has weights"),
        ({"rotary": True}, "a.key.sines", lambda a: a * 0.99, "by other angles"),
        ({"rotary": True}, "a.query.cosines", lambda a: -a, "by other angles"),
        ({}, "a.query.heads.shape", lambda _: [-1, T, 4, 2], "its queries, keys and values are [["),
        ({}, "a.value.heads.shape", lambda _: [-1, 1, HEADS, 4], "parts 5 positions into heads"),
        ({}, "a.joined.shape", lambda _: [-1, 1, WIDTH], "joins its heads as [-1, 1, 8]"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_another_constant(keys, name, change, why):
    """Refused where the scores are made, not read wrongly."""
    _, model = exported(of_layer(keys, ["x", "mask"] if keys.get("mask") else ["x"]))
    imported(model)
    put(model, name, change(constant(model, name)[1]))
    said = reason(model)
    assert "node 'a.scores' (MatMul)" in said
    assert why in said


@needs_onnx
@pytest.mark.parametrize(
    ("word", "attribute", "values"),
    [
        ("a.across", "perm", [0, 1, 2, 3]),
        ("a.query.first", "perm", [0, 1, 2, 3]),
        ("a.rows", "perm", [0, 1, 2, 3]),
        ("a.weights", "axis", 2),
    ],
)
def test_another_order(word, attribute, values):
    """Of axes: as little."""
    _, model = exported(of_layer({}))
    (node,) = [n for n in model.graph.node if n.name == word]
    (found,) = [a for a in node.attribute if a.name == attribute]
    if isinstance(values, int):
        found.i = values
    else:
        found.ints[:] = values
    assert "it is no attention of graphnet's: its " in reason(model)


@needs_onnx
def test_a_value_within_that_is_read():
    """A product that others read is made for them; scores that others read cannot be."""
    import onnx

    _, model = exported(of_layer({"bias": False}))
    float32 = onnx.TensorProto.FLOAT
    names = {n.name: n.output[0] for n in model.graph.node}
    for name, shape in (("a.value", [None, T, WIDTH]), ("a.scores", [None, HEADS, T, T])):
        info = onnx.helper.make_tensor_value_info(names[name], float32, shape)
        model.graph.output.append(info)
        if name == "a.value":
            assert sorted(types_of(imported(model))) == ["InnerProduct", "MultiHeadAttention"]
    assert "node 'a.scores' (MatMul): its matrix is computed" in reason(model)


@needs_onnx
def test_layers_that_share():
    """Two with one set of params share it again."""
    shared = {"param_key": "a"}
    net = net_of(
        {"x": [T, WIDTH]},
        ATTEND | {"bottoms": ["x"], "tops": ["h"]},
        ATTEND | shared | {"name": "b", "bottoms": ["h"], "tops": ["y"]},
    )
    made = imported(exported(net)[1])
    assert [layer.get("param_key") for layer in made.layers()[1:]] == [None, "a"]


def of_operator(*, apart=False, reads="q,k,v", gives="r", **keys):
    """An Attention between projections, its heads one after the other or apart."""
    draw = np.random.default_rng(4)
    words = ("q", "k", "v", "o")
    constants = {f"w{w}": draw.normal(size=(WIDTH, WIDTH)).astype(np.float32) for w in words}
    constants |= {"bv": draw.normal(size=WIDTH).astype(np.float32)}
    nodes = [("MatMul", f"x,w{w}", f"{w}p" if w == "v" or apart else w) for w in "qkv"]
    if apart:
        constants["heads"] = np.array([-1, T, HEADS, WIDTH // HEADS])
        constants["whole"] = np.array([-1, T, WIDTH])
        nodes.append(("Add", "vp,bv", "vs"))
        for w, start in (("q", "qp"), ("k", "kp"), ("v", "vs")):
            nodes.append(("Reshape", f"{start},heads", f"{w}h"))
            nodes.append(("Transpose", f"{w}h", w, {"perm": [0, 2, 1, 3]}))
        nodes.append(("Attention", reads, gives, {"name": "att", **keys}))
        nodes.append(("Transpose", "r", "t", {"perm": [0, 2, 1, 3]}))
        nodes.append(("Reshape", "t,whole", "j"))
    else:
        nodes.append(("Add", "vp,bv", "v"))
        heads = {"q_num_heads": HEADS, "kv_num_heads": HEADS}
        nodes.append(("Attention", reads, gives, {"name": "att"} | heads | keys))
        nodes[-1] = (*nodes[-1][:2], gives.replace("r", "j", 1), nodes[-1][3])
    nodes.append(("MatMul", "j,wo", "y"))
    constants["seen"] = np.tri(T, dtype=bool)
    return model_of(nodes, {"x": [3, T, WIDTH]}, constants, opset=23)


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(
    ("keys", "causal"),
    [
        ({}, False),
        ({"is_causal": 1}, True),
        ({"scale": 0.5}, False),
        ({"reads": "q,k,v,seen"}, True),
    ],
    ids=str,
)
def test_the_operator(keys, causal, apart):
    """An Attention between projections is the layer, too."""
    model = of_operator(apart=apart, **keys)
    made = imported(model)
    assert types_of(made) == ["MultiHeadAttention"]
    assert made.layers()[1].get("causal", False) is causal
    found, expected = both_give(model)
    assert np.abs(found["y"] - expected["y"]).max() <= 2e-6 * np.abs(expected["y"]).max()


@needs_onnx
@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"scale": 0.3}, "its scores are multiplied by 0.3, expected 0.5: 1 / √F"),
        ({"softcap": 2.0}, "its scores are bounded by a softcap"),
        ({"kv_num_heads": 1}, "it has fewer heads of keys than of queries"),
        ({"gives": "r,past"}, "it goes on from past keys, or gives more than its output"),
        ({"reads": "q,k,v,x"}, "its mask is computed, and may leave a position without keys"),
        ({"reads": "x,k,v"}, "its queries are no product"),
    ],
    ids=str,
)
def test_an_operator_that_is_refused(keys, why):
    """With what differs, at its node."""
    said = reason(of_operator(**keys))
    assert "node 'att' (Attention): graphnet has no layer like it" in said
    assert why in said


@needs_onnx
def test_a_damaged_block():
    """Nodes with too few inputs are refused as others are."""
    _, model = exported(of_layer({"mask": True}, ["x", "mask"]))
    for i, node in enumerate(model.graph.node):
        broken = type(model)()
        broken.CopyFrom(model)
        del broken.graph.node[i].input[len(node.input) - 1 :]
        with pytest.raises(SpecError, match=r"^m\.onnx: node '"):
            translate_graph(file_of(broken, Path("m.onnx")), "m.onnx")


@needs_onnx
def test_matrices_of_other_sizes():
    """Refused before anything is filled with them."""
    _, model = exported(of_layer({"bias": False}))
    put(model, "a/weight_out", np.eye(4))
    assert "has matrices of shapes" in reason(model)
