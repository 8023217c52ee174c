"""Every shipped net trained on the CuPy backend: over its stand-in, and where there is a GPU."""

from __future__ import annotations

import numpy as np
import pytest
from support import gpu
from support.cuda_shim import COMPILER, NO_COMPILER
from support.fake_cupy import FakeCupy
from support.shipped_nets import NETS, shrunk, solver_of, write_made_up_data

import graphnet as gn
from graphnet.backend import open_backend
from graphnet.backend.cupy.backend import CupyBackend
from graphnet.net.load_net import load_net
from graphnet.solver.reporter import SilentReporter

STAND_IN = pytest.param("stand-in", marks=pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER))
#: Of a param in float64, after so many iterations of the same net on the same data.
N_ITER = {"stand-in": 2, "gpu": 20}
TOLERANCE = 1e-9


@pytest.fixture(scope="module", autouse=True)
def _made_up_data(tmp_path_factory):
    """A data folder with synthetic rows of each set that is read and has no fall-back."""
    folder = tmp_path_factory.mktemp("data")
    write_made_up_data(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHNET_DATA", str(folder))
        yield


class Watch(gn.CoffeeBreak):
    """Notes after each iteration how much memory CuPy has given out.

    Args:
        backend: On a device.
    """

    def __init__(self, backend):
        self.backend, self.used = backend, []

    def enjoy(self, net, state, lounge):
        """Look, without waiting for the device."""
        self.used.append(self.backend.xp.get_default_memory_pool().used_bytes())


def trained(name, backend, dtype, n, watch=None):
    """The params after ``n`` iterations, on the host."""
    solver = solver_of(name, max_iter=n)
    if watch is not None:
        solver.add_coffee_break(watch, every_n_iter=1)
    net = load_net(shrunk(name), keep="needed", backend=backend, dtype=dtype)
    # with biases of 0, what lies beside a digit is at the kink of its ReLU
    params = net.backend.download(net.store.data)
    noise = np.random.default_rng(0).normal(0, 0.01, params.shape)
    net.backend.upload((params + noise).astype(dtype), net.store.data)
    try:
        gn.solve(solver, net, reporter=SilentReporter())
        return net.backend.download(net.store.data)
    finally:
        net.close()


def backend_of(device):
    """A new one."""
    return CupyBackend(FakeCupy() if device == "stand-in" else None)


@pytest.mark.parametrize("device", [STAND_IN, pytest.param("gpu", marks=gpu.NEEDED)])
@pytest.mark.parametrize("name", NETS)
def test_it_learns_what_it_learns_on_numpy(name, device):
    """In float64 the params agree to rounding: every layer, loss and method is the same."""
    n = N_ITER[device]
    found = trained(name, backend_of(device), "float64", n)
    expected = trained(name, open_backend("numpy"), "float64", n)
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE * scale)


@pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)
@pytest.mark.parametrize("name", ["mnist", "iris", "char-rnn"])
def test_steps_do_not_wait_for_the_device(name):
    """However many iterations, no more is fetched and waited for."""
    found = []
    for n in (2, 5):
        backend = backend_of("stand-in")
        trained(name, backend, "float32", n)
        found.append((backend.xp.ledger.downloads, backend.xp.ledger.syncs))
    assert found[0] == found[1]


@pytest.mark.parametrize("device", [pytest.param("gpu", marks=gpu.NEEDED)])
@pytest.mark.parametrize("name", NETS)
def test_two_runs_are_bit_equal_and_memory_stays(name, device):
    """Nothing depends on the order in which threads happen to run; nothing is left allocated."""
    watches = [Watch(backend_of(device)) for _ in range(2)]
    runs = [trained(name, w.backend, "float32", N_ITER[device], w) for w in watches]
    assert np.isfinite(runs[0]).all()
    np.testing.assert_array_equal(*runs)
    for watch in watches:
        assert len(set(watch.used[3:])) == 1, watch.used
