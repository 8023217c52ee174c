"""Tests of graphnet.backend.cupy.probe, and of choosing a backend by it."""

from __future__ import annotations

import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from support.fake_cupy import FakeCupy

from graphnet.backend import open_backend
from graphnet.backend.cupy import probe as cupy_probe
from graphnet.backend.cupy.backend import CupyBackend
from graphnet.errors import BackendError


class CUDARuntimeError(RuntimeError):
    """As CuPy's."""

    def __init__(self, status, name):
        super().__init__(f"{name}: words\nmore words")
        self.status = status


def fake(*, driver=13000, devices=1, error=None, nvrtc=lambda: (13, 0), cublas=True, ones=np.ones):
    """A CuPy built for CUDA 13.2 on a machine as described."""

    def count():
        if error is not None:
            raise error
        return devices

    runtime = SimpleNamespace(
        driverGetVersion=lambda: driver,
        runtimeGetVersion=lambda: 13020,
        getDeviceCount=count,
        CUDARuntimeError=CUDARuntimeError,
    )
    cuda = SimpleNamespace(runtime=runtime, nvrtc=SimpleNamespace(getVersion=nvrtc))
    if cublas:
        cuda.cublas = object()
    return SimpleNamespace(cuda=cuda, ones=ones, dot=np.dot)


def no_nvrtc():
    """As where the library is not there."""
    raise ImportError("libnvrtc.so.13: no such file\nand so on")


def no_headers(*_):
    """As where CuPy cannot compile a kernel of its own."""
    raise RuntimeError("CUDA headers are not here\nand so on")


@pytest.fixture
def machine(monkeypatch):
    """A function that puts a CuPy in place of the one that may be installed."""

    def put(cupy, *, driver_file=True):
        monkeypatch.setattr(cupy_probe, "is_installed", lambda: cupy is not None)
        monkeypatch.setattr(cupy_probe, "has_driver", lambda: driver_file)
        monkeypatch.setitem(sys.modules, "cupy", cupy)

    return put


MISSING = {
    "CuPy": (None, r"CuPy is not installed\n.*CUDA 13: pip install .*\[cuda13\]'\n.*\[cuda12\]'"),
    "driver": (fake(driver=0), r"there is no NVIDIA driver\n  install one for CUDA 13 or newer"),
    "newer driver": (
        fake(driver=12040, error=CUDARuntimeError(35, "cudaErrorInsufficientDriver")),
        r"driver is too old: it is for CUDA 12\.4\n.*built for CUDA 13: update.*\n.*\n.*cuda12",
    ),
    "device": (
        fake(error=CUDARuntimeError(100, "cudaErrorNoDevice")),
        r"finds no device\n  CUDA_VISIBLE_DEVICES is '7'\n  nvidia-smi -L lists",
    ),
    "a device at all": (fake(devices=0), "finds no device"),
    "a working driver": (
        fake(error=CUDARuntimeError(802, "cudaErrorSystemNotReady")),
        r"driver does not work\n  cudaErrorSystemNotReady: words$",
    ),
    "NVRTC": (
        fake(nvrtc=no_nvrtc),
        r"NVRTC, a library of CUDA 13, cannot be loaded\n  libnvrtc.so.13: no such file\n.*x\[ctk",
    ),
    "headers": (
        fake(ones=no_headers),
        r"CuPy cannot compute\n  CUDA headers are not here\n.*pip install 'cupy-cuda13x\[ctk",
    ),
    "cuBLAS": (fake(cublas=False), r"cuBLAS, a library of CUDA 13, cannot be loaded\n.*\n.*ctk"),
}


@pytest.mark.parametrize("name", MISSING)
def test_what_is_missing(name, machine, monkeypatch):
    """Each is said, with what to do; asked for by name it is an error, by auto it is not."""
    cupy, message = MISSING[name]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    machine(cupy)
    assert re.search(message, cupy_probe.what_is_missing(), re.DOTALL)
    with pytest.raises(BackendError, match="the cupy backend is not available: "):
        open_backend("cupy")
    assert open_backend("auto").name == "numpy"


def test_a_cupy_that_cannot_be_imported(machine, monkeypatch):
    """An installation may be broken in any way."""
    machine(fake())
    monkeypatch.setitem(sys.modules, "cupy", None)  # an import of it raises ImportError
    assert cupy_probe.what_is_missing().startswith("CuPy cannot be imported\n  import of cupy")


@pytest.mark.parametrize("name", ["auto", "cupy"])
def test_nothing_is_missing(name, machine, monkeypatch):
    """The backend is opened by either name."""
    cupy = FakeCupy()
    for part, value in vars(fake().cuda).items():
        monkeypatch.setattr(cupy.cuda, part, value, raising=False)
    machine(cupy)
    backend = open_backend(name)
    assert isinstance(backend, CupyBackend)
    assert backend.xp is cupy


def test_cupy_is_not_imported_without_a_driver(machine):
    """The import takes its time, and auto is the default of every command."""
    machine(SimpleNamespace(), driver_file=False)  # would raise AttributeError if looked at
    assert not cupy_probe.can_be_had()
    code = (
        "import sys, graphnet.backend as b; b.open_backend('numpy'); print('cupy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_this_machine():
    """Whatever it is, it can be asked."""
    assert cupy_probe.can_be_had() == (cupy_probe.has_driver() and not cupy_probe.what_is_missing())
