"""Every number is followed: what differs in one place is refused where the scores are made."""

from __future__ import annotations

import re

import numpy as np
import pytest
from support.onnx_files import needs_onnx
from support.onnx_models import imported
from support.onnx_torch import HEADS, SIZE, T, torch_attention

from graphnet.errors import SpecError

pytestmark = needs_onnx


def why_not(**keys):
    """Why a model is refused."""
    with pytest.raises(SpecError, match="node '") as caught:
        imported(torch_attention(**keys))
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("scale", np.float32(0.6), "multiplied by 0.6, expected 0.5"),
        ("scale", np.float32(np.nan), "multiplied by nan, expected 0.5"),
        ("scale", np.ones(SIZE, np.float32), "no product of a sequence"),
        ("q.three", np.array([-1, T, SIZE]), "its queries, keys and values are"),
        ("v.three", np.array([T, SIZE, -1]), "its queries, keys and values are"),
        ("whole", np.array([-1, T, 8]), "no sequence of as many positions"),
        ("rows", np.array([8, -1]), "by a matrix of"),
        ("wout", np.ones((8, 4), np.float32), "multiplies a value of shape"),
        ("bout", np.ones(4, np.float32), "is added, expected"),
        ("win", np.full((8, 24), np.nan, np.float32), "expected a matrix"),
    ],
)
def test_another_constant(name, value, said):
    """Of each kind."""
    assert re.search(said, why_not(batch="N", changed={name: value}))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("low", np.float32(-1.0), "neither 0 nor"),
        ("low", np.float32(-1e10), "has to be -∞"),
        ("none", np.float32(0.5), "neither 0 nor"),
        ("m.four", np.array([1, 1, -1, T]), "which keys there are"),
        ("m.heads", np.array([1, 1, 1, 1]), "attention"),
    ],
)
def test_another_mask(name, value, said):
    """A number that is added is no mask; one that is finite leaves weights."""
    assert said in why_not(mask="closed", batch="N", changed={name: value})


def test_another_triangle():
    """Only what is later is closed."""
    upper = np.tril(np.full((T, T), -np.inf), -1).astype(np.float32)
    assert "is not 0 up to each" in why_not(causal="add", changed={"later": upper})


def test_weights_in_another_shape():
    """A second output is the weights of each head, or nothing."""
    turned = np.array([HEADS, -1, T, T])
    assert "its weights are read as" in why_not(weights=True, changed={"w.four": turned})
