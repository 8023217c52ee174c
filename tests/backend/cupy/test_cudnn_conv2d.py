"""Tests of graphnet.backend.cupy.cudnn_conv2d, over stand-ins for CuPy and cuDNN."""

from __future__ import annotations

import numpy as np
import pytest
from support.conv_cases import PADDED, TOLERANCE, random_case, run
from support.cuda_shim import COMPILER, NO_COMPILER
from support.fake_cudnn import FakeCudnn
from support.fake_cupy import FakeCupy
from support.naive_windows import convolve

from graphnet.backend.cupy import cudnn_conv2d
from graphnet.backend.cupy.backend import CupyBackend
from graphnet.backend.cupy.cudnn import Cudnn
from graphnet.backend.cupy.cudnn_conv2d import SCRATCH_BYTES, chosen_cudnn
from graphnet.backend.window import Window
from graphnet.errors import BackendError

needs_compiler = pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)


@pytest.fixture
def library():
    """A stand-in for cuDNN."""
    return FakeCudnn()


@pytest.fixture
def backend(library):
    """On it."""
    return CupyBackend(FakeCupy(), Cudnn(library))


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("window", "n_group"),
    [(Window((3, 3)), 1), (PADDED, 2), (Window((2, 3), (1, 2), (1, 0), (2, 1)), 1)],
)
def test_convolution(window, n_group, dtype, backend, library):
    """Forward and all gradients are those of the slow reference."""
    case = random_case(window, n_group, (3, 4, 7, 8), 6, dtype)
    expected = convolve(window, n_group, *case)
    found = run(backend, window, n_group, case)
    for name, value in found.items():
        wanted = getattr(expected, name)
        scale = TOLERANCE[dtype] * max(1.0, np.abs(wanted).max())
        np.testing.assert_allclose(value, wanted, atol=scale, rtol=0, err_msg=name)
    assert library.ran == [("Forward", 1), ("BackwardFilter", 1), ("BackwardData", 1)]


@needs_compiler
@pytest.mark.parametrize("wanted", [(), ("dx",), ("dfilter",), ("dbias",)])
def test_only_what_is_wanted(wanted, backend, library):
    """A diff that is None is not computed, nor an algorithm sought for it."""
    case = random_case(PADDED, 1, (3, 4, 6, 5), 4, "float64")
    assert set(run(backend, PADDED, 1, case, wanted=wanted, bias=False)) == {"y", *wanted}
    assert len(library.ran) == 1 + len({"dx", "dfilter"} & set(wanted))


def test_scratch_of_cudnn(backend):
    """All convolutions ask for as much, so that they can share it."""
    decls = backend.conv2d_scratch(PADDED, 1, (3, 4, 6, 5), (4, 4, 3, 3), backward=True)
    assert {k: (d.shape, d.dtype) for k, d in decls.items()} == {
        "cudnn": ((SCRATCH_BYTES,), "uint8")
    }


# --- choosing it ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "is_there", "is_taken"),
    [
        (None, True, False),
        ("gemm", True, False),
        ("auto", True, True),
        ("auto", False, False),
        ("cudnn", True, True),
    ],
)
def test_chosen(choice, is_there, is_taken, monkeypatch, library):
    """By default it is left alone; auto takes it where it is."""
    monkeypatch.delenv("GRAPHNET_CONV", raising=False)
    if choice:
        monkeypatch.setenv("GRAPHNET_CONV", choice)
    monkeypatch.setattr(cudnn_conv2d, "find_library", lambda: "libcudnn" if is_there else None)
    monkeypatch.setattr(cudnn_conv2d.ctypes, "CDLL", lambda _: library)
    assert (chosen_cudnn() is not None) == is_taken


def test_it_is_not_there(monkeypatch):
    """What to install is said."""
    monkeypatch.setenv("GRAPHNET_CONV", "cudnn")
    monkeypatch.setattr(cudnn_conv2d, "find_library", lambda: None)
    with pytest.raises(BackendError, match=r"cannot be loaded\n.*pip install nvidia-cudnn-cu13"):
        CupyBackend(FakeCupy())


def test_no_such_choice(monkeypatch):
    """The choices are shown."""
    monkeypatch.setenv("GRAPHNET_CONV", "fft")
    with pytest.raises(BackendError, match=r"GRAPHNET_CONV is 'fft'\n.*auto, cudnn, gemm"):
        CupyBackend(FakeCupy())
