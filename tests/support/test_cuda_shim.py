"""Tests of the CPU that stands in for a GPU: it must notice what a GPU would get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from support.cuda_shim import (
    COMPILER,
    NO_COMPILER,
    CompileError,
    LaunchError,
    RawKernel,
    RawModule,
    functions_with_barriers,
    kernel_names,
    thoroughly,
)

pytestmark = pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)

SIGNATURE = "float* out, const float* in, int n"
HERE = "const int t = threadIdx.x; (void)out; (void)in; (void)n; (void)t;"
FUNCTION = "__device__ inline void meet() { __syncthreads(); }"

#: Bodies of kernels by name; all are compiled together.
REVERSE = {
    "static_shared": "__shared__ float s[64]; s[t] = in[t]; __syncthreads(); out[t] = s[63 - t];",
    "dynamic_shared": """
        extern __shared__ float s[];
        s[t] = in[t]; __syncthreads(); out[t] = s[n - 1 - t];""",
    "barrier_in_function": "__shared__ float s[64]; s[t] = in[t]; meet(); out[t] = s[63 - t];",
}
EXCHANGES = {
    "shfl_xor": ("__shfl_xor_sync(~0u, in[t], 1)", np.arange(64) ^ 1),
    "shfl_down": (
        "__shfl_down_sync(~0u, in[t], 3)", [t + 3 if t % 32 < 29 else t for t in range(64)]
    ),
    "shfl_up": ("__shfl_up_sync(~0u, in[t], 3)", [t - 3 if t % 32 > 2 else t for t in range(64)]),
    "shfl": ("__shfl_sync(~0u, in[t], 5)", [t // 32 * 32 + 5 for t in range(64)]),
    "ballot": ("__ballot_sync(~0u, t % 2) == 0xaaaaaaaau", np.ones(64)),
    "any": ("__any_sync(~0u, t == 40)", [t >= 32 for t in range(64)]),
    "syncthreads_or": ("__syncthreads_or(t == 40)", np.ones(64)),
}  # fmt: skip
WARPS = {
    "one_warp": (
        "if (t < 32) out[t] = __shfl_sync(~0u, in[t], 7); else out[t] = 1;", [7] * 32 + [1] * 32
    ),
    "some_lanes": (
        "out[t] = 0; if (t % 32 < 4) out[t] = __shfl_xor_sync(0xfu, in[t], 1);",
        [(t ^ 1) if t % 32 < 4 else 0 for t in range(64)],
    ),
}  # fmt: skip
BARRIERS = {
    "not_all_reach": (
        "if (t < 40) __syncthreads(); out[t] = 1;",
        "barrier of line 1 after 24 of 64 threads have returned, in block",
    ),
    "returned": (
        "if (t >= n - 1) return; __syncthreads();", "after 1 of 64 threads have returned"
    ),
    "two_barriers": (
        "if (t < 40) __syncthreads();\n else __syncthreads();",
        "divergent barrier: 64 of 64 threads wait at those of line 1 and of line 2",
    ),
    "lanes_elsewhere": (
        "if (t < 32)\n __syncthreads();\n else __shfl_sync(3u << 30, in[t], 0);",
        "divergent barrier: 32 of 34 threads|divergent barrier",
    ),
    "warp_and_block": (
        "if (t % 32 < 5) __syncwarp();\n else __syncthreads();",
        "divergent barrier: 54 of 64 threads wait at those of line 1 and of line 2",
    ),
}  # fmt: skip
ACCESSES = {
    "write_after": (
        "out[t + 1] = 1;",
        r"writes element 64 of argument 0, which has 64, in thread \(63, 0, 0\) of block \(0",
    ),
    "read_after": ("out[t] = in[t + 1];", "reads element 64 of argument 1, which has 64"),
    "read_before": ("out[t] = in[t - 1];", "reads element -1 of argument 1"),
    "write_before": ("out[t] = 0; out[-1 - t] = 0;", "argument 0 was written outside its bounds"),
    "read_far": ("out[t] = in[t] + in[t << 26];", "reads memory that is not its own"),
    "write_after_barrier": ("__syncthreads(); out[t + 1] = 1;", "writes element 64"),
}
RACES = {
    "no_barrier": "__shared__ float s[64]; s[t] = in[t]; out[t] = s[63 - t];",
    "last_wins": "__shared__ float s; s = in[t]; __syncthreads(); out[t] = s;",
    "second_barrier": """
        __shared__ float s[64];
        s[t] = in[t]; __syncthreads(); s[t] += s[63 - t]; out[t] = s[t];""",
    "same_element": "if (t > 1) out[t] = 0; else out[t] = 1; if (t > 8) out[8] = in[t];",
    "order_of_a_sum": "if (t) out[t] = 0; out[0] = (out[0] == out[0] ? out[0] : 0) / 2 + in[t];",
}
OTHERS = {
    "unwritten_shared": """
        __shared__ float s[64];
        if (t == 99) s[0] = 1;
        __syncthreads(); out[t] = s[t];""",
    "chain_of_blocks": "out[blockIdx.x] = blockIdx.x ? out[blockIdx.x - 1] + 1 : 0;",
    "bytes": "if (t < n) out[t] = sizeof(real);",
}


def source():
    """All of them."""
    bodies = REVERSE | RACES | OTHERS
    bodies |= {name: f"out[t] = {call};" for name, (call, _) in EXCHANGES.items()}
    bodies |= {name: body for name, (body, _) in (WARPS | BARRIERS | ACCESSES).items()}
    kernels = [
        f'#line 1\nextern "C" __global__ void {name}({SIGNATURE}) {{ {HERE} {body} }}'
        for name, body in bodies.items()
    ]
    return "\n".join([FUNCTION, *kernels])


CODE = source()


def launch(name, n=64, *, threads=64, blocks=1, out=None, real="float", **how):
    """Run a kernel thoroughly on ``out`` (NaN) and ``in`` (0, 1, …); ``out`` after it."""
    kernel = RawKernel(CODE, name, (f"-Dreal={real}",))
    out = np.full(n, np.nan, np.float32) if out is None else out
    with thoroughly():
        kernel((blocks,), (threads,), (out, np.arange(n, dtype=np.float32), np.int32(n)), **how)
    return out


# --- what works as on a GPU -------------------------------------------------------------


def test_indices():
    """Each thread of each block knows where it is, in three dimensions."""
    code = """extern "C" __global__ void k(int* out) {
        const int block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
        const int thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
        out[block * blockDim.x * blockDim.y * blockDim.z + thread] = 100 * block + thread;
    }"""
    out = np.full(2 * 3 * 2 * 24, -1, np.int32)
    with thoroughly():
        RawKernel(code, "k")((2, 3, 2), (4, 3, 2), (out,))
    expected = (100 * np.arange(12)[:, None] + np.arange(24)).reshape(-1)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("name", REVERSE)
def test_barriers_and_shared_memory(name):
    """A block reverses its elements through shared memory, in whatever order its threads run."""
    shared = 256 if name == "dynamic_shared" else 0
    np.testing.assert_array_equal(launch(name, shared_mem=shared), np.arange(64)[::-1])


def test_shared_memory_is_undefined_at_first():
    """What nobody wrote is not zero, in any block."""
    assert np.isnan(launch("unwritten_shared")).all()


@pytest.mark.parametrize("name", EXCHANGES)
def test_exchanges(name):
    """Lanes of a warp see each other's numbers; a block votes."""
    np.testing.assert_array_equal(launch(name), EXCHANGES[name][1])


