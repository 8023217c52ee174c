"""Tests of graphnet.backend.cupy.kernels, and of every kernel in graphnet/backend/cupy/cuda.

Each kernel runs on the CPU against NumPy, and is compiled for the GPUs of this decade; neither
needs a GPU.
"""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest
from support import nvrtc
from support.cuda_shim import COMPILER, NO_COMPILER, RawModule, kernel_names, thoroughly
from support.fake_cupy import FakeCupy
from support.kernel_cases import CASES, Outcome

from graphnet.backend.cupy import kernels as cuda_kernels
from graphnet.backend.cupy.backend import CupyBackend
from graphnet.backend.cupy.kernels import FOLDER, MOST_ALONG_Y, REALS, THREADS, Kernels, blocks_for
from graphnet.backend.window import Window
from graphnet.errors import ShapeError

FILES = sorted(path.stem for path in FOLDER.glob("*.cu"))
KERNELS = [f"{file}.{name}" for file in FILES for name in kernel_names(cuda_kernels.source(file))]
ARCHITECTURES = ("sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120")
#: A multiprocessor runs two blocks of 256 threads or more at once with so many.
MOST_REGISTERS = 96

needs_compiler = pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)
needs_nvrtc = pytest.mark.skipif(nvrtc.library() is None, reason=nvrtc.NOT_HERE)


def test_every_kernel_has_a_case():
    """A kernel nobody runs may do anything."""
    assert sorted(CASES) == sorted(KERNELS)


@needs_compiler
@pytest.mark.parametrize("dtype", [np.dtype("f4"), np.dtype("f8")], ids=str)
@pytest.mark.parametrize("kernel", CASES)
def test_kernel(kernel, dtype):
    """In any order of threads and any cut into blocks it writes what NumPy computes."""
    file, name = kernel.split(".")
    options = cuda_kernels.options(dtype.itemsize)
    function = RawModule(code=cuda_kernels.source(file), options=options).get_function(name)
    outcome, n_launches = Outcome(), 0
    for number, case in enumerate(CASES[kernel](dtype)):
        for grid, block in case.launches():
            arguments = [a.copy() if isinstance(a, np.ndarray) else a for a in case.arguments]
            with thoroughly():
                function(grid, block, arguments)
            for place in case.expected:
                where = f"case {number}, grid {grid}, block {block}"
                outcome.compare(where, arguments[place], case, place)
            n_launches += 1
    assert not outcome.wrong, "\n".join(outcome.wrong[:3])
    assert n_launches


@needs_nvrtc
@pytest.mark.parametrize("dtype", [np.dtype("f4"), np.dtype("f8")], ids=str)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_kernels_compile_for_gpus(architecture, dtype):
    """NVIDIA's compiler takes all of them, warns of nothing and keeps everything in registers."""
    code = "\n".join(map(cuda_kernels.source, FILES))
    cubin, usage = nvrtc.cubin(code, architecture, cuda_kernels.options(dtype.itemsize))
    lines = [f"{u.kernel}: {u.registers} registers, {u.spilled} bytes spilled" for u in usage]
    shown = "\n".join([f"{architecture} {REALS[dtype.itemsize]}: {len(cubin)} bytes", *lines])
    sys.stdout.write(shown)  # pytest -s shows it
    assert cubin[:4] == b"\x7fELF"
    assert sorted(u.kernel for u in usage) == sorted(k.split(".")[1] for k in KERNELS)
    assert [u for u in usage if u.spilled] == []
    assert [u for u in usage if u.registers > MOST_REGISTERS] == []


@needs_nvrtc
def test_errors_name_their_file():
    """What the compiler finds is reported by the line of the source it was read from."""
    code = cuda_kernels.source("gather").replace("flat[index[i]];", "flat[indices[i]];")
    line = 1 + next(i for i, text in enumerate(code.splitlines()[1:]) if "indices" in text)
    with pytest.raises(nvrtc.NvrtcError, match=rf"gather\.cu\({line}\).*\"indices\" is undefined"):
        nvrtc.cubin(code, "sm_90", cuda_kernels.options(4))


