"""``graphnet data statistics``."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

import graphnet as gn


def test_it_is_written_and_used(run, folder):
    """A net reads it; samples have mean 0 and deviation 1, and a snapshot holds the numbers."""
    with h5py.File(folder / "train.h5") as file:
        x = file["data"][()].astype("f8")
    found = run("data statistics train.h5 --to s.h5")
    assert found.code == 0, found.err
    assert "rows        10" in found.lines
    (line,) = [line for line in found.lines if line.startswith("in a net: ")]
    transformers = line.removeprefix("in a net: ")
    net = (folder / "net.yaml").read_text()
    scale = "transformers: {data: [{type: Scale, scale: 0.5}]}"
    (folder / "net.yaml").write_text(net.replace(scale, transformers))
    assert run("solve net.yaml --quiet").code == 0
    net = gn.load_net(folder / "net.yaml", "train")
    net.forward()
    expected = (x - x.mean(0)) / x.std(0)
    np.testing.assert_allclose(net.blobs["data"].data, expected[:4], rtol=1e-5, atol=1e-6)
    (folder / "s.h5").unlink()
    predicted = run("predict run test.h5 --json")
    assert predicted.code == 0, predicted.err


def test_json(run, folder):
    """All numbers."""
    found = run("data statistics train.h5 --to s.h5 --rows 0:5 --json")
    value = json.loads(found.out)
    with h5py.File(folder / "train.h5") as file:
        x = file["data"][:5].astype("f8")
    assert value["rows"] == 5
    assert value["mean"] == pytest.approx(x.mean(0).tolist())
    assert value["deviation"] == pytest.approx(x.std(0).tolist())


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("data statistics none.h5 --to s.h5", "none.h5"),
        ("data statistics train.h5 --to train.h5", "the source"),
        ("data statistics train.h5 --to s.h5 --data-set nothing", "nothing"),
        ("data statistics train.h5 --to s.h5 --rows 5:1", "selects nothing"),
        ("data statistics train.h5 --to test.h5", "test.h5"),
    ],
)
def test_mistakes(run, folder, command, said):
    """Nothing is written."""
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    found = run(command)
    assert (found.code, found.out) == (1, "")
    assert said in found.err
    assert before == {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
