"""Mocha's exchange models, as graphnet writes them."""

import h5py
import numpy as np
import pytest

from graphnet.errors import SpecError
from graphnet.interchange.mocha.writing import mocha_names, write_mocha
from graphnet.interchange.weights.matching import Needed

NEEDED = [
    Needed("conv", "filter", "params", (4, 2, 3, 3), "Convolution", 0),
    Needed("conv", "bias", "params", (4,), "Convolution", 1),
    Needed("ip", "weight", "params", (5, 6), "InnerProduct", 0),
    Needed("ip", "bias", "params", (5,), "InnerProduct", 1),
    Needed("back", "bias", "params", (6,), "TiedInnerProduct", 0),
]


def test_names_and_shapes():
    """The bias of an inner product is a column in Mocha, which h5py sees as a row."""
    found = mocha_names(NEEDED)
    assert {name: (each.needed.path, each.shape) for name, each in found.items()} == {
        "conv___filter": ("conv/filter", (4, 2, 3, 3)),
        "conv___bias": ("conv/bias", (4,)),
        "ip___weight": ("ip/weight", (5, 6)),
        "ip___bias": ("ip/bias", (1, 5)),
        "back___bias": ("back/bias", (1, 6)),
    }


def test_what_mocha_does_not_have():
    """All of it, at once."""
    others = [
        Needed("bn", "mean", "state", (4,), "BatchNorm", 2),
        Needed("up", "filter", "params", (4, 2, 3, 3), "Deconvolution", 0),
    ]
    with pytest.raises(SpecError, match="layer 'bn'") as found:
        mocha_names([*NEEDED, *others])
    assert str(found.value) == (
        "layer 'bn' (BatchNorm): Mocha has no param such as its 'mean', 4\n"
        "layer 'up' (Deconvolution): Mocha has no param such as its 'filter', 4×2×3×3"
    )


def test_data_sets(tmp_path):
    """One for each param, with its type; equal params give equal files."""
    arrays = {"a___weight": np.arange(6.0).reshape(2, 3).T, "a___bias": np.ones((1, 3), "f4")}
    for name in ("one.h5", "two.h5"):
        write_mocha(tmp_path / name, arrays)
    with h5py.File(tmp_path / "one.h5") as file:
        assert sorted(file) == ["a___bias", "a___weight"]
        assert np.array_equal(file["a___weight"][()], arrays["a___weight"])
        assert [file[name].dtype for name in arrays] == ["f8", "f4"]
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()
