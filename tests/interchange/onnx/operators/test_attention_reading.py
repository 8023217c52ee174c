"""Attention in other forms than graphnet writes."""

import numpy as np
import pytest
from support.onnx_attention import attention
from support.onnx_files import needs_onnx, needs_runtime
from support.onnx_models import both_give, imported, types_of


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("both_turned", [False, True])
@pytest.mark.parametrize("scale", ["query", "scores", "both"])
@pytest.mark.parametrize("causal", [None, -np.inf, -1e9])
@pytest.mark.parametrize("biases", ["", "qv", "qkvo", "o"])
def test_forms(scale, both_turned, causal, biases):
    """The scale on any side, the keys turned once or twice, some of the biases."""
    model = attention(scale=scale, both_turned=both_turned, causal=causal, biases=biases)
    made = imported(model)
    assert types_of(made) == ["MultiHeadAttention"] + ([] if "o" in biases else ["ReLU"])
    assert made.layers()[1].get("bias", True) is bool(biases)
    found, expected = both_give(model)
    assert np.abs(found["y"] - expected["y"]).max() <= 2e-6 * np.abs(expected["y"]).max()


@needs_onnx
@needs_runtime
def test_an_older_opset():
    """Where a Softmax is over all axes from one on: the last alone."""
    model = attention(old=True, causal=-1e9)
    assert types_of(imported(model))[0] == "MultiHeadAttention"
    found, expected = both_give(model)
    assert np.abs(found["y"] - expected["y"]).max() <= 2e-6 * np.abs(expected["y"]).max()
