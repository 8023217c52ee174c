"""LabelErrorRate: how far sequences of labels are from those that are right."""

from __future__ import annotations

from functools import partial
from math import nan
from typing import ClassVar, Literal

import numpy as np

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.measures import Number
from graphnet.blob import Array, Shape, shape_text
from graphnet.errors import BatchError, ShapeError
from graphnet.layers.base import Arity, Kind, ScratchDecls, Shapes, exactly
from graphnet.layers.losses.labels import number_text, place_text
from graphnet.layers.losses.weights import Weighed, weights_of
from graphnet.layers.statistics.counts import CountingLayer


class LabelErrorRate(Weighed):
    """Σ distance / Σ number of labels that are right, over all sequences.

    The distance is that of Levenshtein: how many labels have to be put in, left out or replaced to
    make one sequence of the other. It reports ``NAME``, which is above 1 where far too much is
    read, and ``NAME.sequences``, the part of the sequences with any error.

    Bottoms:
        0: labels as they are read ``(N, T)``, such as those of a CTCDecoder, then ``pad_label``.
        1: labels that are right ``(N, S)``, then ``pad_label``.
        2: weights ``(N,)`` of the sequences, if not all count alike; 0 leaves out.
    Args:
        pad_label: What stands behind the last label of a sequence, in both. Default -1.
    Example:
        - {name: error, type: LabelErrorRate, phase: test, bottoms: [read, words]}
    Source:
        Graves, Fernandez, Gomez & Schmidhuber 2006, who divide by all labels of the set, too.
        Characters give a character error rate, words a word error rate.
    """

    kind: ClassVar[Kind] = Kind.STATISTIC
    n_bottoms: ClassVar[Arity] = Arity(2, 3)
    n_tops: ClassVar[Arity] = exactly(0)

    type: Literal["LabelErrorRate"] = "LabelErrorRate"
    pad_label: int = -1

    @property
    def measures(self) -> tuple[str, ...]:
        return ("", "sequences")

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        read, label = bottoms[:2]
        if len(read) != 2 or len(label) != 2 or read[0] != label[0]:  # noqa: PLR2004
            raise ShapeError(
                f"bottoms of shapes {shape_text(read)} and {shape_text(label)} are no sequences of"
                " labels\n  expected N×T and N×S; a CTCDecoder reads labels from scores"
            )
        self.check_weights(bottoms, read[:1])
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (n, n_read), (_, n_label) = bottoms[:2]
        decls = {
            "end": ScratchDecl((n, n_read + 1), "bool", blob=True),
            "read_fits": ScratchDecl((n, n_read), "bool", blob=True),
            "label_fits": ScratchDecl((n, n_label), "bool", blob=True),
            "there": ScratchDecl((n, n_label), "bool", blob=True),
            "differs": ScratchDecl((n, n_read), "bool", blob=True),
            "flag": ScratchDecl((n,), "bool", blob=True),
            "read_counts": ScratchDecl((n, n_read), blob=True),
            "label_counts": ScratchDecl((n, n_label), blob=True),
        }
        decls |= {
            name: ScratchDecl((n, n_read + 1), blob=True) for name in ("row", "next", "other")
        }
        decls |= {
            name: ScratchDecl((n, 1), blob=True) for name in ("n_read", "n_label", "distance")
        }
        return decls | self.weight_scratch(bottoms)


