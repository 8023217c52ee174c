"""Whether CuPy can compute here, and if not, what is missing and how to get it."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from typing import Any

from graphnet.installation import pip_install

#: Codes of the CUDA runtime.
_INSUFFICIENT_DRIVER, _NO_DEVICE = 35, 100


def _install() -> str:
    return (
        f"\n  for a driver of CUDA 13: {pip_install('cuda13')}"
        f"\n  for one of CUDA 12: {pip_install('cuda12')}"
    )


def can_be_had() -> bool:
    """Whether CuPy can compute here; it is imported only if there is a driver, as that is slow."""
    return is_installed() and has_driver() and not what_is_missing()


def is_installed() -> bool:
    """Whether there is a CuPy to import."""
    return importlib.util.find_spec("cupy") is not None


def has_driver() -> bool:
    """Whether NVIDIA's driver is installed."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def what_is_missing() -> str:
    """What CuPy lacks to compute here, and on further lines how to get it; empty if nothing."""
    if not is_installed():
        return f"CuPy is not installed{_install()}"
    try:
        import cupy
    except Exception as error:  # noqa: BLE001  # whatever a broken installation raises
        return f"CuPy cannot be imported\n  {_first_line(error)}{_install()}"
    return _missing_device(cupy.cuda.runtime) or _missing_library(cupy) or _failure(cupy)


def _missing_device(runtime: Any) -> str:
    driver, built_for = runtime.driverGetVersion(), runtime.runtimeGetVersion()
    if driver == 0:
        return (
            "there is no NVIDIA driver"
            f"\n  install one for CUDA {built_for // 1000} or newer; nvidia-smi shows what there is"
        )
    try:
        n_devices = runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        if error.status == _INSUFFICIENT_DRIVER:
            return (
                f"the NVIDIA driver is too old: it is for CUDA {_version(driver)}"
                f"\n  CuPy is built for CUDA {built_for // 1000}: update the driver, or install "
                f"the CuPy that suits it{_install()}"
            )
        if error.status != _NO_DEVICE:
            return f"the NVIDIA driver does not work\n  {_first_line(error)}"
        n_devices = 0
    if n_devices:
        return ""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    hidden = "" if visible is None else f"\n  CUDA_VISIBLE_DEVICES is {visible!r}"
    return f"the NVIDIA driver finds no device{hidden}\n  nvidia-smi -L lists those there are"


def _missing_library(cupy: Any) -> str:
    cuda = cupy.cuda.runtime.runtimeGetVersion() // 1000
    for library in ("nvrtc", "cublas"):
        try:
            module = getattr(cupy.cuda, library)  # loads it
            if library == "nvrtc":
                module.getVersion()
        except Exception as error:  # noqa: BLE001  # whichever way it cannot be loaded
            spelt = {"nvrtc": "NVRTC", "cublas": "cuBLAS"}[library]
            return (
                f"{spelt}, a library of CUDA {cuda}, cannot be loaded\n  {_first_line(error)}"
                f"\n  install the CUDA toolkit, or: pip install 'cupy-cuda{cuda}x[ctk]'"
            )
    return ""


def _failure(cupy: Any) -> str:
    """What fails when it computes a few numbers: CUDA's headers may be missing, or memory."""
    try:
        ones = cupy.ones((2, 2), "float32")
        float(cupy.dot(ones, ones)[0, 0])
    except Exception as error:  # noqa: BLE001  # whatever it is, it is said
        cuda = cupy.cuda.runtime.runtimeGetVersion() // 1000
        return (
            f"CuPy cannot compute\n  {_first_line(error)}"
            f"\n  if parts of CUDA are missing: pip install 'cupy-cuda{cuda}x[ctk]'"
        )
    return ""


def _version(number: int) -> str:
    """``13.2`` of 13020."""
    return f"{number // 1000}.{number % 1000 // 10}"


def _first_line(error: BaseException) -> str:
    """Of its message."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
