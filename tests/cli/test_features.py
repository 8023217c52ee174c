"""``graphnet export features``: blobs over a whole data set, in its order."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import graphnet as gn


@pytest.fixture
def trained(folder, run):
    """A finished run whose training data are shuffled."""
    text = (
        (folder / "net.yaml")
        .read_text()
        .replace("source: train.h5", "source: train.h5\n    shuffle: true")
    )
    (folder / "net.yaml").write_text(text)
    assert run("solve net.yaml --quiet").code == 0
    return folder


def rows_of(path):
    with h5py.File(path) as file:
        return file["data"][()]


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(("phase", "n"), [("test", 6), ("train", 10)])
def test_rows_come_in_order(run, phase, n):
    """Of either phase, also from a shuffled source and with a batch that is not full."""
    found = run(f"export features run --blob ip1 --blob label --phase {phase} -o o.h5")
    assert (found.code, found.err) == (0, "")
    newest = "run/snapshots/snapshot-000006.h5"
    assert found.lines == [
        f"{n} samples of phase {phase}, {newest}",
        f"ip1    {n}×3 in o.h5",
        f"label  {n} in o.h5",
    ]
    net = gn.load_net("net.yaml", phase="test")
    gn.load_weights(net, "run")
    expected = net.predict(rows_of(f"{phase}.h5"), raw=False, outputs=["ip1"])["ip1"]
    with h5py.File("o.h5") as file:
        np.testing.assert_allclose(file["ip1"][()], expected, rtol=1e-5)
        np.testing.assert_array_equal(file["label"][()], np.arange(n) % 3)


@pytest.mark.usefixtures("trained")
def test_one_blob_can_be_an_npy_file(run):
    """The data themselves, too: as the transformers leave them."""
    assert run("export features net.yaml --weights run --blob data -o o.npy").code == 0
    np.testing.assert_array_equal(np.load("o.npy"), rows_of("test.h5") / 2)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "--blob ipp -o o.npy",
            "net 'small' has no blob 'ipp' in phase test\n  did you mean 'ip1'",
        ),
        (
            "--blob prob --phase train -o o.npy",
            "net 'small' has no blob 'prob' in phase train\n  it",
        ),
        ("--blob ip1 -o o.csv", "o.csv: unknown kind of file"),
        ("--blob ip1 --blob prob -o o.npy", "o.npy: a .npy file holds one array"),
        ("--blob ip1 -o test.h5", "test.h5: this is what the net reads (test.h5), which would be"),
        ("--blob ip1 -o run/o.npy", "run/o.npy: lies in the directory of the run run"),
        ("--blob extra -o o.npy", "blob 'extra' is 3: its first axis does not count the 4 samples"),
    ],
)
def test_mistakes_are_explained(trained, run, command, message):
    """Nothing is written."""
    with h5py.File("extra.h5", "w") as file:
        file["extra"] = np.zeros(6)
    more = "{name: e, type: HDF5Data, source: extra.h5, batch_size: 3, tops: [extra]}"
    more = f"--set 'layers.prob={more}'" if "extra" in command else ""
    found = run(f"export features run {command} {more}")
    assert (found.code, found.err[: len(message)]) == (1, message)
    assert not list(trained.glob("o.*"))
