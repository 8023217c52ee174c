"""Tests of the cuDNN binding, over a stand-in, and over the library where it is installed."""

from __future__ import annotations

import ctypes
import gc
import re
from pathlib import Path

import numpy as np
import pytest
from support.fake_cudnn import GOOD, FakeCudnn

from graphnet.backend.cupy import cudnn
from graphnet.backend.cupy.cudnn import PROTOTYPES, ConvDescriptors, Cudnn
from graphnet.backend.window import Window
from graphnet.errors import BackendError

LIBRARY = cudnn.find_library()
needs_cudnn = pytest.mark.skipif(
    LIBRARY is None, reason="needs libcudnn: pip install nvidia-cudnn-cu13"
)
WINDOWS = [
    Window((3, 2)),
    Window((3, 3), (2, 1), (1, 1)),
    Window((2, 3), (3, 2), (0, 2), (2, 1)),
    Window((1, 1), (4, 3)),
]
F4 = np.dtype("f4")


def convolution(library, window, n_group=1, dtype=F4):
    """One of six channels and four filters."""
    y = (5, 4, *window.floor_size((11, 9)))
    shapes = {"x": (5, 6, 11, 9), "filter": (4, 6 // n_group, *window.kernel), "y": y}
    return ConvDescriptors(Cudnn(library), window, n_group, shapes, dtype), y


# --- over a stand-in --------------------------------------------------------------------


@pytest.mark.parametrize("window", WINDOWS)
def test_shapes(window):
    """What was said of window and shapes, in the order cuDNN takes it."""
    made, y = convolution(FakeCudnn(), window)
    assert made.out_shape() == y


def test_descriptors_live_as_long_as_their_owner():
    """Then the library gets them back."""
    library = FakeCudnn()
    made, _ = convolution(library, WINDOWS[0], n_group=2)
    assert len(library.alive) == 4  # of the convolution, of x, filter and y
    del made
    gc.collect()
    assert library.alive == {}


@pytest.mark.parametrize(
    "unfit",
    [{"status": 3000}, {"determinism": 0}, {"math": 1}, {"math": 2}, {"n_bytes": 5001}],
    ids=str,
)
def test_unfit_algorithms_are_passed_over(unfit):
    """Those that fail, add in any order, round to fewer bits, or need too much memory."""
    library = FakeCudnn((GOOD | unfit | {"algorithm": 7}, GOOD | {"algorithm": 5}))
    made, _ = convolution(library, WINDOWS[0])
    assert made.algorithm("Forward", ["x", "filter", "y"], 5000) == 5
    made, _ = convolution(FakeCudnn((GOOD | unfit,)), WINDOWS[0])
    with pytest.raises(BackendError, match=r"no reproducible algorithm .*Forward\) in 5000 bytes"):
        made.algorithm("Forward", ["x", "filter", "y"], 5000)


def test_a_failure_is_reported():
    """With the function and what cuDNN says."""
    with pytest.raises(
        BackendError, match=r"cudnnSetConvolutionGroupCount failed: CUDNN_STATUS_3000\n.*=gemm"
    ):
        convolution(FakeCudnn(failing="cudnnSetConvolutionGroupCount"), WINDOWS[0])


# --- over the library -------------------------------------------------------------------


@needs_cudnn
@pytest.mark.parametrize("dtype", [np.dtype("f4"), np.dtype("f8")], ids=str)
@pytest.mark.parametrize("n_group", [1, 2])
@pytest.mark.parametrize("window", WINDOWS)
def test_shapes_of_the_library(window, n_group, dtype):
    """It takes the descriptors, and computes the shape that the window does; without a GPU."""
    made, y = convolution(ctypes.CDLL(LIBRARY), window, n_group, dtype)
    assert made.out_shape() == y


@needs_cudnn
def test_errors_of_the_library():
    """What it does not take, it says so."""
    library = Cudnn(ctypes.CDLL(LIBRARY))
    tensor = library.descriptor("Tensor", library)
    with pytest.raises(BackendError, match=r"cudnnSetTensor4dDescriptor failed: CUDNN_STATUS_BAD"):
        library.call("cudnnSetTensor4dDescriptor", tensor, 0, 0, -1, 1, 1, 1)


@needs_cudnn
def test_prototypes_are_those_of_the_header():
    """Every function takes as many arguments, of the same kinds."""
    folder = Path(LIBRARY).parents[1] / "include"
    if not folder.is_dir():
        pytest.skip("the library was installed without its headers")
    text = "\n".join(path.read_text() for path in sorted(folder.glob("cudnn_*_v9.h")))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    for name, arguments in PROTOTYPES.items():
        declared = re.search(rf"\b{name}\s*\(([^;]*)\);", text)
        assert declared, name
        kinds = ""
        for parameter in declared[1].split(","):
            is_pointer = "*" in parameter or re.search(r"(Descriptor|Handle|Stream)_t\b", parameter)
            is_pointer = is_pointer or "cudnnHandle_t" in parameter
            kinds += "p" if is_pointer else "z" if "size_t" in parameter else "i"
        assert kinds == arguments, name
