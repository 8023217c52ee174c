"""``graphnet predict``: rows from a file, transformed as the test data are."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import graphnet as gn


@pytest.fixture
def trained(folder, run):
    """A finished run, and 7 rows to predict in both kinds of file."""
    assert run("solve net.yaml --quiet").code == 0
    rows = np.random.default_rng(1).random((7, 3)).astype("float32")
    np.save(folder / "rows.npy", rows)
    with h5py.File(folder / "rows.h5", "w") as file:
        file["data"] = rows
    return folder


def expected(folder):
    """The same through the Python API, transformed by hand."""
    net = gn.load_net(folder / "net.yaml", phase="test")
    with h5py.File(folder / "run/snapshots/snapshot-000006.h5") as file:
        for name in ("weight", "bias"):
            net.params["ip1"][name].data[...] = file[f"params/ip1/{name}"][()]
    return net.predict({"data": 0.5 * np.load(folder / "rows.npy")})["prob"]


@pytest.mark.parametrize("source", ["rows.npy", "rows.h5"])
def test_rows_are_transformed_and_predicted(trained, run, source):
    """The output is that of the net in Python."""
    found = run(f"predict net.yaml --weights run --input {source} --output out.h5")
    assert (found.code, found.err) == (0, "")
    with h5py.File(trained / "out.h5") as file:
        assert list(file) == ["prob"]
        np.testing.assert_array_equal(file["prob"][()], expected(trained))
    assert found.lines == [
        f"7 rows of {source}, run/snapshots/snapshot-000006.h5",
        "prob  7×3 in out.h5",
    ]


def test_one_output_can_be_an_npy_file(trained, run):
    """With the same numbers."""
    assert run("predict net.yaml --weights run --input rows.npy --output out.npy").code == 0
    np.testing.assert_array_equal(np.load(trained / "out.npy"), expected(trained))


def test_no_data_of_the_net_is_opened(trained, run):
    """A machine that only predicts needs none."""
    for name in ("train.h5", "test.h5"):
        (trained / name).unlink()
    assert run("predict net.yaml --weights run --input rows.npy --output out.npy").code == 0


def test_more_rows_than_a_batch(trained, run):
    """Any number of rows, each predicted once and in order."""
    rows = np.random.default_rng(2).random((333, 3))
    np.save(trained / "rows.npy", rows)
    assert run("predict net.yaml --weights run --input rows.npy --output out.npy").code == 0
    np.testing.assert_allclose(np.load(trained / "out.npy"), expected(trained), rtol=1e-6)


def test_another_blob_can_be_fed(trained, run):
    """Past the layers below it."""
    np.save(trained / "scores.npy", np.zeros((2, 3), "float32"))
    command = "predict net.yaml --weights run --blob ip1 --input scores.npy --output out.npy"
    assert run(command).code == 0
    np.testing.assert_allclose(np.load(trained / "out.npy"), np.full((2, 3), 1 / 3), rtol=1e-6)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("--input none.npy --output o.npy", "none.npy: cannot be read: No such file or directory"),
        ("--input none.h5 --output o.npy", "cannot read none.h5: No such file or directory"),
        ("--input rows.csv --output o.npy", "rows.csv: unknown kind of file"),
        ("--input rows.npy --output o.txt", "o.txt: unknown kind of file"),
        ("--input rows.npy --output no/o.npy", "no/o.npy: cannot be written: No such file or di"),
        ("--input text.npy --output o.npy", "text.npy: cannot be read: "),
        ("--input names.npy --output o.npy", "names.npy: does not hold an array of numbers"),
        ("--input empty.npy --output o.npy", "empty.npy: 'data' has no rows: its shape is 0×3"),
        (
            "--input nan.npy --output o.npy",
            "net.yaml:10:5: layer 'test-data' (HDF5Data): nan.npy, ",
        ),
        ("--input wide.npy --output o.npy", "wide.npy: a row of 'data' is 4, and the net was made"),
        ("--input rows.h5 --output o.npy --blob x", "rows.h5 has no data set 'x'"),
        (
            "--input rows.npy --output o.npy --blob a --blob b",
            "rows.npy: a .npy file holds one array, but 2 blobs are fed",
        ),
        (
            "--input rows.npy --output o.npy --blob prob",
            "net 'small' has no layer in phase test that depends on 'prob' alone",
        ),
        (
            (
                "--input rows.npy --output o.npy --set layers.prob.tops=[other]"
                " --set layers.accuracy={name: t, type: Tanh, bottoms: [ip1], tops: [t]}"
            ),
            "o.npy: a .npy file holds one array, and the net gives ",
        ),
        (
            "--input rows.npy --output o.h5 --set layers.prob.tops=[a//b]",
            "o.h5: of blob 'a//b': ",
        ),
        (
            (
                "--input rows.npy --output o.h5 --set layers.prob.tops=[t/u]"
                " --set layers.accuracy={name: t, type: Tanh, bottoms: [ip1], tops: [t]}"
            ),
            "o.h5: blob 't/u' would lie within blob 't'\n  rename one of the tops\n",
        ),
    ],
)
def test_mistakes_are_explained(trained, run, command, message):
    """The file and what is wrong with it; nothing is written."""
    (trained / "text.npy").write_text("no array")
    np.save(trained / "names.npy", np.array(["a", "b"]))
    np.save(trained / "empty.npy", np.zeros((0, 3)))
    np.save(trained / "nan.npy", np.full((2, 3), np.nan))
    np.save(trained / "wide.npy", np.zeros((2, 4)))
    quoted = command.replace("layers.accuracy={", "'layers.accuracy={").replace("[t]}", "[t]}'")
    found = run(f"predict net.yaml --weights run {quoted}")
    assert found.code == 1
    assert found.err.startswith(message)
    assert not list(trained.glob("o.*"))
