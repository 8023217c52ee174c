"""The benchmark of the service: both sides are asked the same and answer alike."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


def test_a_service_is_asked(tmp_path):
    """Each figure is there, of one client and of sixteen."""
    for name in ("starlette", "uvicorn"):
        if not Path("/proc/self/stat").exists():
            pytest.skip("processor time is read from /proc")
        pytest.importorskip(name, reason="the service needs the extra serve")
    import graphnet as gn
    from benchmarks.serving import NET, OURS, measure, served, table

    (tmp_path / "net.yaml").write_text(NET)
    gn.save_model(gn.load_net(tmp_path / "net.yaml", "test"), tmp_path / "m.h5")
    command = [sys.executable, "-m", "graphnet", "serve", str(tmp_path / "m.h5"), "--port", "0"]
    with served(command) as service:
        sides = measure({OURS: service, "again": service}, 8, 1)
    assert [len(sides[OURS][key]) for key in ("one", "many", "rate")] == [8, 32, 1]
    rows = table(sides).rows
    assert [row[0] for row in rows] == [OURS, "again", "ratio"]
    assert all(float(rows[-1][i]) > 0 for i in (1, 2, 4, 5))
