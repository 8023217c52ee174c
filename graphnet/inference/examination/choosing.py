"""Which answer of a net is examined, and by whom."""

from __future__ import annotations

from graphnet.blob import Shape
from graphnet.data.record import DataRecord
from graphnet.inference.answer import JudgedAnswer, judged
from graphnet.inference.examination.classes import ClassExaminer
from graphnet.inference.examination.examiner import Examiner
from graphnet.inference.examination.numbers import NumberExaminer
from graphnet.inference.examination.tags import TagExaminer
from graphnet.inference.restored import restorer
from graphnet.layers.shape.axis import axis_of
from graphnet.net.passes import select_phase
from graphnet.net.predicting.feed import feeders
from graphnet.net.predicting.predict import data_computed_with
from graphnet.net.spec import NetSpec


def examined(spec: NetSpec) -> JudgedAnswer | None:
    """The answer that is examined: classes before tags before numbers, and of several the last.

    What a net is to say of its own input, as an auto-encoder, is no answer.
    """
    found = judged(spec.with_nodes(select_phase(spec.nodes, "test")))
    computed, data = data_computed_with(spec), feeders(spec)
    found = [
        one
        for one in found
        if one.how.kind == "classes" or (one.label in data and one.label not in computed)
    ]
    first = [one for one in found if one.how.kind == found[0].how.kind]
    return first[-1] if first else None


def examiner_of(
    spec: NetSpec, one: JudgedAnswer, shape: Shape, record: DataRecord, n_worst: int
) -> Examiner:
    """What examines an answer.

    Args:
        spec: The net.
        one: The answer.
        shape: Of its blob, with the rows.
        record: Of the net's data.
        n_worst: How many of the worst rows are kept.
    """
    how, names = one.how, record.classes(one.label)
    match how.kind:
        case "classes":
            axis = axis_of(shape, how.axis)
            return ClassExaminer(shape[axis], axis, how.squash, how.ignore_label, names, n_worst)
        case "tags":
            return TagExaminer(how.threshold, how.ignore_label, names, n_worst)
        case "numbers":
            return NumberExaminer(restorer(spec, one.label, record), n_worst)
