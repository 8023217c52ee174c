"""CUDA sources compiled by g++ and run on the CPU, in the call forms of ``cupy.RawModule``.

A launch refuses what a GPU would refuse or get wrong quietly: too large a grid, arguments of the
wrong number, size or kind, arrays with gaps, arrays that overlap while one is written. Within
:func:`thoroughly` each is run in several orders of its blocks and threads, its arrays between
forbidden pages, and must give the same bits every time.
"""

from __future__ import annotations

import ctypes
import getpass
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
from support.fenced import Fenced

HEADER = Path(__file__).with_name("cuda_cpu.h")
COMPILER = shutil.which("g++") if sys.platform == "linux" else None
NO_COMPILER = "needs g++ on Linux, to run CUDA kernels on the CPU"
#: -ffp-contract=off: what the compiler would fuse depends on the machine.
FLAGS = (
    *("-std=c++17", "-O2", "-shared", "-fPIC", "-ffp-contract=off", "-U_FORTIFY_SOURCE"),
    *("-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", "-Wno-clobbered", "-Wno-sign-compare"),
)
ORDERS = {"forwards": 0, "backwards": 1, "shuffled": 2}
MOST_THREADS, MOST_BLOCKS = 1024, (2**31 - 1, 65535, 65535)
BARRIERS = re.compile(r"\b__(?:syncthreads|syncwarp|shfl|ballot|any|all)\w*\s*\(")
KERNEL = re.compile(r"__global__\s+void\s+(?:__launch_bounds__\s*\([^)]*\)\s*)?(\w+)\s*\(")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)

_lock = threading.Lock()  # kernels of one library share their thread and block indices


class LaunchError(RuntimeError):
    """A launch that a GPU would refuse, or whose outcome there is undefined."""


class CompileError(RuntimeError):
    """What g++ says of a source."""


class _Launch(ctypes.Structure):
    _fields_ = (
        ("grid", ctypes.c_uint * 3),
        ("block", ctypes.c_uint * 3),
        ("shared_bytes", ctypes.c_uint),
        ("fibres", ctypes.c_int),
        ("order", ctypes.c_int),
    )


class _Report(ctypes.Structure):
    _fields_ = (
        *((n, ctypes.c_int) for n in ("problem", "line", "other_line", "waiting", "threads")),
        ("is_write", ctypes.c_int),
        ("block", ctypes.c_uint * 3),
        ("thread", ctypes.c_uint * 3),
        ("address", ctypes.c_uint64),
    )


@dataclass(frozen=True)
class Mode:
    """How launches are run.

    Attributes:
        order: Of blocks and threads.
        fence: ``None``: on the arrays themselves. ``end`` or ``start``: on copies that end or
            start at a forbidden page.
    """

    order: str = "forwards"
    fence: str | None = None


#: The ways a launch is run :func:`thoroughly`.
THOROUGH = (
    Mode("forwards", "end"),
    Mode("backwards", "start"),
    Mode("shuffled", "end"),
)
_modes: list[tuple[Mode, ...]] = [(Mode(),)]


@contextmanager
def thoroughly(modes: tuple[Mode, ...] = THOROUGH) -> Iterator[None]:
    """Run every launch in each of these ways; they must agree bit for bit."""
    _modes.append(modes)
    try:
        yield
    finally:
        _modes.pop()


class RawModule:
    """A compiled source.

    Args:
        code: CUDA C++, its kernels ``extern "C"``.
        options: As for NVRTC; definitions are used, the rest is for GPUs.
    """

    def __init__(self, code: str, *, options: Sequence[str] = (), **_: object) -> None:
        self.code, self.options = code, tuple(options)

    def get_function(self, name: str) -> RawKernel:
        """A kernel by name."""
        return RawKernel(self.code, name, self.options)


