"""cuDNN's convolutions through ctypes: the few functions of its C interface that they need.

cuDNN is loaded only if asked for. Algorithms whose sums have no fixed order are not used, nor is
TF32. The functions are those of version 7 and later; version 9 still has them, marked as deprecated
in favour of its graphs.
"""

from __future__ import annotations

import ctypes
import importlib.util
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.backend.window import Window
from graphnet.blob import Array, Shape
from graphnet.errors import BackendError

_TYPES = {"p": ctypes.c_void_p, "i": ctypes.c_int, "z": ctypes.c_size_t}
#: The arguments of each function: pointer or handle, int, size.
PROTOTYPES = {
    "cudnnCreate": "p",
    "cudnnSetStream": "pp",
    "cudnnCreateTensorDescriptor": "p",
    "cudnnDestroyTensorDescriptor": "p",
    "cudnnSetTensor4dDescriptor": "piiiiii",
    "cudnnCreateFilterDescriptor": "p",
    "cudnnDestroyFilterDescriptor": "p",
    "cudnnSetFilter4dDescriptor": "piiiiii",
    "cudnnCreateConvolutionDescriptor": "p",
    "cudnnDestroyConvolutionDescriptor": "p",
    "cudnnSetConvolution2dDescriptor": "piiiiiiii",
    "cudnnSetConvolutionMathType": "pi",
    "cudnnSetConvolutionGroupCount": "pi",
    "cudnnGetConvolution2dForwardOutputDim": "ppppppp",
    **{
        name: arguments
        for way in ("Forward", "BackwardData", "BackwardFilter")
        for name, arguments in (
            (f"cudnnGetConvolution{way}Algorithm_v7", "pppppipp"),
            (f"cudnnConvolution{way}", "ppppppp" + "ip" + "z" + "ppp"),
        )
    },
}
# values of cuDNN's enumerations
_NCHW, _CROSS_CORRELATION, _DETERMINISTIC = 0, 1, 1
_DEFAULT_MATH, _FMA_MATH = 0, 3  # the others round to fewer bits
_DATA_TYPES = {4: (0, ctypes.c_float), 8: (1, ctypes.c_double)}  # by bytes of a number
#: Algorithms that are looked at; there are eight of the forward pass, and fewer of the others.
_MOST_ALGORITHMS = 8


class _Performance(ctypes.Structure):
    """What cuDNN expects of an algorithm."""

    _fields_ = (
        ("algorithm", ctypes.c_int),
        ("status", ctypes.c_int),
        ("milliseconds", ctypes.c_float),
        ("n_bytes", ctypes.c_size_t),
        ("determinism", ctypes.c_int),
        ("math", ctypes.c_int),
        ("reserved", ctypes.c_int * 3),
    )


def find_library() -> str | None:
    """The library in NVIDIA's wheel, or as the system finds it; None if there is none."""
    spec = importlib.util.find_spec("nvidia")
    folders = spec.submodule_search_locations or () if spec else ()
    found = [str(p) for f in folders for p in Path(f).glob("cudnn/lib/libcudnn.so.9")]
    for name in (*found, "libcudnn.so.9"):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return name
    return None


