"""CTCLoss: sequences of labels, of which nobody says at which step each is read."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.measures import at_least_one
from graphnet.blob import Array, Shape, shape_text
from graphnet.declare.fields import NonNegativeInt
from graphnet.errors import BatchError, ShapeError
from graphnet.layers.base import Arity, LossLayer, ScratchDecls, Shapes
from graphnet.layers.losses.ctc_paths import NEVER, CTCPaths, path_scratch
from graphnet.layers.losses.labels import (
    IndexRange,
    counted_from_0,
    memory,
    number_text,
    place_text,
    write_offsets,
)
from graphnet.layers.losses.mean_loss import MeanLoss
from graphnet.layers.losses.weights import rows_counted, weights_of
from graphnet.layers.number_traits import Normaliser


class CTCLoss(MeanLoss):
    """1 / N · Σ −log p(labels): p is the probability of all ways to read them from the steps.

    Each step gives a label or the blank; repeated ones are read once, then blanks are dropped. So
    ``a a - a b b`` reads ``a a b``. Computed in logarithms, forwards and backwards in time.
    It reports ``loss_weight`` times the loss.

    Bottoms:
        0: scores ``(N, T, C)``, not normalised; one of the C classes is the blank.
        1: labels ``(N, S)``: whole numbers from 0 to C − 1 except the blank, then ``pad_label``.
        2: a mask ``(N, T)``: 1 for the steps of a sequence, 0 behind its end. Default: all count.
        3: weights ``(N,)`` of the sequences; 0 leaves out.
    Args:
        loss_weight: The factor of this loss in the objective. Default 1.
        blank: The class that is no label. Default 0.
        pad_label: What stands behind the last label of a sequence. Default -1.
        per_label: Whether what a sequence costs is divided by the number of its labels.
            Default false.
    Example:
        - {name: loss, type: CTCLoss, blank: 4, bottoms: [steps, words]}
    Source:
        Graves, Fernandez, Gomez & Schmidhuber 2006; PyTorch ``CTCLoss``, whose mean is
        ``per_label: true``.
    """

    normalises: ClassVar[Normaliser] = "Softmax"
    n_bottoms: ClassVar[Arity] = Arity(2, 4)

    type: Literal["CTCLoss"] = "CTCLoss"
    loss_weight: float = 1.0
    blank: NonNegativeInt = 0
    pad_label: int = -1
    per_label: bool = False

    @property
    def n_plain(self) -> int:
        return 3

    @property
    def softmax_axis(self) -> int:
        return 2

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        scores, labels = bottoms[:2]
        if len(scores) != 3 or len(labels) != 2 or labels[0] != scores[0]:  # noqa: PLR2004
            raise ShapeError(
                f"bottoms of shapes {shape_text(scores)} and {shape_text(labels)} are no scores "
                "and labels\n  expected N×T×C, a score of each class at each step, and N×S labels"
            )
        if self.blank >= scores[2]:
            raise ShapeError(
                f"blank: {self.blank} is none of the {scores[2]} classes of scores of shape "
                f"{shape_text(scores)}\n  {counted_from_0('classes', scores[2])}"
            )
        if len(bottoms) > 2 and bottoms[2] != scores[:2]:  # noqa: PLR2004
            raise ShapeError(
                f"bottom 2 has shape {shape_text(bottoms[2])}\n  expected "
                f"{shape_text(scores[:2])}: 1 for each step that counts, 0 for the others"
            )
        self.check_weights(bottoms, scores[:1])
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (n, n_steps, n_class), (_, n_labels) = bottoms[:2]
        n_states = 2 * n_labels + 1
        decls = {
            "exp": ScratchDecl((n, n_steps, n_class), lifetime="pass", blob=True),
            "log": ScratchDecl((n, n_steps, n_class), blob=True),
            "total": ScratchDecl((n, n_steps, 1), lifetime="pass", blob=True),
            "along": ScratchDecl((n, n_steps, 1), blob=True),
            "at_step": ScratchDecl((n, n_steps), blob=True),
            "place": ScratchDecl((n, n_steps), "int64", blob=True),
            "left_out": ScratchDecl((n, n_steps), "bool", "pass", blob=True),
            "offset": ScratchDecl((n, n_steps, 1), "int64", "forever", blob=True),
            "index": ScratchDecl((n, n_steps, n_states), "int64", "pass", blob=True),
            "classes": ScratchDecl((n, n_states), "int64", blob=True),
            "numbers": ScratchDecl((n, n_labels), blob=True),
            "whole": ScratchDecl((n, n_labels), blob=True),
            "labelled": ScratchDecl((n, n_labels), "bool", blob=True),
            "fits": ScratchDecl((n, n_labels), "bool", blob=True),
            "ending": ScratchDecl((n, n_states), "bool", blob=True),
            "enough": ScratchDecl((n,), "bool", blob=True),
            "starts": ScratchDecl((n,), "bool", blob=True),
        }
        decls |= {
            name: ScratchDecl((n,), lifetime="pass", blob=True)
            for name in ("coef", "cost", "n_labels", "n_needed", "n_steps")
        }
        return decls | path_scratch(n, n_steps, n_labels) | self.weight_scratch(bottoms)


class CTCLossLayer(LossLayer[CTCLoss]):
    """Runs :class:`CTCLoss`."""

    def setup(self) -> None:
        scratch, xp, backend = self.scratch, self.xp, self.backend
        self.x, self.dx = self.bottoms[0].data, self.bottoms[0].diff
        self.label = self.bottoms[1].data
        self.mask = self.bottoms[2].data if len(self.bottoms) > 2 else None  # noqa: PLR2004
        self.exp, self.total, self.along, self.coef, self.cost = (
            scratch[name] for name in ("exp", "total", "along", "coef", "cost")
        )
        self.paths = CTCPaths(backend, scratch, None if self.mask is None else scratch["left_out"])
        self.weights = weights_of(self, self.x.shape[:1])
        self.weigh = None if self.weights is None else self.weights.over(self.coef, ())
        self.write_total = backend.axes_sum(self.exp, (2,), self.total)
        self.n_class = self.x.shape[2]
        write_offsets(xp, scratch["offset"], self.x, 2)
        self.stride = self.x.strides[2] // self.x.itemsize
        self.states = xp.arange(scratch["ending"].shape[1], dtype=self.dtype)[None]
        self.fit = IndexRange(backend, self.n_class, self.label.dtype).fit(
            self.label, scratch["whole"], scratch["fits"]
        )
        self.labels_fit = backend.expectation(scratch["fits"], self.label, self.refuse_label)
        self.steps_suffice = backend.expectation(
            scratch["enough"], scratch["n_needed"], self.refuse_length
        )
        self.expectations += [self.labels_fit, self.steps_suffice]
        self.count_labels = backend.axes_sum(scratch["numbers"], (1,), scratch["n_labels"])
        self.count_repeats = backend.axes_sum(scratch["numbers"], (1,), scratch["n_needed"])
        self.count_steps = backend.axes_sum(scratch["at_step"], (1,), scratch["n_steps"])
        self.subtract: list[Call] = []
        if self.dx is not None:
            self.subtract = [
                partial(self.subtract_state, s) for s in range(self.paths.logs.shape[2])
            ]

    # --- the labels ---------------------------------------------------------------------

    def read(self) -> None:
        """Take over labels and mask: the states, their ends, and what may be skipped."""
        xp, s, paths = self.xp, self.scratch, self.paths
        labelled, fits, numbers = s["labelled"], s["fits"], s["numbers"]
        xp.not_equal(self.label, self.spec.pad_label, out=labelled)
        self.check_labels(labelled, fits)
        xp.copyto(numbers, labelled)
        self.count_labels()
        self.write_states(labelled)
        # of two equal neighbours the blank between them must be read
        numbers.fill(0)
        xp.equal(s["whole"][:, 1:], s["whole"][:, :-1], out=fits[:, 1:])
        xp.logical_and(fits[:, 1:], labelled[:, 1:], out=fits[:, 1:])
        xp.copyto(numbers[:, 1:], fits[:, 1:])
        self.count_repeats()
        xp.add(s["n_needed"], s["n_labels"], out=s["n_needed"])
        paths.skip.fill(NEVER)
        xp.copyto(paths.skip[:, 3::2], 0, where=xp.logical_not(fits[:, 1:], out=fits[:, 1:]))
        self.read_mask()
        xp.greater_equal(s["n_steps"], s["n_needed"], out=s["enough"])
        if self.mask is not None:
            xp.logical_not(s["left_out"][:, 0], out=s["starts"])
            xp.logical_and(s["enough"], s["starts"], out=s["enough"])
        if self.weights is not None:
            xp.logical_or(s["enough"], self.weights.nothing, out=s["enough"])
        self.steps_suffice.look()
        xp.add(s["n_labels"], s["n_labels"], out=s["n_steps"])  # the last blank
        difference = s["path_sum"]
        xp.subtract(self.states, s["n_steps"][:, None], out=difference)
        paths.ends.fill(NEVER)
        for last in (0, -1):
            xp.equal(difference, last, out=s["ending"])
            xp.copyto(paths.ends, 0, where=s["ending"])

    def check_labels(self, labelled: Array, fits: Array) -> None:
        """See that labels are classes but the blank, and that none follows the padding."""
        xp, other = self.xp, self.scratch["ending"][:, : labelled.shape[1]]
        for call in self.fit:
            call()
        xp.not_equal(self.label, self.spec.blank, out=other)
        xp.logical_and(fits, other, out=fits)
        xp.logical_and(fits[:, 1:], labelled[:, :-1], out=fits[:, 1:])
        xp.logical_not(labelled, out=other)
        xp.logical_or(fits, other, out=fits)
        if self.weights is not None:
            xp.logical_or(fits, self.weights.nothing[:, None], out=fits)
        self.labels_fit.look()

    def write_states(self, labelled: Array) -> None:
        """The class of each state, and where its score lies."""
        xp, classes, index = self.xp, self.scratch["classes"], self.scratch["index"]
        classes.fill(self.spec.blank)
        xp.copyto(classes[:, 1::2], self.scratch["whole"], casting="unsafe", where=labelled)
        xp.multiply(classes, self.stride, out=classes)
        xp.add(self.scratch["offset"], classes[:, None], out=index)

    def read_mask(self) -> None:
        """Which steps count; how many."""
        xp, s = self.xp, self.scratch
        if self.mask is None:
            s["left_out"].fill(False)
            s["n_steps"].fill(self.x.shape[1])
            return
        xp.equal(self.mask, 0, out=s["left_out"])
        xp.copyto(s["at_step"], 1)
        xp.copyto(s["at_step"], 0, where=s["left_out"])
        self.count_steps()

    def refuse_label(self, at: tuple[int, ...], value: float, ago: int) -> None:
        """Report a label that is none."""
        what = f"the label {number_text(value)} in {place_text(at)} of the batch"
        spec = self.spec
        raise BatchError(
            f"{what} is no class, the blank, or stands behind padding"
            f"\n  {counted_from_0('classes', self.n_class)} except {spec.blank}, the blank; then "
            f"pad_label: {spec.pad_label}",
            1,
            at,
            value,
            ago,
        )

    def refuse_length(self, at: tuple[int, ...], value: float, ago: int) -> None:
        """Report labels that no reading of the steps can give."""
        raise BatchError(
            f"the labels in row {at[0]} of the batch need {number_text(value)} steps, and fewer "
            "count, or the first does not\n  expected the steps of a sequence first, at least one "
            "for each label and one between equal neighbours",
            1,
            at,
            value,
            ago,
        )

    # --- passes -------------------------------------------------------------------------

    def forward(self) -> None:
        xp, s, paths, n_valid = self.xp, self.scratch, self.paths, self.context.n_valid
        if self.weights is not None:
            self.weights.read(n_valid)
        self.read()
        count = rows_counted(self.weights, n_valid)
        self.coef[...] = self.spec.loss_weight / at_least_one(count)
        self.coef[n_valid:] = 0
        if self.weigh is not None:
            self.weigh()
        if self.spec.per_label:
            xp.maximum(s["n_labels"], 1, out=self.cost)
            xp.divide(self.coef, self.cost, out=self.coef)
        log = s["log"]
        xp.max(self.x, axis=2, keepdims=True, out=self.along)
        xp.subtract(self.x, self.along, out=log)
        xp.exp(log, out=self.exp)
        self.write_total()
        xp.log(self.total, out=self.along)
        xp.subtract(log, self.along, out=log)
        self.backend.gather(memory(log), memory(s["index"]), memory(paths.logs))
        paths.go_forward()
        xp.negative(paths.log[:, 0], out=self.cost)
        if self.weights is not None or n_valid < len(self.cost):
            nothing = s["enough"]
            xp.equal(self.coef, 0, out=nothing)
            xp.copyto(self.cost, 0, where=nothing)
        self.loss = self.backend.product_total(self.cost, self.coef)
        self.add(count, self.loss)

    def backward(self) -> None:
        """Assign dx = coef · (softmax(x) − [the probability that a path reads the class here])."""
        if self.dx is None:
            return
        xp, s, paths = self.xp, self.scratch, self.paths
        paths.go_backward()
        xp.add(paths.after, paths.before, out=paths.after)
        xp.subtract(paths.after, paths.log[:, None], out=paths.after)
        xp.exp(paths.after, out=paths.after)
        xp.multiply(paths.after, self.coef[:, None, None], out=paths.after)
        xp.divide(self.coef[:, None, None], self.total, out=self.along)
        xp.multiply(self.exp, self.along, out=self.dx)
        for call in self.subtract:
            call()
        if self.mask is not None:
            xp.copyto(self.dx, 0, where=s["left_out"][:, :, None])
        if self.weights is not None or self.context.n_valid < len(self.coef):
            nothing = s["enough"]
            xp.equal(self.coef, 0, out=nothing)
            xp.copyto(self.dx, 0, where=nothing[:, None, None])

    def subtract_state(self, state: int) -> None:
        """Take what a state is worth from the diff of its class, at each step."""
        xp, place, at_step = self.xp, self.scratch["place"], self.scratch["at_step"]
        xp.copyto(place, self.scratch["index"][:, :, state])
        self.backend.gather(memory(self.dx), memory(place), memory(at_step))
        xp.subtract(at_step, self.paths.after[:, :, state], out=at_step)
        self.backend.scatter(memory(self.dx), memory(place), memory(at_step))
