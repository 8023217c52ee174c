"""The stand-in for CuPy refuses what CuPy refuses, counts, and finds copies nobody waits for."""

from __future__ import annotations

import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.fake_cupy import FakeCupy
from support.fake_cupy_streams import RaceError

F4 = np.dtype("f4")


@pytest.fixture
def cp():
    """A module whose counts are zero."""
    return FakeCupy()


def device(cp, values, dtype=F4):
    """An array of the device, not counted."""
    made = cp.asarray(np.array(values, dtype))
    cp.ledger.reset()
    return made


HOST = np.ones((2, 3), F4)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda _, x: np.asarray(x), "Implicit conversion to a NumPy array"),
        (lambda _, x: x + HOST, r"Unsupported type <class 'numpy\.ndarray'>"),
        (lambda _, x: HOST + x, r"Unsupported type <class 'numpy\.ndarray'>"),
        (lambda cp, x: cp.add(x, HOST), r"Unsupported type <class 'numpy\.ndarray'>"),
        (lambda _, x: HOST.__setitem__(..., x), "Implicit conversion to a NumPy array"),
        (lambda _, x: x.__setitem__(..., HOST), r"Unsupported type <class 'numpy\.ndarray'>"),
        (lambda _, x: np.add(x, x), "does not support ufuncs"),
        (lambda _, x: np.sum(x), r"numpy\.sum was called with an array of the device"),
        (lambda _, x: np.stack([x, x]), r"numpy\.stack was called with an array of the device"),
        (lambda cp, x: cp.add(x, x, where=True), "Wrong arguments .*'where'"),
        (lambda cp, x: cp.sum(x, where=True), "unexpected keyword argument 'where'"),
        (lambda _, x: x.max(initial=0), "unexpected keyword argument 'initial'"),
        (lambda cp, x: cp.einsum("ij->i", x, out=x), "unexpected keyword argument 'out'"),
        (lambda cp, x: cp.take(x, 0, mode="clip"), "unexpected keyword argument 'mode'"),
        (lambda cp, x: cp.add(x, x, x, x), "Wrong number of arguments"),
        (lambda cp, x: cp.add(x, x, out=HOST), "must be cupy.ndarray"),
        (lambda cp, x: cp.add.at(x, 0, 1), "adds in no fixed order"),
        (lambda _, x: x[np.array([0])], "an index of the host"),
        (lambda _, x: x[[0]], "an index of the host"),
        (lambda cp, x: x.__setitem__(device(cp, [0, 0], int), 1), "an index comes twice"),
        (lambda cp, x: cp.dot(x, x.T, cp.zeros((2, 2), "f8")), "of the exact dtype"),
        (lambda cp, x: cp.dot(x, x.T, cp.zeros((2, 2), F4, order="F")), "must be C-contiguous"),
        (lambda _, x: x.set(HOST.astype("f8")), "float64 array cannot be set to float32"),
        (lambda _, x: x.set(HOST[:1]), "Shape mismatch"),
        (lambda cp, _: cp.errstate, "has no attribute 'errstate'"),
        (lambda cp, x: cp.nditer(x), "has no attribute 'nditer'"),
        (lambda _, x: x.setflags(), "has no attribute 'setflags'"),
        (lambda _, x: x.ctypes, "has no attribute 'ctypes'"),
    ],
)
def test_what_cupy_refuses(cp, use, message):
    """Host and device do not mix, and there is no more than CuPy has."""
    x = device(cp, np.arange(6).reshape(2, 3))
    with pytest.raises((TypeError, ValueError, AttributeError), match=message):
        use(cp, x)


def test_it_computes(cp):
    """Functions, operators and methods give what NumPy gives, as arrays of the device."""
    host = np.arange(6, dtype=F4).reshape(2, 3)
    x, out = device(cp, host), cp.empty((2, 3), F4)
    assert np.isnan(out.get()).all()
    assert cp.add(x, 1, out=out) is out
    np.testing.assert_array_equal(out.get(), host + 1)
    np.testing.assert_array_equal((2 * x - x[:, :1]).get(), 2 * host - host[:, :1])
    np.testing.assert_array_equal(cp.matmul(x, x.T).get(), host @ host.T)
    np.testing.assert_array_equal(x.max(axis=1, keepdims=True).get(), [[2], [5]])
    x += 1
    x[:, 0] = 0
    x[device(cp, [1], int)] = device(cp, [[7, 8, 9]])
    np.testing.assert_array_equal(x.get(), [[0, 2, 3], [7, 8, 9]])
    cp.copyto(x, 0, where=x > 2)
    np.testing.assert_array_equal(x.get(), [[0, 2, 0], [0, 0, 0]])