@pytest.mark.parametrize("name", WARPS)
def test_a_warp_may_synchronise_by_itself(name):
    """The other warps need not come; nor need lanes that the mask leaves out."""
    np.testing.assert_array_equal(launch(name), WARPS[name][1])


def test_kernels_and_barriers_are_found():
    """Which kernels need fibres is found out by what they call."""
    code = f"{FUNCTION} __global__ void k(int i) {{ meet(); }} // __global__ void not_this("
    code += "\n__global__ void __launch_bounds__(256) other(int i) { i = 1; }"
    assert functions_with_barriers(code) == {"meet", "k"}
    assert kernel_names(code) == ["k", "other"]


# --- what is noticed --------------------------------------------------------------------


@pytest.mark.parametrize("name", BARRIERS)
def test_barriers_that_not_all_reach(name):
    """On a GPU they would hang, or let threads pass too early."""
    with pytest.raises(LaunchError, match=BARRIERS[name][1]):
        launch(name)


@pytest.mark.parametrize("name", ACCESSES)
def test_accesses_out_of_bounds(name):
    """Which array, which element, by which thread."""
    with pytest.raises(LaunchError, match=ACCESSES[name][1]):
        launch(name)


@pytest.mark.parametrize("name", RACES)
def test_races(name):
    """Threads that need a barrier between them and have none."""
    with pytest.raises(LaunchError, match="argument 0 differs between the orders"):
        launch(name)


