"""NVIDIA's compiler for CUDA sources, which needs neither a GPU nor a driver."""

from __future__ import annotations

import ctypes
import importlib.util
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

NOT_HERE = "needs NVRTC: pip install nvidia-cuda-nvrtc"


class Usage(NamedTuple):
    """What a kernel takes of a multiprocessor."""

    kernel: str
    registers: int
    spilled: int


class NvrtcError(RuntimeError):
    """What the compiler says of a source."""


@cache
def library() -> ctypes.CDLL | None:
    """The compiler, from NVIDIA's wheels; None where it is not installed."""
    found = importlib.util.find_spec("nvidia")
    folders = [Path(p) for p in found.submodule_search_locations or ()] if found else []
    names = [p for folder in folders for p in sorted(folder.glob("*/lib/libnvrtc.so.*"))]
    if not names:
        return None
    for part in names[-1].parent.glob("libnvrtc-builtins.so.*"):
        ctypes.CDLL(str(part))  # which older compilers look for, but not in their own folder
    nvrtc = ctypes.CDLL(str(names[-1]))
    nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p
    return nvrtc


def cubin(code: str, architecture: str, options: Sequence[str] = ()) -> tuple[bytes, list[Usage]]:
    """Machine code for GPUs such as ``sm_90``, and what each kernel takes.

    Raises:
        NvrtcError: With the compiler's log, if it finds an error or has a warning.
    """
    nvrtc = library()
    if nvrtc is None:
        raise NvrtcError(NOT_HERE)
    given = (f"--gpu-architecture={architecture}", "--ptxas-options=-v", *options)
    encoded = (ctypes.c_char_p * len(given))(*(o.encode() for o in given))
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), code.encode(), b"kernels.cu", 0, None, None)
    try:
        status = nvrtc.nvrtcCompileProgram(program, len(given), encoded)
        log = _text(nvrtc, program, "ProgramLog").decode()
        if status or "warning" in log:
            raise NvrtcError(f"{nvrtc.nvrtcGetErrorString(status).decode()}\n{log}")
        return _text(nvrtc, program, "CUBIN"), usage(log)
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def usage(log: str) -> list[Usage]:
    """Read a log of ``--ptxas-options=-v``."""
    parts = re.split(r"Compiling entry function '(\w+)'", log)[1:]
    found = []
    for kernel, text in zip(parts[::2], parts[1::2], strict=True):
        registers = re.search(r"Used (\d+) registers", text)
        spilled = re.findall(r"(\d+) bytes spill (?:stores|loads)", text)
        if not registers or not spilled:
            raise NvrtcError(f"cannot read what {kernel} takes:\n{text}")
        found.append(Usage(kernel, int(registers[1]), sum(map(int, spilled))))
    return found


def _text(nvrtc: ctypes.CDLL, program: ctypes.c_void_p, what: str) -> bytes:
    size = ctypes.c_size_t()
    getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{what}")(program, buffer)
    return buffer.raw.rstrip(b"\0") if what == "ProgramLog" else buffer.raw
