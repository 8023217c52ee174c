"""Which answer is examined."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.data.record import DataRecord
from graphnet.inference.examination.choosing import examined, examiner_of
from graphnet.inference.examination.classes import ClassExaminer
from graphnet.inference.examination.numbers import NumberExaminer
from graphnet.inference.examination.tags import TagExaminer
from graphnet.net.spec import read_net

DATA = {"name": "d", "type": "MemoryData", "batch_size": 1, "tops": ["x", "y"]}
IP = {"name": "ip", "type": "InnerProduct", "output_dim": 3, "bottoms": ["x"], "tops": ["s"]}


def net(*layers, **data):
    return read_net([DATA | data, IP, *layers])


def layer(kind, answer="s", label="y", **more):
    return {"name": f"{kind}-{answer}", "type": kind, "bottoms": [answer, label], **more}


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([layer("SoftmaxLoss")], ("s", "y", "classes")),
        ([layer("SigmoidCrossEntropyLoss")], ("s", "y", "tags")),
        ([layer("SquareLoss")], ("s", "y", "numbers")),
        ([layer("SquareLoss"), layer("Accuracy", "x")], ("x", "y", "classes")),
        ([layer("SoftmaxLoss", "x"), layer("SoftmaxLoss")], ("s", "y", "classes")),
        ([layer("SquareLoss", label="x")], None),
        ([layer("SoftmaxLoss", phase="train")], None),
        ([], None),
    ],
)
def test_the_answer(layers, expected):
    """Classes before tags before numbers, the last of several; no copy of the input."""
    found = examined(net(*layers))
    assert (found and (found.answer, found.label, found.how.kind)) == expected


def test_its_examiner():
    """By what is judged."""
    for kind, cls in (
        ("SoftmaxLoss", ClassExaminer),
        ("BinaryAccuracy", TagExaminer),
        ("SquareLoss", NumberExaminer),
    ):
        spec = net(layer(kind))
        assert isinstance(examiner_of(spec, examined(spec), (2, 3), DataRecord(), 1), cls)


def test_numbers_as_they_are_stored():
    """The transformers of the label are undone, if all can be."""
    transformers = {"y": [{"type": "SubMean", "mean": 5}, {"type": "Scale", "scale": 0.5}]}
    spec = net(layer("SquareLoss"), transformers=transformers)
    found = examiner_of(spec, examined(spec), (2, 3), DataRecord(), 1)
    found.add(0, np.array([[1.0]]), np.array([[2.0]]))
    assert found.worst.rows[0].detail == {"label": [9.0], "answer": [7.0]}