def test_blocks_that_depend_on_each_other():
    """They run in any order, too."""
    with pytest.raises(LaunchError, match="differs between the orders"):
        launch("chain_of_blocks", n=4, threads=1, blocks=4)


def test_after_a_fault_all_goes_on():
    """A launch that failed in the middle leaves nothing behind, and writes nothing."""
    untouched = np.zeros(64, np.float32)
    for _ in range(3):
        with pytest.raises(LaunchError, match="writes element"):
            launch("write_after_barrier", out=untouched)
        np.testing.assert_array_equal(launch("static_shared"), np.arange(64)[::-1])
    assert not untouched.any()


# --- what a launch refuses --------------------------------------------------------------

ARRAY = np.zeros(4, np.float32)
GOOD = (ARRAY, np.ones(4, np.float32), np.int32(4))


@pytest.mark.parametrize(
    ("grid", "block", "arguments", "message"),
    [
        ((0,), (64,), GOOD, r"no grid can have \(0, 1, 1\) blocks"),
        ((1, 65536), (64,), GOOD, "no grid can have"),
        ((1,), (1025,), GOOD, "no block can have"),
        ((1,), (33, 32), GOOD, "no block can have"),
        ((1,), (4,), GOOD[:2], "bytes takes 3 arguments, not 2"),
        ((1,), (4,), (*GOOD[:2], np.int64(4)), "argument 2 is int64, the kernel takes i4"),
        ((1,), (4,), (*GOOD[:2], 4), "argument 2 is int64"),
        ((1,), (4,), (*GOOD[:2], np.float32(4)), "argument 2 is float32"),
        ((1,), (4,), (ARRAY, np.int32(4), np.int32(4)), "argument 1 is int32, not an array"),
        ((1,), (4,), (ARRAY, ARRAY, ARRAY), "argument 2 is an array, not a number"),
        ((1,), (4,), (ARRAY, ARRAY.astype("f8"), np.int32(4)), "argument 1 is float64"),
        ((1,), (4,), (ARRAY, np.ones(8, "f4")[::2], np.int32(4)), "argument 1 has gaps"),
        ((1,), (4,), (ARRAY, ARRAY[:2], np.int32(4)), "arguments 0 and 1 overlap"),
        ((1,), (4,), (ARRAY, None, np.int32(4)), "NoneType cannot be passed"),
    ],
)
def test_refused(grid, block, arguments, message):
    """A GPU would refuse these, or read something else than was meant."""
    with pytest.raises(LaunchError, match=message):
        RawKernel(CODE, "bytes", ("-Dreal=float",))(grid, block, arguments)


def test_unknown_kernel():
    """Those there are, are named."""
    with pytest.raises(LaunchError, match=r"no kernel 'kk' in \['k'\]"):
        RawModule("__global__ void k(int i) { i = 1; }").get_function("kk")


def test_options_define():
    """A precision is chosen by a definition; options for GPUs alone have no meaning here."""
    module = RawModule(CODE, options=("--gpu-architecture=sm_90", "-Dreal=float"))
    out = np.zeros(4, np.float32)
    module.get_function("bytes")((1,), (4,), (out, *GOOD[1:]))
    np.testing.assert_array_equal(out, 4)


def test_on_the_arrays_themselves():
    """A launch outside of ``thoroughly`` copies nothing."""
    out = np.zeros(4, np.float32)
    RawKernel(CODE, "bytes", ("-Dreal=float",))((1,), (4,), (out, *GOOD[1:]))
    np.testing.assert_array_equal(out, 4)


@pytest.mark.parametrize(
    ("body", "message"),
    [("*out = 2 * m;", "'m' was not declared"), ("int m = 0; *out = 2;", "unused variable 'm'")],
)
def test_a_source_that_is_wrong(body, message):
    """The compiler's message is passed on; a warning is an error."""
    with pytest.raises(CompileError, match=message):
        RawKernel(f'extern "C" __global__ void k(float* out) {{ {body} }}', "k")
