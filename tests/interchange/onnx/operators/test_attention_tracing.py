"""Attention as PyTorch's exporters write it: found by its structure."""

from __future__ import annotations

import numpy as np
import pytest
from support.onnx_files import needs_onnx
from support.onnx_models import imported, run_imported, types_of
from support.onnx_torch import SIZE, S, T, expected_of, fed_to, torch_attention

from graphnet.errors import SpecError

pytestmark = needs_onnx


def gives(**keys):
    """What comes out, here and as computed apart; the layers."""
    made = imported(torch_attention(**keys))
    fed = fed_to(
        **{key: keys[key] for key in ("cross", "mask", "first") if key in keys},
        n=made.feed["batch_size"],
    )
    apart = {k: keys[k] for k in ("mask", "causal", "bias", "first") if k in keys}
    y, weights = expected_of(fed, **apart)
    return made, run_imported(made, fed), y, weights


@pytest.mark.parametrize("batch", ["N", 3])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("computed", [False, True])
@pytest.mark.parametrize("form", ["joined", "heads"])
def test_it_is_one_layer(form, computed, first, batch):
    """The batch first or not, its size open or not, shapes constant or computed."""
    if not first and batch != "N":
        pytest.skip("which axis is the batch's is known by its being open")
    made, found, y, _ = gives(form=form, computed=computed, first=first, batch=batch)
    assert types_of(made) == ["MultiHeadAttention"]
    np.testing.assert_allclose(found["y"], y, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("form", ["joined", "heads"])
@pytest.mark.parametrize("mask", ["", "closed", "open"])
@pytest.mark.parametrize("causal", ["", "add", "trilu"])
def test_masks(causal, mask, form):
    """A key mask of truth values, either way round; a causal one, added or computed of shapes."""
    made, found, y, _ = gives(form=form, mask=mask, causal=causal, batch=3)
    layer = made.layers()[-1]
    assert (layer["type"], layer.get("causal", False)) == ("MultiHeadAttention", bool(causal))
    assert layer.get("mask", False) is bool(mask)
    assert types_of(made)[:-1] == (["Power"] if mask == "closed" else [])
    np.testing.assert_allclose(found["y"], y, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("form", ["joined", "heads"])
@pytest.mark.parametrize("mask", ["", "closed"])
def test_of_a_second_sequence(mask, form):
    """Keys and values of a memory."""
    made, found, y, _ = gives(form=form, cross=True, mask=mask, computed=form == "joined", batch=3)
    assert made.layers()[-1]["bottoms"][:2] == ["x", "memory"]
    np.testing.assert_allclose(found["y"], y, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("form", ["joined", "heads"])
def test_the_weights_and_no_bias(form):
    """The weights of each head as a second output."""
    made, found, y, weights = gives(form=form, weights=True, bias=False, batch=3)
    assert made.layers()[-1]["bias"] is False
    np.testing.assert_allclose(found["y"], y, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found["w"], weights, rtol=1e-5, atol=1e-6)


def test_a_product_that_others_read():
    """Is made for them, too; the layer does not need it."""
    model = torch_attention(batch=3)
    (gemm,) = [node for node in model.graph.node if node.op_type == "Gemm"]
    gemm.input[1] = "q.5"
    with pytest.raises(SpecError, match="no product of a sequence and a constant"):
        imported(model)


def test_keys_and_values_of_different_sequences():
    """MultiHeadAttention has one memory: told where the scores are made."""
    model = torch_attention(cross=True, batch=3)
    for node in model.graph.node:
        if node.output[0] == "v.0":
            node.input[0] = "other4"
    at = next(i for i, node in enumerate(model.graph.node) if node.output[0] == "v.0")
    import onnx

    new = [
        onnx.helper.make_node("MatMul", ["memory2", "wkv"], ["other0"]),
        onnx.helper.make_node("Reshape", ["other0", "two"], ["other1"]),
        onnx.helper.make_node("Unsqueeze", ["other1", "zero"], ["other2"]),
        onnx.helper.make_node("Transpose", ["other2"], ["other3"], perm=[3, 1, 2, 0, 4]),
        onnx.helper.make_node("Squeeze", ["other3", "last"], ["other4"]),
    ]
    for i, node in enumerate(new):
        model.graph.node.insert(at + i, node)
    model.graph.input.append(
        onnx.helper.make_tensor_value_info("memory2", onnx.TensorProto.FLOAT, [S, 3, 8])
    )
    with pytest.raises(SpecError, match="its keys are made of 'memory' and its values of"):
        imported(model)


def test_a_mask_that_is_no_input():
    """Or one of numbers: with what is expected."""
    model = torch_attention(mask="closed", batch=3)
    for each in model.graph.input:
        if each.name == "mask":
            each.type.tensor_type.elem_type = 1
    with pytest.raises(SpecError, match="can be an input of truth values"):
        imported(model)


@pytest.mark.parametrize("name", ["m.1", "s0", "q.5"])
def test_a_damaged_graph_is_refused(name):
    """What a node gives has another name: nothing is read wrongly."""
    model = torch_attention(mask="closed", batch=3)
    for node in model.graph.node:
        if name in node.output:
            node.output[0] = "elsewhere"
    with pytest.raises(SpecError, match="node '"):
        imported(model)


def test_sizes_of_the_test():
    """Positions of queries and keys differ, and features of a head from both."""
    assert len({S, T, SIZE}) == 3
