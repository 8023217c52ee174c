"""How attention runs: a strip of the batch goes through it on its own, its scores tile by tile.

Within a strip everything lies sample after sample, as ``(n, T, D)``, so that the features of one
head at all positions are a matrix that BLAS reads where it is. What a strip does is a list of calls
bound beforehand, so strips can run in several threads without waiting for each other.

Forward, for each tile of queries t and keys s::

    scores = query · key / √F
    head   = exp(scores − largest) @ value / Σ exp      largest + log Σ exp of each t is kept

Backward computes ``weights`` again, as exp(scores − kept). With dhead the diff of a head::

    dvalue  += weightsᵀ @ dhead
    dweights = dhead @ valueᵀ
    dscores  = weights · (dweights − Σ_s weights · dweights)    the sum is that of head · dhead
    dquery   = dscores @ key
    dkey    += dscoresᵀ @ query
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod
from typing import Any

import numpy as np

from graphnet.backend.calls import Call
from graphnet.blob import Array
from graphnet.layers.attention.rotary import Rotary
from graphnet.layers.attention.tiles import ScoreTile, Sizes
from graphnet.layers.base import Layer

#: Added to what is not to be seen; and the least that the largest score of a query is taken for, so
#: that one who sees nothing gives weights of zero.
UNSEEN, LEAST = -1e30, -1e29
#: NumPy takes 0.1 µs for each row of which it finds the largest or the sum. So where rows of scores
#: are short they lie side by side, and all of them are gone through at once; longer ones are added
#: up pairwise.
FEW = 64


class AttentionStrip:
    """Some samples of the batch: their part of every array, and what is done with it.

    Args:
        layer: The layer that runs it.
        index: Which strip it is.
        samples: Its rows of the batch.
        sizes: Of the whole.
        rotary: What turns queries and keys; None if they stay as they are.
        drops: Whether weights are dropped.

    Attributes:
        x: ``(n, T, D)``: the first bottom.
        memory: ``(n, S, D)``: what keys and values are made from; often ``x``.
        queries, keys, values: ``(n, heads, T or S, F)``.
        attended: ``(n, T, heads, F)``: what comes of the heads.
        largest, shares: ``(n, heads, T, 1)``: the largest score of a query, to which log Σ exp is
            added in the end; 1 / Σ exp.
    """

    def __init__(
        self,
        layer: Layer[Any],
        index: int,
        samples: slice,
        sizes: Sizes,
        rotary: Rotary | None,
        *,
        drops: bool,
    ) -> None:
        self.layer, self.xp, self.backend = layer, layer.xp, layer.backend
        self.index, self.samples, self.sizes, self.rotary = index, samples, sizes, rotary
        self.n = samples.stop - samples.start
        heads, width = sizes.n_heads, sizes.width // sizes.n_heads
        n_queries = sizes.n_queries
        self.in_heads = (heads, width)
        self.scale = layer.backend.full((), width**-0.5, layer.dtype)
        self.ones = layer.backend.full((FEW,), 1.0, layer.dtype)
        self.one = layer.backend.full((), 1.0, layer.dtype)
        self.least = layer.backend.full((), LEAST, layer.dtype)
        self.x = self.part("x", n_queries, sizes.width)
        is_cross = sizes.is_cross
        self.memory = self.part("memory", sizes.n_keys, sizes.width) if is_cross else self.x
        self.projected = self.flat("projected")
        self.queries, self.keys, self.values = self.split(self.projected)
        self.attended = self.part("attended", n_queries, *self.in_heads)
        statistics = self.flat("statistics").reshape(2, self.n, heads, n_queries, 1)
        self.largest, self.shares = statistics
        self.is_long = sizes.n_keys > FEW
        self.mask = layer.scratch["mask"][samples] if drops else None
        self.closed = self.part("closed", 1, 1, sizes.n_keys) if "closed" in layer.scratch else None
        self.tops = [top.data[samples] for top in layer.tops]
        self.unseen = self.triangle() if sizes.is_causal else None

    # --- views --------------------------------------------------------------------------

    def values_of(self, name: str) -> Array | None:
        """A param; None if it is not there."""
        param = self.layer.params.get(name)
        return None if param is None else param.data

    def flat(self, name: str) -> Array:
        """The strip's part of a scratch array, as one axis."""
        return self.layer.scratch[name][self.samples].reshape(-1)

    def part(self, name: str, *shape: int) -> Array:
        """The strip's part ``(n, *shape)`` of a scratch array."""
        return self.layer.scratch[name][self.samples].reshape(self.n, *shape)

    def rows(self, n_positions: int) -> Array:
        """Scratch of a row for each of so many positions of its samples: (n · positions, D)."""
        width = self.sizes.width
        return self.flat("rows")[: self.n * n_positions * width].reshape(-1, width)

    def together(self, flat: Array) -> tuple[Array, Array]:
        """Queries, and keys with values, of what is projected: matrices of a row a position.

        Of one sequence, the same matrix twice: it has all three.
        """
        sizes, width = self.sizes, self.sizes.width
        if not sizes.is_cross:
            every = flat.reshape(-1, 3 * width)
            return every, every
        n_queries = self.n * sizes.n_queries
        rest = flat[n_queries * width :].reshape(-1, 2 * width)
        return flat[: n_queries * width].reshape(-1, width), rest

    def split(self, flat: Array) -> tuple[Array, Array, Array]:
        """Queries, keys and values, each ``(n, heads, positions, F)``."""
        first, rest = self.together(flat)
        n_parts = (1, 2) if self.sizes.is_cross else (3, 3)
        firsts, others = (
            rows.reshape(self.n, -1, parts, *self.in_heads).transpose(2, 0, 3, 1, 4)
            for rows, parts in zip((first, rest), n_parts, strict=True)
        )
        return firsts[0], others[-2], others[-1]

    def triangle(self) -> Array:
        """What is added to the scores of a tile's own positions: (rows, rows)."""
        rows = self.sizes.tile(self.n, self.backend).rows
        unseen = np.tril(np.full((rows, rows), UNSEEN), -1)
        return self.backend.constant(unseen, self.layer.dtype).T

    def of(self, tile: ScoreTile, name: str = "scores") -> Array:
        """The scores of a tile, or their diffs; few keys lie key after key."""
        n, heads, queries, keys = tile.shape
        flat: Array = self.layer.scratch[name][self.index][: prod(tile.shape)]
        if self.is_long:
            return flat.reshape(tile.shape)
        return flat.reshape(n, heads, keys, queries).swapaxes(2, 3)

    # --- forward ------------------------------------------------------------------------

    def forward(self) -> list[Call]:
        """From the bottoms to the tops."""
        xp, sizes, layer = self.xp, self.sizes, self.layer
        width = sizes.width
        bottoms = [bottom.data[self.samples] for bottom in layer.bottoms]
        weight, bias = layer.scratch["turned_in"], self.values_of("bias_in")
        first, rest = self.together(self.projected)
        x, memory = self.x.reshape(-1, width), self.memory.reshape(-1, width)
        calls: list[Call] = [partial(xp.copyto, self.x, bottoms[0])]
        if sizes.is_cross:
            calls.append(partial(xp.copyto, self.memory, bottoms[1]))
            biases = (None, None) if bias is None else (bias[:width], bias[width:])
            calls += self.product(x, weight[:, :width], biases[0], first)
            calls += self.product(memory, weight[:, width:], biases[1], rest)
        else:
            calls += self.product(x, weight, bias, first)
        calls.append(partial(xp.multiply, self.queries, self.scale, self.queries))
        if self.rotary is not None:
            calls += self.rotary.turn(*self.turned(self.projected))
        for tile in sizes.tiles(self.n, self.backend):
            calls += self.attend(tile)
        weight, bias = layer.scratch["turned_out"], self.values_of("bias_out")
        top = self.rows(sizes.n_queries)
        calls += self.product(self.attended.reshape(-1, width), weight, bias, top)
        calls.append(partial(xp.copyto, self.tops[0], top.reshape(self.x.shape)))
        return calls

    def product(self, x: Array, weight: Array, bias: Array | None, out: Array) -> Iterator[Call]:
        """``x @ weight + bias``."""
        yield self.backend.product(x, weight, out)
        if bias is not None:
            yield partial(self.xp.add, out, bias, out)

    def turned(self, flat: Array) -> tuple[Array, Array]:
        """Queries and keys ``(n, T, 2, heads, F)`` of what is projected, and scratch like them."""
        sizes = self.sizes
        every = flat.reshape(self.n, sizes.n_queries, 3, *self.in_heads)
        return every[:, :, :2], self.part("turned", sizes.n_queries, 2, *self.in_heads)

    def score(self, tile: ScoreTile) -> Iterator[Call]:
        """The scores of a tile, much less where a key is not to be seen."""
        xp, scores = self.xp, self.of(tile)
        queries = self.queries[tile.samples, tile.heads, tile.queries]
        keys = self.keys[tile.samples, tile.heads, tile.keys]
        yield self.backend.product(queries, keys.swapaxes(-1, -2), scores, whole=True)
        if self.unseen is not None:
            rows = tile.shape[2]
            own = scores[..., tile.queries]
            yield partial(xp.add, own, self.unseen[:rows, :rows], own)
        if self.closed is not None:
            closed = self.closed[tile.samples, :, :, tile.keys]
            yield partial(xp.add, scores, closed, scores)

    def attend(self, tile: ScoreTile) -> Iterator[Call]:
        """What the queries of a tile see."""
        xp, scores = self.xp, self.of(tile)
        at = (tile.samples, tile.heads, tile.queries)
        largest, shares = self.largest[at], self.shares[at]
        attended = self.attended.swapaxes(1, 2)[at]
        yield from self.score(tile)
        yield self.find_largest(tile, scores, largest)
        if self.closed is not None:
            yield partial(xp.maximum, largest, self.least, out=largest)
        yield partial(xp.subtract, scores, largest, scores)
        yield partial(xp.exp, scores, scores)
        yield self.add_up(scores, shares)
        if self.closed is not None:  # where nothing is seen, the sum is 0, and so are the weights
            yield partial(xp.maximum, shares, self.tiny(), out=shares)
        yield partial(xp.divide, self.one, shares, shares)
        if len(self.tops) > 1:
            weights = self.tops[1][at]
            yield partial(xp.multiply, scores, shares, weights[..., tile.keys])
            if tile.keys.stop < self.sizes.n_keys:
                yield partial(weights[..., tile.keys.stop :].fill, 0)
        if self.mask is not None:
            yield partial(xp.multiply, scores, self.mask[at][..., tile.keys], scores)
        values = self.values[tile.samples, tile.heads, tile.keys]
        if not self.is_long:  # in longer runs than below
            yield partial(xp.multiply, scores, shares, scores)
        yield self.backend.product(scores, values, attended, whole=True)
        if self.is_long:
            yield partial(xp.multiply, attended, shares, attended)
        if "dscores" in self.layer.scratch:  # backward finds the weights by one number a query
            yield partial(xp.log, shares, shares)
            yield partial(xp.subtract, largest, shares, largest)

    def find_largest(self, tile: ScoreTile, scores: Array, out: Array) -> Call:
        """Write the largest of each query's."""
        if self.is_long:
            return partial(scores.max, axis=-1, keepdims=True, out=out)
        name = "dscores" if "dscores" in self.layer.scratch else "halves"
        # the backend takes blobs; these have as many samples as there are queries
        array, to, scratch = (a.transpose(2, 0, 1, 3) for a in (scores, out, self.of(tile, name)))
        return self.backend.axis_max(array, 3, to, scratch)

    def add_up(self, scores: Array, out: Array) -> Call:
        """Write the sum of each query's: a product with ones, where they lie side by side."""
        if self.is_long:
            return partial(scores.sum, axis=-1, keepdims=True, out=out)
        ones = self.ones[None, : scores.shape[-1]]
        turned, to = scores.swapaxes(-1, -2), out.swapaxes(-1, -2)
        return self.backend.product(ones, turned, to, is_sum=True)

    def tiny(self) -> Array:
        """The least positive number that has an inverse."""
        tiny = float(np.finfo(self.layer.dtype).tiny)
        return self.backend.full((), tiny, self.layer.dtype)

    # --- backward -----------------------------------------------------------------------

    def backward(self) -> list[Call]:
        """From the tops' diffs to those of the bottoms, and to a term of the params'."""
        xp, sizes, layer = self.xp, self.sizes, self.layer
        width, samples = sizes.width, self.samples
        self.dattended = self.part("dattended", sizes.n_queries, *self.in_heads)
        self.dprojected = self.flat("dprojected")
        self.dqueries, self.dkeys, self.dvalues = self.split(self.dprojected)
        self.sums = self.part("sums", sizes.n_heads, sizes.n_queries, 1)
        self.dmaps = None
        if len(layer.tops) > 1 and layer.tops[1].diff is not None:
            self.dmaps = layer.tops[1].diff[samples]
        calls = self.from_top()
        if self.dmaps is None:
            both = self.rows(sizes.n_queries).reshape(self.attended.shape)
            sums = self.sums.reshape(self.n, sizes.n_heads, sizes.n_queries).swapaxes(1, 2)
            calls.append(partial(xp.multiply, self.attended, self.dattended, both))
            calls += self.add_features(both, sums)
        for tile in sizes.tiles(self.n, self.backend):
            calls += self.attend_back(tile)
        if self.rotary is not None:
            calls += self.rotary.turn(*self.turned(self.dprojected), back=True)
        calls.append(partial(xp.multiply, self.dqueries, self.scale, self.dqueries))
        weight = layer.params["weight_in"].data
        first, rest = self.together(self.dprojected)
        x, memory = self.x.reshape(-1, width), self.memory.reshape(-1, width)
        if sizes.is_cross:
            calls += self.gradients(first, x, slice(0, width))
            calls += self.gradients(rest, memory, slice(width, 3 * width))
            calls += self.to_bottom(0, first, weight[:width])
            calls += self.to_bottom(1, rest, weight[width:])
        else:
            calls += self.gradients(first, x, slice(0, 3 * width))
            calls += self.to_bottom(0, first, weight)
        return calls

    def add_features(self, both: Array, out: Array) -> list[Call]:
        """Write the sums over the features of a head ``(n, T, heads)``: of few, a product."""
        width = both.shape[-1]
        if width > FEW:
            return [partial(both.sum, axis=-1, out=out)]
        ones = self.ones[:width, None]
        sums = self.shares.reshape(-1, 1)  # which backward does not read
        return [
            self.backend.product(both.reshape(-1, width), ones, sums, is_sum=True),
            partial(self.xp.copyto, out, sums.reshape(out.shape)),
        ]

    def from_top(self) -> list[Call]:
        """The diff of what comes of the heads."""
        xp, layer, width = self.xp, self.layer, self.sizes.width
        dtop = layer.tops[0].diff
        dattended = self.dattended.reshape(-1, width)
        diff = self.rows(self.sizes.n_queries)
        of_out = slice(3 * width, 4 * width)
        gradients = self.gradients(diff, self.attended.reshape(-1, width), of_out)
        if dtop is None:  # the weights alone are read
            return [partial(dattended.fill, 0), partial(diff.fill, 0), *gradients]
        return [
            partial(xp.copyto, diff.reshape(self.x.shape), dtop[self.samples]),
            *gradients,
            self.backend.product(diff, layer.params["weight_out"].data, dattended),
        ]

    def attend_back(self, tile: ScoreTile) -> Iterator[Call]:
        """The diffs of the queries of a tile; to those of keys and values it adds a term."""
        xp, weights = self.xp, self.of(tile)
        at = (tile.samples, tile.heads, tile.queries)
        there = (tile.samples, tile.heads, tile.keys)
        dscores = self.of(tile, "dscores")
        dattended = self.dattended.swapaxes(1, 2)[at]
        mask = None if self.mask is None else self.mask[at][..., tile.keys]
        yield from self.score(tile)
        yield partial(xp.subtract, weights, self.largest[at], weights)
        yield partial(xp.exp, weights, weights)
        kept = weights
        if mask is not None:
            kept = dscores
            yield partial(xp.multiply, weights, mask, kept)
        yield from self.collect(tile, kept, dattended, self.dvalues)
        values = self.values[there]
        yield self.backend.product(dattended, values.swapaxes(-1, -2), dscores, whole=True)
        if mask is not None:
            yield partial(xp.multiply, dscores, mask, dscores)
        sums = self.sums[at]
        if self.dmaps is None:
            yield partial(xp.subtract, dscores, sums, dscores)
            yield partial(xp.multiply, dscores, weights, dscores)
        else:
            yield partial(xp.add, dscores, self.dmaps[at][..., tile.keys], dscores)
            yield partial(xp.multiply, dscores, weights, dscores)
            yield partial(dscores.sum, axis=-1, keepdims=True, out=sums)
            yield partial(xp.multiply, weights, sums, weights)
            yield partial(xp.subtract, dscores, weights, dscores)
        yield self.backend.product(dscores, self.keys[there], self.dqueries[at], whole=True)
        yield from self.collect(tile, dscores, self.queries[at], self.dkeys)

    def collect(self, tile: ScoreTile, of_scores: Array, rows: Array, out: Array) -> Iterator[Call]:
        """Add ``of_scoresᵀ @ rows`` to the diff of keys or values; the first tile assigns."""
        xp, left = self.xp, of_scores.swapaxes(-1, -2)
        there = out[tile.samples, tile.heads, tile.keys]
        if tile.queries.start == 0:
            yield self.backend.product(left, rows, there, whole=True)
            if tile.keys.stop < self.sizes.n_keys:
                rest = out[tile.samples, tile.heads, tile.keys.stop :]
                yield partial(xp.copyto, rest, self.backend.full((), 0.0, self.layer.dtype))
            return
        term = self.layer.scratch["term"][self.index][: there.size].reshape(there.shape)
        yield self.backend.product(left, rows, term, whole=True)
        yield partial(xp.add, there, term, there)

    def gradients(self, diff: Array, x: Array, rows: slice) -> Iterator[Call]:
        """A term of the diffs of some rows of the weights and biases, where they are wanted."""
        scratch = self.layer.scratch
        if "dweights" not in scratch:
            return
        yield self.backend.product(diff.T, x, scratch["dweights"][self.index, rows])
        if "bias_in" in self.layer.params:
            out = scratch["dbiases"][self.index, rows]
            yield self.backend.axes_sum(diff, (0,), out)

    def to_bottom(self, bottom: int, diff: Array, weight: Array) -> Iterator[Call]:
        """The diff of a bottom, where it is wanted."""
        target = self.layer.bottoms[bottom].diff
        if target is None:
            return
        there = target[self.samples]
        rows = self.rows(there.shape[1])
        yield self.backend.product(diff, weight, rows)
        yield partial(self.xp.copyto, there, rows.reshape(there.shape))
