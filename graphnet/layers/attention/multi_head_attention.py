"""MultiHeadAttention: every position looks at every other, in several heads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call, in_turn
from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import PositiveFloat, PositiveInt
from graphnet.errors import BatchError, ShapeError
from graphnet.layers.attention.rotary import Rotary
from graphnet.layers.attention.strip import FEW, AttentionStrip
from graphnet.layers.attention.tiles import Sizes
from graphnet.layers.base import Arity, Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.learned import Learned
from graphnet.params.initializers import Xavier
from graphnet.params.param import ParamDecl
from graphnet.params.regularizers import L2Regu
from graphnet.random.keys import stream_key

#: Multiply-adds of a strip: with fewer, threads mostly wait for the interpreter.
MIN_MACS = 2**20
_SEQUENCE = 3  # axes


class MultiHeadAttention(LayerSpec):
    """Scaled dot-product attention in several heads.

    Queries, keys and values are products of the positions with rows of ``weight_in``. In each head,
    of F = D / ``n_heads`` features::

        weights = softmax over s of (query[t] · key[s] / √F)        (T, S)
        head[t] = Σ weights[t, s] · value[s]
        top[t]  = weight_out @ [head 1; …; head H] + bias_out

    With one sequence, queries, keys and values are all made from it (S = T). With a second one,
    keys and values are made from that. With ``mask: true`` the last bottom ``(N, S)`` says which
    keys there are: a position that sees none gives ``bias_out``.

    The scores are computed for some rows at a time and never stand in memory as a whole, unless a
    second top asks for the weights, or ``dropout`` for a mask; backward computes them again.

    Bottoms:
        0: ``(N, T, D)``.
        1: optional: a second sequence, ``(N, S, D)``.
        last: with ``mask: true``: ``(N, S)``, 1 where there is a key, 0 where there is none.
    Tops:
        0: ``(N, T, D)``.
        1: optional: the weights, ``(N, n_heads, T, S)``, before ``dropout``.
    Params:
        weight_in: ``(3 · D, D)``: the rows of the queries, of the keys, of the values.
        bias_in: ``(3 · D,)``, unless ``bias: false``.
        weight_out: ``(D, D)``.
        bias_out: ``(D,)``, unless ``bias: false``.
    Args:
        n_heads: Into how many parts the D features are divided.
        causal: Whether a position sees itself and those before it alone. Default false.
        mask: Whether the last bottom is a mask. Default false.
        dropout: The probability with which a weight is set to zero in training; what is kept is
            multiplied by 1 / (1 − dropout). Default 0.
        rotary: Whether queries and keys are turned by angles that grow with the position, so that
            their product depends on how far they are apart (F is even then). Default false.
        rotary_base: Position t turns the features i and i + F/2 by t / base^(2i/F). Default 10000.
        bias: Whether biases are added. Default true.
        param_key: Layers with the same key share their params. Default: the layer's name.
    Example:
        - {name: a1, type: MultiHeadAttention, n_heads: 4, causal: true, bottoms: [x], tops: [y]}
        - {name: a2, type: MultiHeadAttention, n_heads: 4, bottoms: [y, memory], tops: [z, maps]}
    Source:
        Vaswani et al. 2017; rotary positions: Su et al. 2021; rows at a time, computed again in
        backward: Dao et al. 2022. The params are those of PyTorch's ``MultiheadAttention``.
    """

    n_bottoms: ClassVar[Arity] = Arity(1, 3)
    n_tops: ClassVar[Arity] = Arity(1, 2)
    learned: ClassVar[Mapping[str, Learned]] = {
        "weight_in": Learned(Xavier(), L2Regu()),
        "bias_in": Learned(lr=2.0),
        "weight_out": Learned(Xavier(), L2Regu()),
        "bias_out": Learned(lr=2.0),
    }

    type: Literal["MultiHeadAttention"] = "MultiHeadAttention"
    n_heads: PositiveInt
    causal: bool = False
    mask: bool = False
    dropout: float = Field(default=0.0, ge=0, lt=1)
    rotary: bool = False
    rotary_base: PositiveFloat = 10000.0
    bias: bool = True
    param_key: str | None = None

    @model_validator(mode="after")
    def _check(self) -> MultiHeadAttention:
        if "rotary_base" in self.model_fields_set and not self.rotary:
            raise ValueError("rotary_base has no effect without rotary: true")
        return self

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        x = bottoms[0]
        if len(x) != _SEQUENCE or 0 in x[1:]:
            raise ShapeError(
                f"a bottom of shape {shape_text(x)} is no sequence of features\n"
                "  expected (N, T, D) with at least one position"
            )
        if x[2] % self.n_heads:
            raise ShapeError(f"{x[2]} features cannot be divided into {self.n_heads} heads")
        if self.rotary and x[2] // self.n_heads % 2:
            raise ShapeError(
                f"rotary: a head has {x[2] // self.n_heads} features, and they are turned in pairs"
                "\n  expected an even number"
            )
        self._check_others(bottoms)
        keys = self.sizes(bottoms).n_keys
        return [x, (x[0], self.n_heads, x[1], keys)][: max(1, len(self.tops))]

    def _check_others(self, bottoms: Shapes) -> None:
        """See that a second sequence and a mask fit the first."""
        x, rest = bottoms[0], bottoms[1:]
        expected = 2 if self.mask else 1
        if self.mask and not rest:
            raise ShapeError(
                "mask: true, but there is no bottom for it\n  write bottoms: [x, mask]"
            )
        if len(bottoms) > expected + 1:
            raise ShapeError(
                f"{len(bottoms)} bottoms\n  expected a sequence, and a second one at most"
                + (", and the mask" if self.mask else "; a mask needs mask: true")
            )
        if len(bottoms) > expected:
            memory = rest[0]
            if len(memory) != _SEQUENCE or (memory[0], memory[2]) != (x[0], x[2]) or not memory[1]:
                raise ShapeError(
                    f"the second sequence has the shape {shape_text(memory)}\n"
                    f"  expected ({x[0]}, S, {x[2]}); an InnerProduct with axis: 2 brings it to as"
                    " many features"
                )
            for key in ("causal", "rotary"):
                if getattr(self, key):
                    raise ShapeError(f"{key}: true is for one sequence, and there is a second one")
        keys = self.sizes(bottoms).n_keys
        if self.mask and bottoms[-1] != (x[0], keys):
            raise ShapeError(
                f"the mask has the shape {shape_text(bottoms[-1])}\n"
                f"  expected {shape_text((x[0], keys))}: a 1 for each key there is, else a 0"
            )

    def sizes(self, bottoms: Shapes) -> Sizes:
        """The sizes of everything."""
        n, n_queries, width = bottoms[0]
        is_cross = len(bottoms) - self.mask > 1
        n_keys = bottoms[1][1] if is_cross else n_queries
        return Sizes(n, n_queries, n_keys, self.n_heads, width, is_cross, self.causal)

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        width = bottoms[0][2]
        decls = {
            "weight_in": self.decl("weight_in", (3 * width, width)),
            "weight_out": self.decl("weight_out", (width, width)),
        }
        if self.bias:
            decls["bias_in"] = self.decl("bias_in", (3 * width,))
            decls["bias_out"] = self.decl("bias_out", (width,))
        return decls

    def strips(self, bottoms: Shapes, most: int) -> list[slice]:
        """Slices of the batch to be run apart, ``most`` at most.

        They depend on shapes and backend alone, so that sums come out the same for any number of
        threads.
        """
        n = bottoms[0][0]
        count = max(1, min(most, n, self.macs(bottoms) // MIN_MACS))
        return [slice(a, b) for a, b in pairwise(n * i // count for i in range(count + 1))]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        sizes = self.sizes(bottoms)
        n, n_queries, n_keys, width = sizes.n, sizes.n_queries, sizes.n_keys, sizes.width
        life: Literal["pass", "call"] = "pass" if backward else "call"
        strips = self.strips(bottoms, backend.most_strips)
        widest = max(s.stop - s.start for s in strips)
        tile = sizes.tile(widest, backend)
        projected = (n, width * (n_queries + 2 * n_keys))
        decls = {
            "x": ScratchDecl((n, n_queries * width), lifetime=life),
            "projected": ScratchDecl(projected, lifetime=life),
            "attended": ScratchDecl((n, n_queries * width), lifetime=life),
            "statistics": ScratchDecl((n, 2 * n_queries * self.n_heads), lifetime=life),
            "turned_in": ScratchDecl((width, 3 * width)),
            "turned_out": ScratchDecl((width, width)),
            "work": ScratchDecl((n, max(n_queries, n_keys) * width)),
            "scores": ScratchDecl((len(strips), tile.n_scores)),
        }
        if n_keys <= FEW and not backward:
            decls["halves"] = ScratchDecl((len(strips), tile.n_scores))
        if sizes.is_cross:
            decls["memory"] = ScratchDecl((n, n_keys * width), lifetime=life)
        if self.rotary:
            decls["turned"] = ScratchDecl((n, 2 * n_queries * width))
        if self.mask:
            decls["closed"] = ScratchDecl((n, n_keys), lifetime=life)
            decls["known"] = ScratchDecl((n, n_keys), "bool", blob=True)
            decls["open"] = ScratchDecl((n, n_keys), "bool", blob=True)
        if self.dropout:
            mask = (n, self.n_heads, n_queries, n_keys)
            decls["mask"] = ScratchDecl(mask, lifetime=life)
        if backward:
            decls["dattended"] = ScratchDecl((n, n_queries * width))
            decls["dprojected"] = ScratchDecl(projected)
            decls["sums"] = ScratchDecl((n, n_queries * self.n_heads))
            decls["dscores"] = ScratchDecl((len(strips), tile.n_scores))
            decls["term"] = ScratchDecl((len(strips), tile.n_features))
        if backward and not self.frozen:
            decls["dweights"] = ScratchDecl((len(strips), 4 * width, width))
            decls["dbiases"] = ScratchDecl((len(strips), 4 * width))
        return decls

    def backward_reads(self) -> Reads:
        return Reads()

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return tuple(range(n_bottoms - self.mask))

    def macs(self, bottoms: Shapes) -> int:
        s = self.sizes(bottoms)
        products = 2 * s.n * (s.n_queries + s.n_keys) * s.width**2
        return products + 2 * s.n * s.n_queries * s.n_keys * s.width

    def connections(self, bottoms: Shapes) -> int:
        s = self.sizes(bottoms)
        n_biases = 2 * (s.n_queries + s.n_keys) * s.width if self.bias else 0
        return self.macs(bottoms) // s.n + n_biases


class MultiHeadAttentionLayer(Layer[MultiHeadAttention]):
    """Runs :class:`MultiHeadAttention`: strips of the batch, each on its own."""

    def setup(self) -> None:
        spec, shapes = self.spec, [bottom.shape for bottom in self.bottoms]
        sizes = spec.sizes(shapes)
        rotary = None
        if spec.rotary:
            width = sizes.width // sizes.n_heads
            rotary = Rotary(self.backend, sizes.n_queries, width, spec.rotary_base, self.dtype)
        drops = bool(spec.dropout) and self.context.phase == "train"
        slices = spec.strips(shapes, self.backend.most_strips)
        strips = [
            AttentionStrip(self, i, samples, sizes, rotary, drops=drops)
            for i, samples in enumerate(slices)
        ]
        # turned, so that BLAS reads rows where they lie
        before: list[Call] = [
            partial(self.xp.copyto, self.scratch[f"turned_{i}"], self.params[f"weight_{i}"].data.T)
            for i in ("in", "out")
        ]
        if spec.mask:
            before += self.look_at_mask()
        if drops:
            self.key = stream_key(self.context.seed, f"{self.name}/mask")
            before.append(self.draw)
        forward = self.backend.concurrently([in_turn(strip.forward()) for strip in strips])
        self.bind_passes(forward=in_turn([*before, forward]))
        if "dscores" in self.scratch:
            calls = [in_turn(strip.backward()) for strip in strips]
            self.bind_passes(
                backward=in_turn([self.backend.concurrently(calls), *self.gather_gradients()])
            )

    def draw(self) -> None:
        """A new mask: 0, or what keeps the mean."""
        now = self.context.iteration, self.context.first_sample
        ratio = self.spec.dropout
        self.backend.fill_mask(ratio, 1 / (1 - ratio), self.key, *now, self.scratch["mask"])

    def look_at_mask(self) -> list[Call]:
        """Write what is added to the scores of keys: nothing, or much less than any score."""
        xp, mask = self.xp, self.bottoms[-1].data
        known, is_open, closed = (self.scratch[name] for name in ("known", "open", "closed"))
        expectation = self.backend.expectation(known, mask, self.refuse)
        self.expectations.append(expectation)
        return [
            partial(xp.equal, mask, 1, is_open),
            partial(xp.equal, mask, 0, known),
            partial(xp.logical_or, known, is_open, known),
            expectation.look,
            partial(xp.subtract, is_open, self.backend.full((), 1, self.dtype), closed),
            partial(xp.multiply, closed, self.backend.full((), 1e30, self.dtype), closed),
        ]

    def gather_gradients(self) -> list[Call]:
        """Add up what the strips have made of the params' diffs."""
        xp, calls = self.xp, list[Call]()
        for scratch, names in (
            ("dweights", ("weight_in", "weight_out")),
            ("dbiases", ("bias_in", "bias_out")),
        ):
            parts: Any = self.scratch.get(scratch)
            found = {name: self.params[name] for name in names if name in self.params}
            if parts is None or all(param.diff is None for param in found.values()):
                continue
            calls += [partial(xp.add, parts[0], part, parts[0]) for part in parts[1:]]
            start = 0
            for param in found.values():
                stop = start + len(param.data)
                if param.diff is not None:
                    calls.append(partial(xp.copyto, param.diff, parts[0, start:stop]))
                start = stop
        return calls

    def refuse(self, at: tuple[int, ...], value: float, ago: int) -> None:
        """Report a number that neither says that there is a key nor that there is none."""
        row, step = at
        raise BatchError(
            f"the mask holds {value:g} in row {row}, step {step} of the batch"
            "\n  expected 1 where there is a key, 0 where there is none",
            len(self.bottoms) - 1,
            at,
            value,
            ago,
        )