class LabelErrorRateLayer(CountingLayer[LabelErrorRate]):
    """Runs :class:`LabelErrorRate`: row after row of the table of distances of their beginnings.

    The number at place j of a row is the distance of the first j labels that are read, less j: what
    is put in between then costs nothing along the row, and its best is a running minimum.
    """

    def setup(self) -> None:
        s, backend = self.scratch, self.backend
        self.read, self.label = (blob.data for blob in self.bottoms[:2])
        n_read = self.read.shape[1]
        self.weights = weights_of(self, self.read.shape[:1])
        self.weigh: list[Call] = []
        if self.weights is not None:
            self.weigh = [self.weights.over(s[name], (1,)) for name in ("n_label", "distance")]
        self.sums_of = [
            backend.axes_sum(s["read_counts"], (1,), s["n_read"]),
            backend.axes_sum(s["label_counts"], (1,), s["n_label"]),
            backend.axes_sum(s["row"], (1,), s["distance"]),
        ]
        self.places = self.xp.arange(n_read + 1, dtype=self.dtype)[None]
        self.fit = [
            backend.expectation(s["read_fits"], self.read, partial(self.refuse, 0)),
            backend.expectation(s["label_fits"], self.label, partial(self.refuse, 1)),
        ]
        self.expectations += self.fit
        self.steps = [1 << k for k in range(n_read.bit_length())]
        self.count_up(4)

    def check(self, which: int, values: Array, there: Array, fits: Array) -> None:
        """Write where a label is; see that none stands behind padding."""
        xp = self.xp
        xp.not_equal(values, self.spec.pad_label, out=there)
        fits.fill(True)
        xp.logical_not(there[:, 1:], out=fits[:, 1:])
        xp.logical_or(fits[:, 1:], there[:, :-1], out=fits[:, 1:])
        if self.weights is not None:
            xp.logical_or(fits, self.weights.nothing[:, None], out=fits)
        self.fit[which].look()

    def forward(self) -> None:
        xp, s, n_valid = self.xp, self.scratch, self.context.n_valid
        if self.weights is not None:
            self.weights.read(n_valid)
        self.check(0, self.read, s["differs"], s["read_fits"])
        self.check(1, self.label, s["there"], s["label_fits"])
        xp.copyto(s["read_counts"], s["differs"])
        xp.copyto(s["label_counts"], s["there"])
        for add_up in self.sums_of[:2]:
            add_up()
        self.write_distance()
        n_rows = n_valid
        if self.weights is None:
            for name in ("n_label", "distance"):
                s[name][n_valid:] = 0
        else:
            for call in self.weigh:
                call()
            n_rows = self.backend.total(self.weights.values)
        total = self.backend.total
        distance, n_label = total(s["distance"][:, 0]), total(s["n_label"][:, 0])
        self.add_counts([distance, n_label, self.n_wrong(), n_rows])

    def write_distance(self) -> None:
        """The distance of each sequence."""
        xp, s = self.xp, self.scratch
        row = s["row"]
        row.fill(0)
        for k in range(self.label.shape[1]):
            self.take_label(k)
        xp.add(row, self.places, out=row)
        xp.not_equal(self.places, s["n_read"], out=s["end"])
        xp.copyto(row, 0, where=s["end"])
        self.sums_of[2]()

    def take_label(self, k: int) -> None:
        """From the row of the first k labels to that of k + 1, where there is one more."""
        xp, s, label = self.xp, self.scratch, self.label[:, k : k + 1]
        row, new, other = s["row"], s["next"], s["other"]
        xp.not_equal(self.read, label, out=s["differs"])
        xp.add(row, 1, out=new)  # the label is left out
        xp.copyto(other[:, 1:], s["differs"])
        xp.add(other[:, 1:], row[:, :-1], out=other[:, 1:])
        xp.subtract(other[:, 1:], 1, out=other[:, 1:])  # it is read, rightly or as another
        xp.minimum(new[:, 1:], other[:, 1:], out=new[:, 1:])
        for step in self.steps:
            xp.copyto(other[:, :step], new[:, :step])
            xp.minimum(new[:, step:], new[:, :-step], out=other[:, step:])
            new, other = other, new
        xp.copyto(row, new, where=s["there"][:, k : k + 1])

    def n_wrong(self) -> Number:
        """How many sequences, or what those weigh, that are not as they should be."""
        xp, flag, distance = self.xp, self.scratch["flag"], self.scratch["distance"][:, 0]
        xp.not_equal(distance, 0, out=flag)
        if self.weights is None:
            return self.backend.number(xp.count_nonzero(flag))
        xp.copyto(distance, flag)
        xp.multiply(distance, self.weights.values, out=distance)
        return self.backend.total(distance)

    def refuse(self, which: int, at: tuple[int, ...], value: float, ago: int) -> None:
        """Report a label behind padding."""
        raise BatchError(
            f"the label {number_text(value)} in {place_text(at)} of the batch stands behind padding"
            f"\n  expected the labels of a sequence first, then pad_label: {self.spec.pad_label}",
            which,
            at,
            value,
            ago,
        )

    def worked_out(self, counts: np.ndarray) -> list[float]:
        distance, n_label, wrong, n_rows = counts.tolist()
        return [distance / n_label if n_label else nan, wrong / n_rows if n_rows else nan]
