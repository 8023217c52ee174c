"""What this machine computes with."""

from __future__ import annotations

import platform
import sys
from types import SimpleNamespace

from graphnet.backend import machine


def test_blas(monkeypatch):
    """Of all libraries with threads, those that multiply matrices; NumPy's is loaded."""
    assert all(found.name and found.path for found in machine.blas())
    loaded = [
        {"user_api": "openmp", "internal_api": "openmp", "filepath": "a"},
        {"user_api": "blas", "internal_api": "mkl", "version": None, "filepath": "b"},
    ]
    monkeypatch.setattr(machine, "threadpool_info", lambda: loaded)
    assert machine.blas() == [machine.BlasLibrary("mkl", "", "", "b")]


def test_processor(tmp_path, monkeypatch):
    """What its numbers depend on; its name as the system has it, or Python."""
    found = machine.processor()
    assert all(" for " in library for library in found.blas)
    assert found.to_dict()["architecture"] == platform.machine()
    text = "vendor_id : X\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: Some CPU @ 2 GHz\n"
    (tmp_path / "cpuinfo").write_text(text)
    assert machine._model(tmp_path / "cpuinfo") == "Some CPU @ 2 GHz"
    monkeypatch.setattr(platform, "processor", lambda: "arm")
    assert machine._model(tmp_path / "none") == "arm"


def test_gpus(monkeypatch):
    """By name, or what is missing."""
    monkeypatch.setattr(machine, "what_is_missing", lambda: "there is no NVIDIA driver")
    assert machine.gpus() == ([], "there is no NVIDIA driver")
    runtime = SimpleNamespace(
        getDeviceCount=lambda: 2, getDeviceProperties=lambda i: {"name": (b"GPU 0", "GPU 1")[i]}
    )
    cupy = SimpleNamespace(cuda=SimpleNamespace(runtime=runtime))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(machine, "what_is_missing", lambda: "")
    assert machine.gpus() == (["GPU 0", "GPU 1"], "")
