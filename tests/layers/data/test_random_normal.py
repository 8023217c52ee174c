"""RandomNormal through the layer harness, and where its draws come from."""

import numpy as np
import pytest
from support.layer_case import (
    FIRST_SAMPLE,
    ITERATION,
    SEED,
    LayerCase,
    Rig,
    check_allocation,
    check_layer,
    numpy_backend,
)

from graphnet.errors import SpecError
from graphnet.layers.data.random_normal import RandomNormal
from graphnet.random.keys import stream_key


def spec(dims, *sizes, name="eps"):
    tops = tuple(f"t{i}" for i in range(len(sizes)))
    return RandomNormal(name=name, tops=tops, shape=dims, batch_sizes=sizes)


def draws(*shapes):
    """The stream of each top."""

    def reference(*_):
        arrays = []
        for i, shape in enumerate(shapes):
            array = numpy_backend().empty_blob(shape, np.dtype(np.float64))
            key = stream_key(SEED, f"eps/{i}")
            numpy_backend().fill_normal(key, ITERATION, FIRST_SAMPLE, array)
            arrays.append(array)
        return arrays

    return reference


CASES = [
    LayerCase(spec([5], 4), [], draws((4, 5)), draws=True, label="one top"),
    LayerCase(spec([2, 3], 4, 1), [], draws((4, 2, 3), (1, 2, 3)), draws=True, label="two"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Each top is filled from a stream of its own."""
    check_layer(case)


def test_moments():
    """The draws have mean 0 and variance 1, and differ between tops and iterations."""
    rig = Rig(LayerCase(spec([40], 100, 100), [], None))
    first = rig.forward()
    rig.context.iteration += 1
    second = rig.forward()
    assert abs(first["top 0"].mean()) < 0.06
    assert abs(first["top 0"].var() - 1) < 0.06
    assert (first["top 0"] != first["top 1"]).all()
    assert (first["top 0"] != second["top 0"]).all()


def test_any_number_of_threads_draws_the_same():
    """A top large enough to be split is filled alike, and nothing is allocated for it."""
    case = LayerCase(spec([32, 64], 256), [], None)
    one, two = (Rig(case, dtype=np.float32, threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one.forward()["top 0"], two.forward()["top 0"])
    check_allocation(one)


def test_a_size_for_each_top():
    """There are as many batch sizes as tops."""
    with pytest.raises(SpecError, match="2 tops need as many batch_sizes, found 1"):
        RandomNormal(name="eps", tops=("a", "b"), shape=(3,), batch_sizes=(4,))
