"""Whether what was traced is a MultiHeadAttention: every number is followed on its way.

Sequences are numbered, position by position and feature by feature; so are products, scores and
weights. All nodes between are run on these numbers, with a batch of a size of its own where the
file leaves it open, and what arrives is held against what graphnet's layer computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from graphnet.errors import SpecError
from graphnet.interchange.onnx.files.reading import Attributes
from graphnet.interchange.onnx.graph.node_reader import NodeReader
from graphnet.interchange.onnx.graph.values import Value
from graphnet.interchange.onnx.operators.attention_blocks import (
    NOT_CAUSAL,
    UNSEEN,
    softmax_axis,
    wrong_scale,
)
from graphnet.interchange.onnx.operators.attention_moves import Moves
from graphnet.interchange.onnx.operators.attention_tracing import Product, TracedBlock

_OPEN_SIZE = 3  # of a batch whose size is open
_PATTERNS = 8  # of keys, by which a mask is known
_SEQUENCE = 3  # axes


@dataclass(frozen=True)
class Facts:
    """What a block is.

    Attributes:
        n_heads: Of it.
        weights: Of queries, keys and values, each ``(D, D)`` as in ONNX.
        biases: Theirs; None without.
        out: Of the output.
        out_bias: Its bias; None without.
        axes: Where the axes of the output are.
        causal: Whether it is.
        opens: Whether a key is there where the mask is true; else where it is false.
    """

    n_heads: int
    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray | None, ...]
    out: np.ndarray
    out_bias: np.ndarray | None
    axes: tuple[int, ...]
    causal: bool
    opens: bool


def check_block(block: TracedBlock, r: NodeReader) -> Facts:
    """What it is.

    Raises:
        SpecError: If it is none of graphnet's.
    """
    if not r.made.is_open:
        return _Check(block, r, r.raw(0).shape[0]).run()
    return _Check(block, r, _OPEN_SIZE).run()


class _Check:
    """One run, with a batch of ``n``."""

    def __init__(self, block: TracedBlock, r: NodeReader, n: int) -> None:
        self.block, self.r, self.n = block, r, n
        self.known: dict[str, np.ndarray] = {}
        self.moves = Moves(block.graph, self.known, self.shape_of, block.unscaled)

    def shape_of(self, name: str) -> tuple[int, ...] | None:
        """The shape of a value that has been made before."""
        value = self.r.made.values.get(name)
        if not isinstance(value, Value):
            return None
        return tuple(1 if a is None else (self.n, *value.shape[1:])[a] for a in value.axes)

    def any_shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of a value of the block, too, as far as it has been followed."""
        found = self.shape_of(name)
        if found is None and name not in self.block.input[: self.block.n_blobs]:
            found = self.moves.array(name).shape
        return found

    def sequence(self, i: int, name: str) -> tuple[int, int]:
        """Number a sequence; its positions and features."""
        value = self.r.raw(i)
        axes = [a for a in value.axes if a is not None]
        if (
            not len(value.shape) == len(value.axes) == len(axes) == _SEQUENCE
            or value.kind != "float"
        ):
            self.r.refuse(f"reads a value of shape {list(value.logical)}, expected a sequence")
        shape = (self.n, *value.shape[1:])
        self.known[name] = np.arange(prod(shape)).reshape(shape).transpose(axes)
        return shape[1], shape[2]

    def run(self) -> Facts:
        """Follow everything."""
        block, r = self.block, self.r
        n_queries, width = self.sequence(0, block.products[0].source)
        n_keys, width_of_keys = n_queries, width
        if block.products[1].source != block.products[0].source:
            n_keys, width_of_keys = self.sequence(1, block.products[1].source)
        if width != width_of_keys:
            r.refuse(f"its queries have {width} features and its keys {width_of_keys}")
        positions = (n_queries, n_keys, n_keys)
        n_out = [self.multiplied(p, width) for p in block.products]
        arrays = [self.moves.array(name) for name in block.operands]
        if block.softmax.op_type == "Softmax":
            arrays[1] = np.swapaxes(arrays[1], -1, -2)
        size = arrays[0].shape[-1]
        if min(a.ndim for a in arrays) < _SEQUENCE or not size or width % size:
            r.refuse(f"its queries have the shape {list(arrays[0].shape)}")
        n_heads = width // size
        batch = arrays[0].shape[:-2]
        if any(a.shape != (*batch, t, size) for a, t in zip(arrays, positions, strict=True)):
            r.refuse(f"its queries, keys and values are {[list(a.shape) for a in arrays]}")
        if prod(batch) != self.n * n_heads:
            r.refuse(f"it attends within {prod(batch)} sequences, expected N · {n_heads}")
        self.places(arrays[0].reshape(-1, n_queries, size), n_out[0], n_queries, width)
        offsets = []
        for array, n, t in zip(arrays, n_out, positions, strict=True):
            offsets.append(self.offset(array.reshape(-1, t, size), n, t, width))
        self.check_scale(size)
        if block.softmax.op_type == "Softmax":
            scores = np.zeros((*batch, n_queries, n_keys), np.int8)
            self.known[block.shown.output[0]] = scores
        causal, opens = self.check_mask((*batch, n_queries, n_keys), n_keys)
        self.check_weights((*batch, n_queries, n_keys), n_heads)
        axes = self.check_output((*batch, n_queries, size), n_queries, width)
        found = [self.matrix(p) for p in block.products]
        biases = [self.bias(p, len(w[0])) for p, w in zip(block.products, found, strict=True)]
        out = self.matrix(block.out)
        return Facts(
            n_heads,
            tuple(w[:, o : o + width] for w, o in zip(found, offsets, strict=True)),
            tuple(
                b if b is None else b[o : o + width] for b, o in zip(biases, offsets, strict=True)
            ),
            out,
            self.bias(block.out, width),
            axes,
            causal,
            opens,
        )

    # --- products -----------------------------------------------------------------------

    def matrix(self, product: Product) -> np.ndarray:
        """The matrix of a product, ``(in, out)``."""
        found = np.asarray(self.moves.array(product.weight), np.float32)
        if found.ndim != 2 or not np.isfinite(found).all():  # noqa: PLR2004  # a matrix
            self.r.refuse(f"has a constant of shape {list(found.shape)}, expected a matrix")
        return found.T if product.is_turned else found

    def bias(self, product: Product, n: int) -> np.ndarray | None:
        """What is added; None without it."""
        if not product.bias:
            return None
        found = np.asarray(self.moves.array(product.bias), np.float32)
        if found.shape != (n,) or not np.isfinite(found).all():
            self.r.refuse(f"a constant of shape {list(found.shape)} is added, expected [{n}]")
        return found

    def multiplied(self, product: Product, width: int) -> int:
        """Number what a product makes of rows of a sequence; how many features that has."""
        x, matrix = self.moves.array(product.x), self.matrix(product)
        if not x.ndim or x.shape[-1] != width or matrix.shape[0] != width:
            self.r.refuse(
                f"multiplies a value of shape {list(x.shape)} by a matrix of"
                f" {matrix.shape[0]} × {matrix.shape[1]}"
            )
        rows = x[..., :1] // width
        if not np.array_equal(x, rows * width + np.arange(width)):
            self.r.refuse("its products are of other features than those of one position")
        n = int(matrix.shape[1])
        self.known[product.made] = rows * n + np.arange(n)
        return n

    # --- heads --------------------------------------------------------------------------

    def places(self, queries: np.ndarray, n_out: int, n_queries: int, width: int) -> None:
        """Find which sample and which head each matrix of queries is of."""
        first, size = queries[:, 0, 0], queries.shape[-1]
        features = first % n_out
        self.samples = first // n_out // n_queries
        self.heads = (features - features.min()) // size
        pairs = set(zip(self.samples.tolist(), self.heads.tolist(), strict=True))
        if len(pairs) != len(first) or self.heads.max() >= width // size:
            self.r.refuse("its queries are not divided into heads feature by feature")

    def numbered(self, positions: int, size: int, n_out: int, offset: int) -> np.ndarray:
        """Features of heads as they have to be."""
        rows = self.samples[:, None] * positions + np.arange(positions)
        features = self.heads[:, None] * size + np.arange(size) + offset
        return np.asarray(rows[:, :, None] * n_out + features[:, None, :])

    def offset(self, array: np.ndarray, n_out: int, positions: int, width: int) -> int:
        """From which feature on queries, keys or values are taken."""
        offset = int((array[:, 0, 0] % n_out).min())
        expected = self.numbered(positions, array.shape[-1], n_out, offset)
        if offset + width > n_out or not np.array_equal(array, expected):
            self.r.refuse("its queries, keys and values are not of the same heads and samples")
        return offset

    # --- scores -------------------------------------------------------------------------

    def check_scale(self, size: int) -> None:
        """See that scores are multiplied by 1 / √F."""
        scale = 1.0
        if self.block.softmax.op_type == "Attention":
            attributes = Attributes(self.block.softmax.attribute)
            if attributes.number("softcap", 0.0):
                self.r.refuse("its scores are bounded by a softcap")
            scale = attributes.number("scale", 0.0) or size**-0.5
        for op, name in self.block.factors:
            number = self.moves.array(name)
            if number.size != 1:
                self.r.refuse(f"a constant of shape {list(number.shape)} multiplies its scores")
            factor = float(number.reshape(-1)[0])
            scale = scale * factor if op == "Mul" else scale / factor
        if why := wrong_scale(scale, size):
            self.r.refuse(why)

    def closed(self, shape: tuple[int, ...], mask: np.ndarray | None) -> tuple[np.ndarray, bool]:
        """Which scores a mask closes, and whether by an infinite number; all others stay."""
        block = self.block
        known = {} if mask is None else {block.leaf: self.fed(mask)}
        moves = Moves(block.graph, known, self.any_shape, block.unscaled)
        numbers = np.arange(1.0, prod(shape) + 1).reshape(shape)
        if block.softmax.op_type == "Softmax":
            known[block.shown.output[0]] = numbers
            found = np.asarray(moves.array(block.softmax.input[0]), np.float64)
            axis = softmax_axis(Attributes(block.softmax.attribute), block.graph.opset)
            if axis not in (-1, found.ndim - 1):
                self.r.refuse("its Softmax is not along the keys")
        else:
            found = numbers
            if len(block.softmax.input) > 3 and block.softmax.input[3]:  # noqa: PLR2004
                added = moves.array(block.softmax.input[3])
                added = np.where(added, 0, -np.inf) if added.dtype == bool else added
                found = numbers + added
            if Attributes(block.softmax.attribute).whole("is_causal", 0):
                found = np.where(_later(shape), -np.inf, found)
        if found.size != numbers.size or found.shape[-2:] != shape[-2:]:
            self.r.refuse(f"its scores become a value of shape {list(found.shape)}")
        found = found.reshape(shape)
        shut = found <= UNSEEN + numbers
        if not (shut | (found == numbers)).all():
            self.r.refuse(
                f"what is added to its scores is neither 0 nor {UNSEEN:.0e} or less"
                "\n  a key is there or is not: graphnet has no masks of other numbers"
            )
        return shut.reshape(-1, *shape[-2:]), bool(np.isneginf(found[shut]).all())

    def fed(self, mask: np.ndarray) -> np.ndarray:
        """A mask ``(N, S)`` with its axes as in ONNX."""
        value = self.r.raw(self.block.n_blobs - 1)
        return mask.transpose([a for a in value.axes if a is not None]).reshape(
            [1 if a is None else mask.shape[a] for a in value.axes]
        )

    def check_mask(self, shape: tuple[int, ...], n_keys: int) -> tuple[bool, bool]:
        """Whether it is causal, and whether a key is there where the mask is true."""
        later = _later(shape)
        if not self.block.leaf:
            shut, _ = self.closed(shape, None)
            return self.is_causal(shut, later), True
        value = self.r.raw(self.block.n_blobs - 1)
        if value.shape[1:] != (n_keys,):
            self.r.refuse(
                f"its mask has the shape {list(value.logical)}, expected (N, {n_keys}): which keys"
                " there are\n  a mask of queries and keys can be a constant, if it is causal"
            )
        try:
            ends = [self.closed(shape, np.full((self.n, n_keys), t))[0] for t in (False, True)]
        except SpecError as error:
            self.r.refuse(
                f"its mask does not say which keys there are: {error.problems[0].message}"
                f"\n  expected an input of truth values, (N, {n_keys}); a mask of queries and keys"
                " can be a constant, if it is causal"
            )
        opens = bool(ends[0].all())
        causal = self.is_causal(ends[opens], later)
        draw = np.random.default_rng(0)
        for _ in range(_PATTERNS):
            mask = draw.random((self.n, n_keys)) < 0.5  # noqa: PLR2004  # as many as not
            shut, infinite = self.closed(shape, mask)
            missing = (mask != opens)[self.samples][:, None, :]
            if not np.array_equal(shut, (later & causal) | missing):
                self.r.refuse("its mask does not say which keys there are")
            if not infinite:
                self.r.refuse(
                    "a position that sees no key has weights, and none in graphnet"
                    "\n  what is added for a key that is not there has to be -∞"
                )
        return causal, opens

    def is_causal(self, shut: np.ndarray, later: np.ndarray) -> bool:
        """Whether later positions are closed; nothing else may be."""
        if not shut.any():
            return False
        if not (shut == later).all() or later.shape[0] != later.shape[1]:
            self.r.refuse(NOT_CAUSAL)
        return True

    # --- below --------------------------------------------------------------------------

    def check_weights(self, shape: tuple[int, ...], n_heads: int) -> None:
        """See that weights stay where they are."""
        block = self.block
        if block.softmax.op_type != "Softmax":
            return
        path = {block.shown.output[0]: np.zeros(shape, np.int8)}
        if block.leaf:
            n_keys = self.r.raw(block.n_blobs - 1).shape[1]
            path[block.leaf] = self.fed(np.zeros((self.n, n_keys), bool))
        moves = Moves(block.graph, path, self.any_shape, block.unscaled)
        numbers = np.arange(prod(shape))
        self.known[block.softmax.output[0]] = numbers.reshape(
            moves.array(block.softmax.input[0]).shape
        )
        given = self.moves.array(block.attended.input[0])
        if given.shape != shape or not np.array_equal(given.reshape(-1), numbers):
            self.r.refuse("its weights are moved before they are multiplied by the values")
        if block.output[1]:
            read, apart = self.moves.array(block.output[1]), numbers.reshape(-1, *shape[-2:])
            expected = (self.n, n_heads, *shape[-2:])
            if read.shape != expected or not (read[self.samples, self.heads] == apart).all():
                self.r.refuse(
                    f"its weights are read as {list(read.shape)}, expected {list(expected)}"
                )

    def check_output(self, shape: tuple[int, ...], n_queries: int, width: int) -> tuple[int, ...]:
        """See that heads are joined as they were parted; where the axes of the output are."""
        attended = self.numbered(n_queries, shape[-1], width, 0)
        self.known[self.block.attended.output[0]] = attended.reshape(shape)
        n = self.multiplied(self.block.out, width)
        if n != width:
            self.r.refuse(f"its output has {n} features, expected {width}")
        found = self.moves.array(self.block.output[0])
        expected = np.arange(self.n * n_queries * width).reshape(self.n, n_queries, width)
        for axes in ((0, 1, 2), (1, 0, 2)):
            if np.array_equal(found, expected.transpose(axes)):
                return axes
        raise SpecError("its output is no sequence of as many positions")


def _later(shape: tuple[int, ...]) -> np.ndarray:
    """Which keys are behind each query."""
    n_queries, n_keys = shape[-2:]
    return np.asarray(np.arange(n_keys) > np.arange(n_queries)[:, None])
