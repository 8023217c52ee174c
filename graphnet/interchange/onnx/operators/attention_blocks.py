"""What an attention in an ONNX graph has been found to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from graphnet.interchange.onnx.files.reading import Attributes

#: What is added to the score of a key that is not to be seen is at most this.
UNSEEN = -1e9
#: Why what is added to scores is not causal.
NOT_CAUSAL = (
    f"what is added to its scores is not 0 up to each position and {UNSEEN:.0e} or less behind it"
)
#: Why a mask is none of graphnet's.
NO_MASK = (
    "what is added to its scores is computed, and no key mask"
    "\n  a key mask can be an input of truth values, (N, S): the key_padding_mask of PyTorch"
)

_NEAR = 1e-5  # how far a scale may be from 1 / √F, of it
_NEW_SOFTMAX = 13  # the opset since which its axis is the last by default


def wrong_scale(scale: float, size: int) -> str:
    """Why scores of heads of ``size`` features are not multiplied as graphnet's; empty if so."""
    expected = size**-0.5
    if abs(scale - expected) <= _NEAR * expected:  # NaN is not
        return ""
    return f"its scores are multiplied by {scale:.6g}, expected {expected:.6g}: 1 / √F"


def softmax_axis(attributes: Attributes, opset: int) -> int:
    """The axis of a Softmax."""
    return attributes.whole("axis", -1 if opset >= _NEW_SOFTMAX else 1)


@dataclass(frozen=True)
class Projection:
    """Queries, keys or values: products of a sequence.

    Attributes:
        source: The sequence.
        weight: The constant it is multiplied by, as in ONNX ``(D, D)``, or ``(D, 3 · D)``,
        bias: what is added; empty without one.
        scale: What it is multiplied by then.
        target: The shape that parts it into heads; None where an operator does that.
        turning: Cosines and sines by which it is turned; None where it is not.
        third: Which third of weight and bias is its own; None where all of them are.
    """

    source: str
    weight: str
    bias: str
    scale: float
    target: tuple[int, ...] | None
    turning: tuple[np.ndarray, np.ndarray] | None
    third: int | None = None

    def own(self, array: np.ndarray) -> np.ndarray:
        """Its part of the weight or of the bias, as in ONNX."""
        if self.third is None:
            return array
        size = array.shape[-1] // 3
        return array[..., self.third * size : (self.third + 1) * size]


@dataclass(frozen=True)
class FoundBlock:
    """Nodes that are one MultiHeadAttention. It stands in the walk for them, as a node does.

    Attributes:
        name: Of the node that gives the output.
        shown: The node that makes the scores, whose place messages name.
        input: The blobs it reads, and the constants behind them.
        output: The output, and the weights, or nothing where nobody reads them.
        n_blobs: How many of ``input`` are blobs.
        nodes: All of them.
    """

    name: str
    shown: Any
    input: tuple[str, ...]
    output: tuple[str, str]
    n_blobs: int
    nodes: tuple[Any, ...] = field(repr=False)
    op_type: ClassVar[str] = "MatMul … Softmax … MatMul"
    domain: ClassVar[str] = ""
    attribute: ClassVar[tuple[Any, ...]] = ()


@dataclass(frozen=True)
class AttentionBlock(FoundBlock):
    """A block whose way of dividing features into heads is known.

    Attributes:
        n_heads: Of it.
        parts: Queries, keys and values.
        causal: Whether it is.
        n_positions: For how many positions; None: for any number.
        mask: Whether the last blob is one.
        out: The weight and the bias of the output.
        joined: The shape that joins the heads; None where an operator does that.
    """

    n_heads: int
    parts: tuple[Projection, Projection, Projection]
    causal: bool
    n_positions: int | None
    mask: bool
    out: tuple[str, str]
    joined: tuple[int, ...] | None
