"""The layer that CONTRIBUTING.md shows: it passes the harness, and runs from a YAML file."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import graphnet as gn

TEXT = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The files shown, by name, written where they can be imported from."""
    blocks = re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    for name, code in blocks:
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
        sys.modules.pop(name, None)  # another test's of that name
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name, _ in blocks:
        sys.modules.pop(name, None)


def test_it_can_be_read_in_a_few_minutes():
    """A longer page is not read."""
    assert len(TEXT.splitlines()) <= 110


@pytest.mark.usefixtures("files")
def test_the_layer_passes_its_test():
    """The test shown beside it, as it stands."""
    shown = importlib.import_module("test_softsign")
    shown.test_layer()


def test_the_layer_runs_from_a_yaml_file_beside_it(files):
    """The line shown, in a net; its gradients agree with difference quotients."""
    line = re.search(r"`(\{name: s, type: softsign.*?\})`", TEXT, re.DOTALL)
    net_file = files / "net.yaml"
    net_file.write_text(
        f"""
- {{name: in, type: Input, batch_size: 4, shapes: {{x: [5], target: [3]}}, tops: [x, target]}}
- {{name: ip1, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [ip1]}}
- {" ".join(line[1].split())}
- {{name: loss, type: SquareLoss, bottoms: [s, target]}}
"""
    )
    net = gn.load_net(net_file)
    rng = np.random.default_rng(0)
    for name in ("x", "target"):
        net.blobs[name].data[...] = rng.standard_normal(net.blobs[name].shape)
    net.forward()
    ip1 = net.blobs["ip1"].data
    np.testing.assert_allclose(net.blobs["s"].data, ip1 / (2 + np.abs(ip1)), rtol=1e-6)
    report = gn.check_gradients(net)
    assert report.ok, str(report)


def test_what_it_names_exists():
    """Files and folders in its tables."""
    root = Path(__file__).parent.parent
    names = re.findall(
        r"`((?:solver|layers|backend|docs|tests|benchmarks|graphnet)/[\w./]*)`", TEXT
    )
    assert names
    missing = [
        n
        for n in names
        if "/x." not in n and "test_x." not in n
        if not any((root / at / n).exists() for at in ("", "graphnet"))
    ]
    assert not missing