def test_reductions_stay_on_the_device(cp):
    """A number that NumPy would give is an array without axes."""
    x = device(cp, [1, 2, 3])
    for made in (x.sum(), cp.dot(x, x), cp.count_nonzero(x), x[0], (x > 1).any()):
        assert isinstance(made, cp.ndarray)
        assert made.shape == ()
    cp.add(x[1], 10, out=x[1])  # an element is a view
    assert cp.ledger.downloads == 0
    np.testing.assert_array_equal(x.get(), [1, 12, 3])


@pytest.mark.parametrize(
    "fetch",
    [float, int, bool, lambda x: x.item(), lambda x: x.get(), lambda x: x.tolist(), "{:g}".format],
)
def test_downloads_are_counted(cp, fetch):
    """Whatever brings a number to the host makes it wait, and counts."""
    x = device(cp, 3)
    fetch(x)
    assert cp.ledger.downloads == 1


def test_uploads_and_hidden_copies_are_counted(cp):
    """So do arrays that are sent, and operands that CuPy copies on its own."""
    x = device(cp, np.ones((4, 4)))
    x.set(np.ones((4, 4), F4))
    cp.asarray(HOST)
    assert cp.ledger.uploads == 2
    cp.matmul(x.T, x)
    cp.add(x, x, out=x)
    x.reshape(2, 8)
    assert cp.ledger.hidden_copies == 0
    cp.matmul(x[:, :2], x[:2])  # rows with gaps
    cp.add(x[:], x, out=x)  # the same memory, which CuPy cannot tell
    x.T.reshape(2, 8)
    batch = cp.ones((2, 4, 4), F4)
    cp.matmul(batch, batch.swapaxes(1, 2))
    assert cp.ledger.hidden_copies == 4


@pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)
def test_kernels_take_arrays_of_the_device(cp):
    """Launches are counted, and nothing of the host is passed by mistake."""
    code = 'extern "C" __global__ void twice(float* x) { x[threadIdx.x] *= 2; }'
    kernel = cp.RawModule(code=code).get_function("twice")
    x = device(cp, [1, 2])
    kernel((1,), (2,), (x,))
    np.testing.assert_array_equal(x.get(), [2, 4])
    assert cp.launches == {"twice": 1}
    with pytest.raises(TypeError, match="Unsupported type"):
        kernel((1,), (2,), (HOST,))
    with pytest.raises(TypeError, match=r"pass NumPy scalars, not 1\.0"):
        kernel((1,), (2,), (1.0,))


# --- streams ----------------------------------------------------------------------------


class Copies:
    """A batch on its way: pinned memory, a stream for copies, events."""

    def __init__(self, cp):
        self.cp, self.stream = cp, cp.cuda.Stream(non_blocking=True)
        self.host = np.frombuffer(cp.cuda.alloc_pinned_memory(16), F4).reshape(4)
        self.there = cp.zeros(4, F4)
        self.sent, self.taken = cp.cuda.Event(), cp.cuda.Event()

    def batch(self, value, left_out=""):
        """One batch from the host into the computation, with one wait left out."""
        computes = self.cp.cuda.get_current_stream()
        if left_out != "host waits":
            self.sent.synchronize()
        self.host[...] = value
        if left_out != "copy waits":
            self.stream.wait_event(self.taken)
        self.there.set(self.host, stream=self.stream)
        self.sent.record(self.stream)
        if left_out != "computation waits":
            computes.wait_event(self.sent)
        total = self.there.sum()
        self.taken.record(computes)
        return float(total)


def test_waits_are_enough(cp):
    """Nothing is found where all wait for each other."""
    copies = Copies(cp)
    assert [copies.batch(i) for i in range(4)] == [0, 4, 8, 12]


@pytest.mark.parametrize(
    ("left_out", "message"),
    [
        ("host waits", "pinned memory was written while a copy out of it was under way"),
        ("computation waits", "a stream that has not waited for the copy into it"),
        ("copy waits", "a copy overwrites memory that another stream still uses"),
    ],
)
def test_a_missing_wait_is_found(cp, left_out, message, monkeypatch):
    """Each of the three, in the second batch at the latest, whenever the device would copy."""
    copies = Copies(cp)
    monkeypatch.setattr(cp.timeline, "synchronize", lambda **_: None)  # float() waits for all
    with pytest.raises(RaceError, match=message):
        [copies.batch(i, left_out) for i in range(3)]


def test_streams_that_block_wait_for_the_null_stream(cp):
    """Only streams that are non-blocking run beside it."""
    copies = Copies(cp)
    copies.stream = cp.cuda.Stream()
    for i in range(3):
        copies.sent.synchronize()
        copies.host[...] = i
        copies.there.set(copies.host, stream=copies.stream)
        copies.sent.record(copies.stream)
        assert float(copies.there.sum()) == 4 * i


def test_memory_that_is_not_pinned_is_copied_at_once(cp):
    """The host may use it again when ``set`` comes back."""
    copies = Copies(cp)
    copies.host = np.zeros(4, F4)
    for i in range(3):
        assert copies.batch(i, "host waits") == 4 * i
