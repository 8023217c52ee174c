"""What the stand-in for CuPy has of ``cupy.cuda``: kernels, the device, memory pools."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from support.fake_cublas import HANDLE, Cublas
from support.fake_cupy_array import DeviceArray, host_only


class Module:
    """``cupy.RawModule``."""

    def __init__(self, cp: Any, module: Any) -> None:
        self.cp, self.module = cp, module

    def get_function(self, name: str) -> Kernel:
        """A kernel by name."""
        return Kernel(self.cp, name, self.module.get_function(name))


class Kernel:
    """A kernel whose arguments may be arrays of the device."""

    def __init__(self, cp: Any, name: str, kernel: Any) -> None:
        self.cp, self.name, self.kernel = cp, name, kernel

    def __call__(self, grid: Any, block: Any, args: Any, **keywords: Any) -> None:
        """Launch it."""
        host_only(*args)
        for a in args:
            if isinstance(a, float | int) and not isinstance(a, np.generic):
                raise TypeError(f"{self.name}: pass NumPy scalars, not {a!r}")
        self.cp.launches[self.name] = self.cp.launches.get(self.name, 0) + 1
        self.cp.touch(*args)
        passed = tuple(a._a if isinstance(a, DeviceArray) else a for a in args)
        self.kernel(grid, block, passed, **keywords)


class Pool:
    """``cupy.cuda.MemoryPool``: what is asked of one."""

    def __init__(self) -> None:
        self._limit = 0

    def used_bytes(self) -> int:
        """Nothing is counted."""
        return 0

    total_bytes = n_free_blocks = used_bytes

    def free_all_blocks(self, stream: Any = None) -> None:
        """There are none."""

    def set_limit(self, size: int | None = None, fraction: float | None = None) -> None:
        """Remember it."""
        self._limit = size or 0

    def get_limit(self) -> int:
        """What was set; 0 for none."""
        return self._limit


class Device:
    """``cupy.cuda.Device``: the one there is."""

    id, compute_capability = 0, "90"
    mem_info = (64 << 30, 80 << 30)
    attributes = {"MultiProcessorCount": 132}  # noqa: RUF012  # read alone

    def __init__(self, cp: Any) -> None:
        self.cp = cp

    def synchronize(self) -> None:
        """The host waits for all streams."""
        self.cp.timeline.synchronize()

    def use(self) -> None:
        """It is in use."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


def cuda_of(cp: Any) -> Any:
    """``cupy.cuda``."""
    timeline = cp.timeline
    runtime = SimpleNamespace(
        getDeviceCount=lambda: 1,
        getDevice=lambda: 0,
        runtimeGetVersion=lambda: 13000,
        driverGetVersion=lambda: 13000,
        memGetInfo=lambda: Device.mem_info,
        getDeviceProperties=lambda _: {"name": b"stand-in", "multiProcessorCount": 132},
        deviceSynchronize=timeline.synchronize,
    )
    return SimpleNamespace(
        is_available=lambda: True,
        runtime=runtime,
        Device=lambda _=0: Device(cp),
        Stream=timeline.stream_class(),
        Event=timeline.event_class(),
        get_current_stream=lambda: timeline.current,
        alloc_pinned_memory=timeline.pinned.alloc,
        MemoryPool=Pool,
        get_cublas_handle=lambda: HANDLE,
        cublas=Cublas(cp),
    )