class RawKernel:
    """A kernel, called as ``kernel(grid, block, arguments, shared_mem=bytes)``.

    Args:
        code: Its source.
        name: In the source.
        options: As for NVRTC.
    """

    def __init__(self, code: str, name: str, options: Sequence[str] = ()) -> None:
        if name not in kernel_names(code):
            raise LaunchError(f"there is no kernel {name!r} in {kernel_names(code)}")
        library = _load(code, tuple(o for o in options if o.startswith("-D")))
        self.name, self.uses_fibres = name, name in functions_with_barriers(code)
        self._call = getattr(library, f"shim_launch_{name}")
        text = ctypes.create_string_buffer(1024)
        getattr(library, f"shim_describe_{name}")(text)
        described = text.value.decode()
        #: of each parameter: pointer or value, constant or written, kind, bytes
        self.parameters = [described[i : i + 4] for i in range(0, len(described), 4)]

    def __call__(
        self,
        grid: Sequence[int],
        block: Sequence[int],
        args: Sequence[object],
        *,
        shared_mem: int = 0,
        **_: object,
    ) -> None:
        """Run it in the ways asked for.

        Raises:
            LaunchError: If a GPU would refuse it, or its outcome there is undefined.
        """
        grid, block = (tuple([*map(int, s), 1, 1][:3]) for s in (grid, block))
        if any(not 1 <= n <= most for n, most in zip(grid, MOST_BLOCKS, strict=True)):
            raise LaunchError(f"{self.name}: no grid can have {grid} blocks")
        if min(block) < 1 or np.prod(block) > MOST_THREADS:
            raise LaunchError(f"{self.name}: no block can have {block} threads")
        arguments = [_as_argument(a) for a in args]
        self._check(arguments)
        launch = _Launch(grid, block, shared_mem, self.uses_fibres, 0)
        *others, last = _modes[-1]
        written = [i for i, p in enumerate(self.parameters) if p[:2] == "pw" and arguments[i].ndim]
        found: list[tuple[Mode, dict[int, np.ndarray]]] = []
        for mode in others:
            trial = [a.copy() if i in written else a for i, a in enumerate(arguments)]
            self._run(launch, trial, mode)
            found.append((mode, {i: trial[i] for i in written}))
        self._run(launch, arguments, last)
        for mode, results in found:
            for i, result in results.items():
                if result.tobytes() != arguments[i].tobytes():
                    raise LaunchError(
                        f"{self.name}: argument {i} differs between the orders {mode.order} and "
                        f"{last.order}: threads depend on each other without a barrier"
                    )

    def _check(self, arguments: list[np.ndarray]) -> None:
        """See that a GPU could be given these arguments."""
        if len(arguments) != len(self.parameters):
            raise LaunchError(
                f"{self.name} takes {len(self.parameters)} arguments, not {len(arguments)}"
            )
        for i, (argument, parameter) in enumerate(zip(arguments, self.parameters, strict=True)):
            wrong = _misfit(argument, parameter)
            if wrong:
                raise LaunchError(f"{self.name}: argument {i} {wrong}")
        arrays = [(i, a) for i, a in enumerate(arguments) if a.ndim]
        for (i, a), (j, b) in combinations(arrays, 2):
            written = "w" in (self.parameters[i][1], self.parameters[j][1])
            if written and np.may_share_memory(a, b):
                raise LaunchError(f"{self.name}: arguments {i} and {j} overlap")

    def _run(self, launch: _Launch, arguments: list[np.ndarray], mode: Mode) -> None:
        launch.order = ORDERS[mode.order]
        fenced = {
            i: Fenced(a, mode.fence)
            for i, a in enumerate(arguments)
            if mode.fence and a.ndim and self.parameters[i][0] == "p"
        }
        pointers, keep = (ctypes.c_void_p * len(arguments))(), []
        for i, (argument, parameter) in enumerate(zip(arguments, self.parameters, strict=True)):
            if parameter[0] == "v" or argument.ndim == 0:
                pointers[i] = argument.ctypes.data
                continue
            address = fenced[i].array.ctypes.data if i in fenced else argument.ctypes.data
            keep.append(ctypes.c_void_p(address))
            pointers[i] = ctypes.addressof(keep[-1])
        report = _Report()
        with _lock:
            problem = self._call(ctypes.byref(launch), pointers, ctypes.byref(report))
        try:
            if problem:
                raise LaunchError(f"{self.name}: {_reason(report, fenced)}")
            for i, copy in fenced.items():
                if not copy.intact:
                    raise LaunchError(f"{self.name}: argument {i} was written outside its bounds")
                if self.parameters[i][1] == "w":
                    arguments[i][...] = copy.array
        finally:
            for copy in fenced.values():
                copy.close()


