"""A stand-in for libcudnn: real C functions, behind which NumPy computes."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from support.naive_windows import convolve

from graphnet.backend.cupy.cudnn import PROTOTYPES, _Performance
from graphnet.backend.window import Window

_TYPES = {"p": ctypes.c_void_p, "i": ctypes.c_int, "z": ctypes.c_size_t}
GOOD = {"algorithm": 1, "status": 0, "n_bytes": 1000, "determinism": 1, "math": 3}


class FakeCudnn:
    """Has the functions that :data:`graphnet.backend.cupy.cudnn.PROTOTYPES` names.

    Attributes:
        alive: The descriptors there are, and what was said of them.
        ran: The names of the convolutions, with their algorithm.

    Args:
        performances: What it says of its algorithms, best first.
        failing: The name of a function that fails.
    """

    def __init__(self, performances: tuple[dict[str, int], ...] = (GOOD,), failing: str = ""):
        self.alive: dict[int, tuple[Any, ...]] = {}
        self.ran: list[tuple[str, int]] = []
        self._performances, self._failing, self._count = performances, failing, 0
        for name, arguments in PROTOTYPES.items():
            prototype = ctypes.CFUNCTYPE(ctypes.c_int, *(_TYPES[a] for a in arguments))
            setattr(self, name, prototype(self._function(name)))
        said = ctypes.create_string_buffer(b"CUDNN_STATUS_3000")
        say = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_int)
        self.cudnnGetErrorString = say(lambda _: ctypes.addressof(said))

    def _function(self, name: str) -> Callable[..., int]:
        """What is behind a function's name."""
        if name == self._failing:
            return lambda *_: 3000
        if name.startswith("cudnnCreate"):
            return self._create
        if name.startswith("cudnnDestroy"):
            return self._destroy
        if name.startswith("cudnnSet"):
            return self._set
        if name.endswith("Algorithm_v7"):
            return self._algorithms
        if name.endswith("OutputDim"):
            return self._out_shape
        return lambda *arguments: self._convolve(name, *arguments)

    def _create(self, where: int) -> int:
        self._count += 16
        ctypes.cast(where, ctypes.POINTER(ctypes.c_void_p))[0] = self._count
        self.alive[self._count] = ()
        return 0

    def _destroy(self, which: int) -> int:
        del self.alive[which]
        return 0

    def _set(self, which: int, *values: int) -> int:
        self.alive[which] = (*self.alive[which], *values)
        return 0

    def _window(self, convolution: int, kernel: tuple[int, int]) -> tuple[Window, int]:
        """The geometry, and the number of groups."""
        ph, pw, sh, sw, dh, dw, mode, _, math, n_group = self.alive[convolution]
        assert (mode, math) == (1, 3)  # cross-correlation, without TF32
        return Window(kernel, (sh, sw), (ph, pw), (dh, dw)), n_group

    def _out_shape(self, convolution: int, x: int, filter_: int, *where: int) -> int:
        x_shape, filter_shape = self.alive[x][2:], self.alive[filter_][2:]
        window, _ = self._window(convolution, filter_shape[2:])
        shape = (x_shape[0], filter_shape[0], *window.floor_size(x_shape[2:]))
        for pointer, size in zip(where, shape, strict=True):
            ctypes.cast(pointer, ctypes.POINTER(ctypes.c_int))[0] = size
        return 0

    def _algorithms(self, *arguments: int) -> int:
        *_, most, count, found = arguments
        there = self._performances[:most]
        ctypes.cast(count, ctypes.POINTER(ctypes.c_int))[0] = len(there)
        listed = ctypes.cast(found, ctypes.POINTER(_Performance))
        for i, performance in enumerate(there):
            for key, value in performance.items():
                setattr(listed[i], key, value)
        return 0

    def _array(self, descriptor: int, pointer: int) -> np.ndarray:
        """The memory a descriptor is given with."""
        first, second, *shape = self.alive[descriptor]
        kind = first or second  # the other is NCHW, 0
        dtype = np.dtype("f8" if kind else "f4")
        size = int(np.prod(shape)) * dtype.itemsize
        memory = (ctypes.c_char * size).from_address(pointer)
        return np.frombuffer(memory, dtype).reshape(shape)

    def _convolve(self, name: str, *arguments: int) -> int:
        _, alpha, first, a, second, b, convolution, algorithm, _, n_bytes, beta, out, c = arguments
        assert n_bytes >= self._performances[0]["n_bytes"]
        left, right, result = (
            self._array(*of) for of in ((first, a), (second, b), (out, c))
        )  # fmt: skip
        numbers = ctypes.c_float if result.itemsize == 4 else ctypes.c_double
        scales = [ctypes.cast(p, ctypes.POINTER(numbers))[0] for p in (alpha, beta)]
        assert scales == [1, 0]
        way = name.removeprefix("cudnnConvolution")
        order = {
            "Forward": (left, right, result),
            "BackwardData": (result, left, right),
            "BackwardFilter": (left, result, right),
        }
        x, filter_, y = (np.nan_to_num(array, nan=0) for array in order[way])
        window, n_group = self._window(convolution, filter_.shape[2:])
        found = convolve(window, n_group, x, filter_, np.zeros(len(filter_)), y)
        result[...] = {"Forward": found.y, "BackwardData": found.dx}.get(way, found.dfilter)
        self.ran.append((way, algorithm))
        return 0
