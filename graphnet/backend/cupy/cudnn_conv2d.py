"""Convolution on the GPU by cuDNN, where GRAPHNET_CONV asks for it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from functools import partial
from typing import Any

from graphnet.backend.base import ConvArrays, ScratchDecl
from graphnet.backend.calls import Call, Op, in_turn
from graphnet.backend.cupy.conv2d import ConvShapes
from graphnet.backend.cupy.cudnn import ConvDescriptors, Cudnn, find_library
from graphnet.backend.cupy.kernels import Kernels
from graphnet.backend.precision import Precision
from graphnet.blob import Array
from graphnet.errors import BackendError, one_of

#: Scratch that cuDNN may use; all convolutions of a net share it.
SCRATCH_BYTES = 2**26
#: What GRAPHNET_CONV may be: auto takes cuDNN where it can be loaded.
CHOICES = ("auto", "cudnn", "gemm")


def chosen_cudnn(precision: Precision = "float32") -> Cudnn | None:
    """cuDNN, if the environment variable GRAPHNET_CONV wants it; by default it does not.

    Args:
        precision: To what operands are to be rounded; with ``auto``, cuDNN is not taken for that.

    Raises:
        BackendError: If it does and the library cannot be loaded, or cannot be had in that
            precision, or if the variable says something else.
    """
    choice = os.environ.get("GRAPHNET_CONV", "gemm")
    if choice not in CHOICES:
        raise BackendError(f"GRAPHNET_CONV is {choice!r}{one_of(CHOICES)}")
    if choice == "gemm" or (choice == "auto" and precision != "float32"):
        return None
    if precision != "float32":
        raise BackendError(
            f"GRAPHNET_CONV is 'cudnn', which computes in float32, and the precision is {precision}"
            "\n  leave the variable out: cuBLAS then computes convolutions, in that precision"
        )
    library = find_library()
    if library is not None:
        return Cudnn(ctypes.CDLL(library))
    if choice == "auto":
        return None
    raise BackendError(
        "GRAPHNET_CONV is 'cudnn', but libcudnn.so.9 cannot be loaded"
        "\n  for CUDA 13: pip install nvidia-cudnn-cu13; for CUDA 12: nvidia-cudnn-cu12"
        "\n  or GRAPHNET_CONV=gemm, the default"
    )


def cudnn_scratch() -> dict[str, ScratchDecl]:
    """The scratch that :func:`bind_cudnn_conv2d` needs."""
    return {"cudnn": ScratchDecl((SCRATCH_BYTES,), "uint8")}


def bind_cudnn_conv2d(
    cp: Any, cudnn: Cudnn, shapes: ConvShapes, arrays: ConvArrays, scratch: Mapping[str, Array]
) -> Op:
    """A convolution bound to its arrays.

    Args:
        cp: CuPy, or what stands in for it.
        cudnn: The library.
        shapes: Of the arrays.
        arrays: What is computed from what.
        scratch: As :func:`cudnn_scratch` declares it.
    """
    x, filter_, y, dy = arrays.x, arrays.filter, arrays.y, arrays.dy
    named = {"x": x.shape, "filter": filter_.shape, "y": y.shape}
    convolution = ConvDescriptors(cudnn, shapes.window, shapes.n_group, named, x.dtype)
    bind = partial(convolution.bind, scratch=scratch["cudnn"], stream=cp.cuda.get_current_stream)
    forward: list[Call] = [bind("Forward", {"x": x, "filter": filter_, "y": y})]
    if arrays.bias is not None:
        forward.append(partial(cp.add, y, arrays.bias.reshape(-1, 1, 1), out=y))
    backward: list[Call] = []
    if dy is not None and arrays.dfilter is not None:
        backward.append(bind("BackwardFilter", {"x": x, "y": dy, "filter": arrays.dfilter}))
    if dy is not None and arrays.dx is not None:
        backward.append(bind("BackwardData", {"filter": filter_, "y": dy, "x": arrays.dx}))
    if dy is not None and arrays.dbias is not None:
        n, channels, height, width = dy.shape
        arguments = (dy, arrays.dbias, n, channels, height * width)
        backward.append(Kernels(cp).bind("sums.channel_sums", y.dtype, (channels, 1), arguments))
    return Op(in_turn(forward), in_turn(backward))
