"""CTCDecoder: the labels that a net trained with CTCLoss reads."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import NonNegativeInt
from graphnet.errors import ShapeError
from graphnet.layers.base import Arity, Layer, LayerSpec, Reads, ScratchDecls, Shapes, exactly
from graphnet.layers.losses.labels import counted_from_0, memory, write_offsets


class CTCDecoder(LayerSpec):
    """Read labels from scores: the best class of each step, repeated ones once, without the blank.

    So ``a a - a b b`` is read as ``a a b``. This is the best path; the labels that the most
    probable paths have in common may be others. Of equal scores the smaller class is taken. No
    gradient goes through it.

    Bottoms:
        0: scores ``(N, T, C)``, or probabilities; one of the C classes is the blank.
        1: a mask ``(N, T)``, optional: 0 behind the end of a sequence, where nothing is read.
    Tops:
        0: ``(N, T)``, the labels, then ``pad_label``.
    Args:
        blank: The class that is no label. Default 0.
        pad_label: What stands behind the last label. Default -1.
    Example:
        - {name: read, type: CTCDecoder, blank: 4, bottoms: [steps], tops: [read]}
    Source:
        Graves, Fernandez, Gomez & Schmidhuber 2006, best path decoding; TensorFlow
        ``ctc_greedy_decoder`` with ``merge_repeated``.
    """

    n_bottoms: ClassVar[Arity] = Arity(1, 2)
    n_tops: ClassVar[Arity] = exactly(1)

    type: Literal["CTCDecoder"] = "CTCDecoder"
    blank: NonNegativeInt = 0
    pad_label: int = -1

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        scores = bottoms[0]
        if len(scores) != 3:  # noqa: PLR2004
            raise ShapeError(
                f"a bottom of shape {shape_text(scores)} is no sequence of scores\n"
                "  expected N×T×C, a score of each class at each step"
            )
        if self.blank >= scores[2]:
            raise ShapeError(
                f"blank: {self.blank} is none of the {scores[2]} classes of scores of shape "
                f"{shape_text(scores)}\n  {counted_from_0('classes', scores[2])}"
            )
        if len(bottoms) > 1 and bottoms[1] != scores[:2]:
            raise ShapeError(
                f"bottom 1 has shape {shape_text(bottoms[1])}\n  expected "
                f"{shape_text(scores[:2])}: 1 for each step that counts, 0 for the others"
            )
        return [scores[:2]]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        scores = bottoms[0]
        n, n_steps, _ = scores
        return {
            "number": ScratchDecl(scores, blob=True),
            "less": ScratchDecl(scores, "bool", blob=True),
            "best": ScratchDecl((n, n_steps, 1), blob=True),
            "reads": ScratchDecl((n, n_steps), "bool", blob=True),
            "other": ScratchDecl((n, n_steps), "bool", blob=True),
            "read": ScratchDecl((n, n_steps), blob=True),
            "advance": ScratchDecl((n, n_steps), "int64", blob=True),
            "place": ScratchDecl((n,), "int64", blob=True),
            "value": ScratchDecl((n,), blob=True),
            "first": ScratchDecl((n,), "int64", "forever", blob=True),
        }

    def n_indices(self, bottoms: Shapes) -> int:
        return bottoms[0][2]

    def backward_reads(self) -> Reads:
        return Reads()

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return ()


class CTCDecoderLayer(Layer[CTCDecoder]):
    """Runs :class:`CTCDecoder`."""

    x: Any  # NumPy's types refuse max(keepdims=True, out=…)

    def setup(self) -> None:
        self.x, self.y = self.bottoms[0].data, self.tops[0].data
        self.mask = self.bottoms[1].data if len(self.bottoms) > 1 else None
        n_class = self.x.shape[2]
        self.numbers = self.xp.arange(n_class, dtype=self.dtype)[None, None]
        self.number: Any = self.scratch["number"]
        write_offsets(self.xp, self.scratch["first"][:, None], self.y, 1)
        self.stride = self.y.strides[1] // self.y.itemsize
        self.write: list[Call] = [partial(self.write_step, t) for t in range(self.x.shape[1])]

    def forward(self) -> None:
        xp, s = self.xp, self.scratch
        self.write_best()
        best, reads = s["best"][:, :, 0], s["reads"]
        xp.not_equal(best, self.spec.blank, out=reads)
        other = s["other"][:, 1:]
        xp.not_equal(best[:, 1:], best[:, :-1], out=other)
        xp.logical_and(reads[:, 1:], other, out=reads[:, 1:])
        if self.mask is not None:
            xp.not_equal(self.mask, 0, out=s["other"])
            xp.logical_and(reads, s["other"], out=reads)
        s["read"].fill(self.spec.pad_label)
        xp.copyto(s["read"], best, where=reads)
        xp.copyto(s["advance"], reads)
        xp.multiply(s["advance"], self.stride, out=s["advance"])
        xp.copyto(s["place"], s["first"])
        self.y.fill(self.spec.pad_label)
        for call in self.write:
            call()

    def write_best(self) -> None:
        """The first class of the largest score at each step."""
        xp, less, best = self.xp, self.scratch["less"], self.scratch["best"]
        number = self.number
        self.x.max(axis=2, keepdims=True, out=best)
        xp.less(self.x, best, out=less)
        xp.copyto(number, less)
        xp.multiply(number, self.x.shape[2], out=number)  # out of the way if it is not the largest
        xp.add(number, self.numbers, out=number)
        number.min(axis=2, keepdims=True, out=best)

    def write_step(self, step: int) -> None:
        """Write what is read at a step behind what was read before, or padding if it is nothing."""
        xp, place, value = self.xp, self.scratch["place"], self.scratch["value"]
        xp.copyto(value, self.scratch["read"][:, step])
        self.backend.scatter(memory(self.y), place, value)
        xp.add(place, self.scratch["advance"][:, step], out=place)
