"""What is checked of a layer on a device: the CuPy backend, on a stand-in for CuPy.

It must give what the NumPy backend gives, with all memory spoilt beforehand, and without moving
anything between host and device.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from support.cuda_shim import COMPILER
from support.fake_cupy import FakeCupy
from support.layer_rig import LayerCase, Results, Rig, close

from graphnet.backend.cupy.backend import CupyBackend

SINGLE = 1e-4  # of float32, as between float32 and float64 on the host
DOUBLE = 1e-9
MANY = 3000  # elements of the first bottom: several blocks of threads, and part of one


@cache
def device_backend() -> CupyBackend:
    """The CuPy backend on a stand-in for CuPy; ``backend.xp.ledger`` counts transfers."""
    return CupyBackend(FakeCupy())


@cache
def _backend_of_rigs() -> CupyBackend:
    """One of their own: what nets leave behind waits for copies whenever it is collected."""
    return CupyBackend(FakeCupy())


class DeviceRig(Rig):
    """A rig whose layer runs on the device and may not make the host wait."""

    def __init__(self, case: LayerCase, *args: Any, **keywords: Any) -> None:
        super().__init__(case, *args, **keywords, backend=_backend_of_rigs())

    def call(self, of_layer: Callable[[], None]) -> None:
        """Run the layer and see that nothing was moved."""
        ledger = self.backend.xp.ledger
        ledger.reset()
        of_layer()
        found = (ledger.downloads, ledger.uploads, ledger.syncs)
        assert found == (0, 0, 0), f"{of_layer}: {found} downloads, uploads, waits of the host"


def check_device(case: LayerCase, made: Results) -> None:
    """The layer on the device gives what it gives on the host.

    Args:
        case: What is run.
        made: What the NumPy backend gave of it in float64.
    """
    if COMPILER is None:  # tests/backend says so where it skips
        return
    rig = DeviceRig(case)
    compare("device", rig.run(), made, DOUBLE)
    compare("device, second run", rig.run(), made, DOUBLE)
    single = Rig(case, dtype=np.float32).run()
    compare("device, float32", DeviceRig(case, dtype=np.float32).run(), single, SINGLE)
    wanted = case.spec.differentiable(len(case.bottoms))
    for i in wanted if len(wanted) > 1 or case.param_values() else ():
        part = DeviceRig(case, wanted=[w for w in wanted if w != i]).run()
        compare(f"device, without the diff of bottom {i}", part, made, DOUBLE)
    if case.param_values():
        compare("device, frozen", DeviceRig(case, frozen=True).run(), made, DOUBLE)
    compare("device, forward alone", DeviceRig(case, backward=False).forward(), made, DOUBLE)
    for i in range(len(rig.tops)) if len(rig.tops) > 1 and wanted else ():
        host, there = (kind(case, unread=[i]).run() for kind in (Rig, DeviceRig))
        compare(f"device, without the diff of top {i}", there, host, DOUBLE)
    if case.spec.overwrites:
        compare("device, in place", DeviceRig(case, overlay=True).forward(), made, DOUBLE)
        if rig.backward_runs:
            there = DeviceRig(case, overlay_diff=True).run()
            compare("device, with the diffs in one place", there, made, DOUBLE)
    check_device_batches(case)


def check_device_batches(case: LayerCase) -> None:
    """The same of batches of which not all rows count, and of some that fill many blocks."""
    values = case.values()
    if not values or not values[0].size:
        return
    rows = values[0].shape[0]
    if rows > 1:
        host, there = (kind(case, n_valid=rows - 1).run() for kind in (Rig, DeviceRig))
        compare(f"device, {rows - 1} of {rows} rows valid", there, host, DOUBLE)
    repeats = -(-MANY // values[0].size)
    tiled = [
        v if i in case.whole else np.tile(v, (repeats,) + (1,) * (v.ndim - 1))
        for i, v in enumerate(values)
    ]
    host, there = (kind(case, tiled, dtype=np.float32).run() for kind in (Rig, DeviceRig))
    compare("device, many rows", there, host, SINGLE)


def compare(what: str, found: Results, expected: Results, tolerance: float) -> None:
    """All that was found is as expected."""
    assert found, f"{what}: nothing came out"
    for name, value in found.items():
        close(f"{what}: {name}", value, expected[name], tolerance)
