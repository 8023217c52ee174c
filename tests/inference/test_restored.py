"""Numbers as the data have them."""

from __future__ import annotations

import numpy as np

import graphnet as gn
from graphnet.data.record import DataRecord
from graphnet.inference.restored import restored, restorer, restorers
from graphnet.net.spec import read_net

LAYERS = [
    {
        "name": "d",
        "type": "MemoryData",
        "batch_size": 1,
        "tops": ["x", "y"],
        "transformers": {
            "y": [{"type": "SubMean", "mean_file": "m.h5"}, {"type": "Scale", "scale": 2}]
        },
    },
    {"name": "ip", "type": "InnerProduct", "output_dim": 3, "bottoms": ["x"], "tops": ["s"]},
    {"name": "l", "type": "SquareLoss", "bottoms": ["s", "y"]},
]
RECORD = DataRecord(means={"d/y/0": np.array(5.0)})


def test_transformers_are_undone_in_turn():
    """If each of them can be; else nothing is done."""
    values = np.ones((2, 1, 3, 3))
    found = restored([gn.transformers.SubMean(mean=1), gn.transformers.Scale(scale=0.5)], values)
    assert (found == 3).all()
    assert (
        restored([gn.transformers.Scale(scale=2), gn.transformers.Pad(pad=(1, 1))], values)
        is values
    )
    assert restored([], values) is values


def test_the_means_that_were_recorded_are_added():
    """For their files may be gone."""
    spec = read_net(LAYERS)
    assert restorer(spec, "y", RECORD)(np.array([[4.0]])).tolist() == [[7.0]]
    assert restorer(spec, "x", RECORD)(np.array([[4.0]])).tolist() == [[4.0]]
    assert list(restorers(spec, ["s", "t"], RECORD)) == ["s"]
    assert restorers(read_net(LAYERS[:2]), ["s"], RECORD) == {}