def _reason(report: _Report, fenced: dict[int, Fenced]) -> str:
    at = f"thread {tuple(report.thread)} of block {tuple(report.block)}"
    match report.problem:
        case 1:
            other = f" and of line {report.other_line}" if report.other_line else ""
            return (
                f"divergent barrier: {report.waiting} of {report.threads} threads wait at those "
                f"of line {report.line}{other}, in block {tuple(report.block)}"
            )
        case 2:
            return (
                f"barrier of line {report.line} after {report.threads - report.waiting} of "
                f"{report.threads} threads have returned, in block {tuple(report.block)}"
            )
        case 3:
            return f"barrier of line {report.line} in a kernel thought to have none"
    did = {0: "reads", 1: "writes"}.get(report.is_write, "reads or writes")
    for i, copy in fenced.items():
        if copy.holds(report.address):
            element = (report.address - copy.start) // copy.array.itemsize
            return f"{did} element {element} of argument {i}, which has {copy.array.size}, in {at}"
    return f"{did} memory that is not its own, in {at}"


def _misfit(argument: np.ndarray, parameter: str) -> str:
    """Why an argument cannot be what a parameter takes; empty if it can."""
    is_pointer, kind, size = parameter[0] == "p", parameter[2], int(parameter[3])
    if is_pointer and argument.ndim == 0:
        is_null = argument.dtype == np.uint64 and argument == 0
        return "" if is_null else f"is {argument.dtype}, not an array"
    if argument.ndim and not is_pointer:
        return "is an array, not a number"
    if argument.itemsize != size or (not is_pointer and argument.dtype.kind != kind):
        return f"is {argument.dtype}, the kernel takes {kind}{size}"
    if not argument.flags.c_contiguous:
        return "has gaps, or is not in C order"
    return ""


def _as_argument(given: object) -> np.ndarray:
    """An array as it is, and a number as one without axes; CuPy takes Python's for 64 bits."""
    if isinstance(given, np.ndarray):
        return given if given.ndim else given.reshape(1)
    if isinstance(given, np.generic):
        return np.asarray(given)
    if isinstance(given, int | float):
        return np.asarray(given, np.int64 if isinstance(given, int) else np.float64)
    raise LaunchError(f"{type(given).__name__} cannot be passed to a kernel")


# --- sources ----------------------------------------------------------------------------


def kernel_names(code: str) -> list[str]:
    """The kernels of a source."""
    return KERNEL.findall(COMMENT.sub("", code))


@cache
def functions_with_barriers(code: str) -> frozenset[str]:
    """The functions of a source that have a barrier, or call one that has."""
    bodies = dict(_functions(COMMENT.sub("", code)))
    found = {name for name, body in bodies.items() if BARRIERS.search(body)}
    while True:
        callers = {
            name
            for name, body in bodies.items()
            if any(re.search(rf"\b{called}\s*[(<]", body) for called in found)
        }
        if callers <= found:
            return frozenset(found)
        found |= callers


def _functions(code: str) -> Iterator[tuple[str, str]]:
    """Each function's name and body."""
    for match in re.finditer(r"(\w+)\s*\(([^(){};]*)\)\s*\{", code):
        depth, end = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(code[end], 0)
            end += 1
        yield match[1], code[match.end() : end]


@cache
def _load(code: str, options: tuple[str, ...]) -> ctypes.CDLL:
    text = re.sub(
        r"extern\s+__shared__\s+([\w ]+?)\s+(\w+)\s*\[\s*\]\s*;",
        r"SHIM_DYNAMIC_SHARED(\1, \2);",
        code,
    )
    launchers = "".join(
        f'extern "C" int shim_launch_{name}(const shim::Launch* l, void** a, shim::Report* r)'
        f" {{ return shim::launch({name}, l, a, r); }}\n"
        f'extern "C" void shim_describe_{name}(char* out) {{ shim::describe({name}, out); }}\n'
        for name in kernel_names(code)
    )
    whole = f'#include "{HEADER.name}"\n{text}\n{launchers}'
    flags = (*FLAGS, f"-I{HEADER.parent}", *options)
    digest = hashlib.sha256(repr((HEADER.read_text(), whole, flags)).encode()).hexdigest()[:24]
    folder = Path(tempfile.gettempdir()) / f"graphnet-cuda-shim-{getpass.getuser()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    library = folder / f"{digest}.so"
    if not library.exists():
        if COMPILER is None:
            raise CompileError(NO_COMPILER)
        made = folder / f"{digest}.{os.getpid()}.so"
        command = [COMPILER, *flags, "-x", "c++", "-", "-o", str(made)]
        environment = os.environ | {"LC_ALL": "C"}
        done = subprocess.run(
            command, input=whole, text=True, capture_output=True, check=False, env=environment
        )
        if done.returncode:
            raise CompileError(done.stderr)
        made.replace(library)
    return ctypes.CDLL(str(library))