class Cudnn:
    """The library, and a handle on the current device.

    Args:
        library: As ctypes loads it, or what stands in for it.
    """

    def __init__(self, library: Any) -> None:
        self._library = library
        for name, arguments in PROTOTYPES.items():
            getattr(library, name).argtypes = [_TYPES[a] for a in arguments]
        library.cudnnGetErrorString.restype = ctypes.c_char_p
        self._handle: int | None = None

    @property
    def handle(self) -> int | None:
        """Made when it is first needed."""
        if self._handle is None:
            handle = ctypes.c_void_p()
            self.call("cudnnCreate", ctypes.byref(handle))
            self._handle = handle.value
        return self._handle

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function.

        Raises:
            BackendError: With what cuDNN says, if it fails.
        """
        status = getattr(self._library, name)(*arguments)
        if status:
            said = self._library.cudnnGetErrorString(status).decode()
            raise BackendError(f"{name} failed: {said}\n  GRAPHNET_CONV=gemm does without cuDNN")

    def descriptor(self, kind: str, owner: object) -> int:
        """A new descriptor (Tensor, Filter or Convolution) that lives as long as its owner."""
        made = ctypes.c_void_p()
        self.call(f"cudnnCreate{kind}Descriptor", ctypes.byref(made))
        destroy = getattr(self._library, f"cudnnDestroy{kind}Descriptor")
        weakref.finalize(owner, destroy, made.value)
        return int(made.value or 0)


class ConvDescriptors:
    """The descriptors of a convolution.

    Args:
        cudnn: The library.
        window: Its geometry.
        n_group: Groups of channels.
        shapes: Of ``x``, ``filter`` and ``y``.
        dtype: Of all of them, and what is computed in.
    """

    def __init__(
        self,
        cudnn: Cudnn,
        window: Window,
        n_group: int,
        shapes: Mapping[str, Shape],
        dtype: np.dtype,
    ) -> None:
        self._cudnn = cudnn
        kind, number = _DATA_TYPES[np.dtype(dtype).itemsize]
        self._one, self._zero = number(1), number(0)
        self._convolution = cudnn.descriptor("Convolution", self)
        self._descriptors = {
            "x": cudnn.descriptor("Tensor", self),
            "filter": cudnn.descriptor("Filter", self),
            "y": cudnn.descriptor("Tensor", self),
        }
        cudnn.call(
            "cudnnSetConvolution2dDescriptor", self._convolution, *window.pad, *window.stride,
            *window.dilation, _CROSS_CORRELATION, kind,
        )  # fmt: skip
        cudnn.call("cudnnSetConvolutionMathType", self._convolution, _FMA_MATH)
        cudnn.call("cudnnSetConvolutionGroupCount", self._convolution, n_group)
        for name, descriptor in self._descriptors.items():
            if name == "filter":
                given = ("cudnnSetFilter4dDescriptor", descriptor, kind, _NCHW)
            else:
                given = ("cudnnSetTensor4dDescriptor", descriptor, _NCHW, kind)
            cudnn.call(*given, *shapes[name])

    def out_shape(self) -> Shape:
        """The shape cuDNN computes for ``y``."""
        sizes = [ctypes.c_int() for _ in range(4)]
        x, filter_ = self._descriptors["x"], self._descriptors["filter"]
        self._cudnn.call(
            "cudnnGetConvolution2dForwardOutputDim", self._convolution, x, filter_,
            *map(ctypes.byref, sizes),
        )  # fmt: skip
        return tuple(size.value for size in sizes)

    def algorithm(self, way: str, names: Sequence[str], most_bytes: int) -> int:
        """Of the algorithms that are reproducible and fit, the one cuDNN expects to be quickest.

        Args:
            way: ``Forward``, ``BackwardData`` or ``BackwardFilter``.
            names: Of what goes in, twice, and what comes out: ``x``, ``filter`` or ``y``.
            most_bytes: Of scratch.

        Raises:
            BackendError: If there is none.
        """
        first, second, out = (self._descriptors[name] for name in names)
        count, found = ctypes.c_int(), (_Performance * _MOST_ALGORITHMS)()
        self._cudnn.call(
            f"cudnnGetConvolution{way}Algorithm_v7", self._cudnn.handle, first, second,
            self._convolution, out, _MOST_ALGORITHMS, ctypes.byref(count), ctypes.byref(found),
        )  # fmt: skip
        for one in found[: count.value]:
            is_exact = one.determinism == _DETERMINISTIC and one.math in (_DEFAULT_MATH, _FMA_MATH)
            if one.status == 0 and is_exact and one.n_bytes <= most_bytes:
                return int(one.algorithm)
        raise BackendError(
            f"cuDNN has no reproducible algorithm for a convolution ({way}) in {most_bytes} bytes"
            "\n  GRAPHNET_CONV=gemm does without cuDNN"
        )

    def bind(
        self, way: str, arrays: Mapping[str, Array], scratch: Array, stream: Callable[[], Any]
    ) -> Callable[[], None]:
        """A call of cuDNN on these arrays.

        Args:
            way: As of :meth:`algorithm`.
            arrays: What goes in, twice, and what comes out, under the names of their descriptors.
            scratch: Its bytes.
            stream: Gives the one to compute in.
        """
        names = list(arrays)
        algorithm = self.algorithm(way, names, scratch.nbytes)
        (first, a), (second, b), (out, c) = (
            (self._descriptors[name], _pointer(array)) for name, array in arrays.items()
        )
        return partial(
            self._run, stream, f"cudnnConvolution{way}",
            self._cudnn.handle, ctypes.byref(self._one), first, a, second, b, self._convolution,
            algorithm, _pointer(scratch), scratch.nbytes, ctypes.byref(self._zero), out, c,
        )  # fmt: skip

    def _run(self, stream: Callable[[], Any], name: str, *arguments: Any) -> None:
        self._cudnn.call("cudnnSetStream", self._cudnn.handle, stream().ptr)
        self._cudnn.call(name, *arguments)


def _pointer(array: Any) -> int:
    """Where an array begins on the device."""
    return int(array.data.ptr)
