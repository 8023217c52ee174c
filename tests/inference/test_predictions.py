"""Rows through a net, a block at a time."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn
from graphnet.inference.fed import FedBlob
from graphnet.inference.predictions import BATCH, Fed, predictions
from graphnet.inference.rows.block import Place, RowBlock
from graphnet.net.predicting.feed import Feed
from graphnet.net.predicting.predict import prediction_spec

LAYERS = [
    {"name": "d", "type": "Input", "batch_size": 1, "shapes": {"x": [3]}, "tops": ["x"]},
    {"name": "ip", "type": "InnerProduct", "output_dim": 2, "bottoms": ["x"], "tops": ["y"]},
]
BLOB = FedBlob("x", Feed("x", None, np.dtype("f4")))


class Given:
    """Blocks of the sizes that a test says."""

    notes = ()

    def __init__(self, rows, sizes, n_rows=None):
        self.rows, self.sizes, self.n_rows = rows, sizes, n_rows

    def blocks(self, size):
        """As given."""
        first = 0
        for n in self.sizes:
            part = self.rows[first : first + n]
            yield RowBlock({"x": part}, [Place("f", f"f:{first + i}") for i in range(n)])
            first += n


@pytest.mark.parametrize(
    ("sizes", "n_rows", "batch"),
    [
        ([7], 7, 7),
        ([7], None, 7),
        ([2, 50, 1], None, BATCH),
        ([100, 100, 33], 233, BATCH),
        ([100, 100, 33], None, BATCH),
        ([5, 5], 10, 10),
    ],
)
def test_all_rows_come_in_order(sizes, n_rows, batch):
    """Whatever the blocks are: what the net says of all at once."""
    rows = np.random.default_rng(0).random((sum(sizes), 3), "f4")
    whole = gn.load_net({"layers": LAYERS}, seed=3)
    fed = Fed(Given(rows, sizes, n_rows), [BLOB])
    assert fed.batch == batch
    assert fed.shapes == {"x": (3,)}
    spec = prediction_spec(whole.compiled.spec, fed.shapes, fed.batch)
    net = whole.share(spec, "test", ["y"])
    found = list(predictions(net, fed, ["y"]))
    assert [one.first for one in found] == np.cumsum([0, *sizes[:-1]]).tolist()
    assert [p.text for one in found for p in one.places] == [f"f:{i}" for i in range(len(rows))]
    values = np.concatenate([one.outputs["y"] for one in found])
    np.testing.assert_allclose(values, whole.predict(rows)["y"], rtol=1e-5)


def test_rows_of_another_shape_are_refused():
    """With the place of the first."""

    class Changing(Given):
        def blocks(self, size):
            yield from super().blocks(size)
            yield RowBlock({"x": np.zeros((1, 4))}, [Place("g", "g:0")])

    whole = gn.load_net({"layers": LAYERS})
    fed = Fed(Changing(np.zeros((2, 3)), [2]), [BLOB])
    net = whole.share(prediction_spec(whole.compiled.spec, fed.shapes, fed.batch), "test", ["y"])
    with pytest.raises(gn.ShapeError, match="g:0: a row of 'x' is 4, and earlier ones were 3"):
        list(predictions(net, fed, ["y"]))