@pytest.mark.parametrize("file", FILES)
def test_a_file_says_what_its_kernels_do(file):
    """It opens with a comment, so does each kernel, and none uses atomics."""
    text = cuda_kernels.source(file).partition("\n")[2]
    assert text.startswith("// ")
    assert not re.search(r"\batomic[A-Z]", text)
    before_kernels = re.findall(r'^(.*)\nextern "C" __global__', text, re.MULTILINE)
    # one comment may speak of a few kernels, the first of which it stands before
    assert before_kernels
    assert all(line == "" or line.startswith("// ") for line in before_kernels)
    assert before_kernels[0].startswith("// ")
    for size in re.findall(r"#define \w+_THREADS (\d+)", text):
        assert int(size) == THREADS


# --- binding ----------------------------------------------------------------------------


class Recorder:
    """Stands in for CuPy: writes down what is compiled and launched."""

    def __init__(self):
        self.compiled, self.launched = [], []

    def RawModule(self, code, options):  # noqa: N802  # CuPy's name
        """Compile nothing."""
        self.compiled.append((code.splitlines()[0], options))
        return self

    def get_function(self, name):
        """Something that can be launched."""
        return lambda *how: self.launched.append((name, *how))


def test_a_file_is_compiled_once_for_each_precision():
    """Another kernel of a file, or another layer, takes what is there."""
    cp = Recorder()
    for kernel, size in [("gather.gather", 4), ("gather.scatter", 4), ("gather.gather", 8)]:
        Kernels(cp).bind(kernel, np.dtype(f"f{size}"), (1, 1), ())
    assert cp.compiled == [
        ('#line 1 "gather.cu"', cuda_kernels.options(4)),
        ('#line 1 "gather.cu"', cuda_kernels.options(8)),
    ]


def test_a_bound_launch():
    """Integers are passed as ``int``, everything else as it is."""
    cp, array = Recorder(), np.empty(3)
    call = Kernels(cp).bind("gather.gather", np.dtype("f4"), (7, 2), (array, 5, np.int64(6)))
    assert cp.launched == []
    call()
    name, grid, block, (first, second, third) = cp.launched[0]
    assert (name, grid, block) == ("gather", (7, 2), (THREADS,))
    assert first is array
    assert (second, second.dtype, third, third.dtype) == (5, "int32", 6, "int64")


def test_the_grid_has_a_limit_along_y():
    """CUDA launches 65535 blocks there; the kernels go on with the rest."""
    cp = Recorder()
    Kernels(cp).bind("gather.gather", np.dtype("f4"), (1, MOST_ALONG_Y + 1), ())()
    assert cp.launched[0][1] == (1, 65535)


@pytest.mark.parametrize("blocks", [(0, 5), (5, 0)])
def test_nothing_to_do(blocks):
    """CUDA refuses an empty grid, so nothing is launched, nor compiled."""
    cp = Recorder()
    Kernels(cp).bind("gather.gather", np.dtype("f4"), blocks, ())()
    assert (cp.compiled, cp.launched) == ([], [])


def test_blocks_for():
    """The last block may be partly idle."""
    assert [blocks_for(n) for n in (0, 1, THREADS, THREADS + 1)] == [0, 1, 1, 2]


def test_samples_too_large_to_be_counted():
    """They are refused when the net's memory is planned, not computed wrongly."""
    backend, window = CupyBackend(FakeCupy()), Window((1, 1))
    fits, more = (1, 1, 2**16, 2**15 - 1), (1, 1, 2**16, 2**15)
    for kind in ("Max", "Mean"):
        backend.pool2d_scratch(kind, window, fits, fits, backward=True)
        with pytest.raises(ShapeError, match=r"1×1×65536×32768 has more .* is 2147483647\n"):
            backend.pool2d_scratch(kind, window, more, more, backward=True)
    with pytest.raises(ShapeError, match=r"1×3×30000×30000 has more"):
        backend.conv2d_scratch(window, 1, (1, 1, 30000, 30000), (3, 1, 1, 1), backward=False)
