"""Which data a command reads, and that a run never changes its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphnet.cli.given.run_data import choose_data, recorded_data
from graphnet.errors import DataError
from graphnet.net.spec import read_net

RUN = Path("runs/x")
REAL = {"train-data": "dataset:mnist/train", "test-data": "dataset:mnist/test"}
FALLBACK = {"train-data": "dataset:digits28/train", "test-data": "dataset:digits28/test"}


@pytest.fixture
def spec(fallback_folder):
    """A net of MNIST, which is not here, and its fall-back."""
    return read_net(fallback_folder / "net.yaml")


@pytest.fixture
def mnist(fallback_folder):
    """Files where MNIST would be."""
    for split in ("train", "test"):
        path = fallback_folder / "data" / "mnist" / f"{split}.h5"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_new_run_falls_back_where_it_must(spec):
    """All data layers together."""
    data = choose_data(spec, offline=True)
    assert (data.fell_back, data.used) == (True, FALLBACK)


@pytest.mark.usefixtures("mnist")
def test_a_new_run_takes_the_real_data_where_it_can(spec):
    """Nothing to say then."""
    data = choose_data(spec, offline=True)
    assert (data.fell_back, data.used) == (False, REAL)


@pytest.mark.usefixtures("mnist")
def test_a_run_stays_on_the_fall_back(spec):
    """Though the real data is here now."""
    data = choose_data(spec, offline=True, recorded=FALLBACK, run=RUN)
    assert (data.fell_back, data.used) == (True, FALLBACK)
    assert data.missing.startswith("the run in runs/x began on the fall-back and keeps it")


def test_a_run_does_not_slide_onto_the_fall_back(spec):
    """It refuses."""
    with pytest.raises(
        DataError, match=r"^runs/x: the data this run was trained on is not available"
    ):
        choose_data(spec, offline=True, recorded=REAL, run=RUN)


def test_other_records_change_nothing(spec):
    """What differs otherwise is for the solver to refuse."""
    other = {"train-data": ["a.h5", "b.h5"], "gone": "c.h5"}
    assert choose_data(spec, offline=True, recorded=other, run=RUN).fell_back


def test_a_net_without_a_fall_back_needs_its_data(folder):
    """And says where it is named."""
    (folder / "test.h5").unlink()
    net = read_net(folder / "net.yaml")
    with pytest.raises(DataError, match=r"net\.yaml:13:13: layer 'test-data' .* no file"):
        choose_data(net, offline=True)
    assert choose_data(net, offline=True, phase="train").used["train-data"].endswith("train.h5")


def test_what_a_run_has_recorded(tmp_path):
    """Only where there is a snapshot to go on from."""
    assert recorded_data(tmp_path) == {}
    (tmp_path / "run.json").write_text(json.dumps({"data": REAL}))
    assert recorded_data(tmp_path) == {}
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "snapshot-000001.h5").touch()
    assert recorded_data(tmp_path) == REAL
    (tmp_path / "run.json").write_text("damaged")
    assert recorded_data(tmp_path) == {}
