"""``graphnet predict``: rows from a file, transformed as the test data are."""

from __future__ import annotations

import csv
import io
import json

import h5py
import numpy as np
import pytest
from PIL import Image

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
        ("--input none.h5 --output o.npy", "none.h5: cannot be read: No such file or directory"),
        ("--input rows.xyz --output o.npy", "rows.xyz: unknown kind of file"),
        ("--input rows.npy --output o.txt", "o.txt: unknown kind of file"),
        ("--input rows.npy --output no/o.npy", "no/o.npy: cannot be written: No such file or di"),
        ("--input text.npy --output o.npy", "text.npy: cannot be read: "),
        (
            "--input names.npy --output o.npy",
            "names.npy: does not hold an array of numbers, but of <U1",
        ),
        ("--input empty.npy --output o.npy", "empty.npy: 'data' has no rows: its shape is 0×3"),
        (
            "--input nan.npy --output o.npy",
            "net.yaml:10:5: layer 'test-data' (HDF5Data): nan.npy, ",
        ),
        ("--input wide.npy --output o.npy", "wide.npy: a row of 'data' is 4, and the net was made"),
        ("--input rows.h5 --output o.npy --blob x", "rows.h5 has no data set 'x'"),
        (
            "--input rows.npy --output o.npy --blob a --blob b",
            "rows.npy holds one array, but 2 blobs are fed\n  say what each of them gets: a=",
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
    (trained / "rows.xyz").write_text("what is this?")
    np.save(trained / "names.npy", np.array(["a", "b"]))
    np.save(trained / "empty.npy", np.zeros((0, 3)))
    np.save(trained / "nan.npy", np.full((2, 3), np.nan))
    np.save(trained / "wide.npy", np.zeros((2, 4)))
    quoted = command.replace("layers.accuracy={", "'layers.accuracy={").replace("[t]}", "[t]}'")
    found = run(f"predict net.yaml --weights run {quoted}")
    assert found.code == 1
    assert found.err.startswith(message)
    assert not list(trained.glob("o.*"))


CLASSES = ["apple", "pear", "plum"]


@pytest.fixture
def packed(folder, run):
    """A run on a table that was packed, and new rows with their columns in another order."""
    lines = ["a,b,c,fruit"]
    for i, (one, two, three) in enumerate(np.random.default_rng(0).random((60, 3)).tolist()):
        values = [one, two, three]
        values[i % 3] += 3
        lines.append(",".join([*(f"{v:.3f}" for v in values), CLASSES[i % 3]]))
    (folder / "fruit.csv").write_text("\n".join(lines))
    assert run("data pack fruit.csv --to . --split 20% --force").code == 0
    assert run("solve net.yaml --quiet --set max_iter=60").code == 0
    (folder / "new.csv").write_text("c;a;b\n0.5;3.5;0.25\n3.5;0.5;0.25\n")
    return folder


def test_a_run_needs_nothing_but_new_rows(packed, run):
    """Columns by name, classes with theirs; the net and its data are gone."""
    for name in ("net.yaml", "solver.yaml", "train.h5", "test.h5"):
        (packed / name).unlink()
    found = run("predict run new.csv")
    assert (found.code, found.err) == (0, "")
    assert [line.split()[:2] for line in found.lines] == [
        ["row", "class"],
        ["0", "apple"],
        ["1", "plum"],
    ]


@pytest.mark.usefixtures("packed")
def test_json_lines_are_what_programs_rely_on(run):
    """The row, its file, the probabilities and the most probable classes."""
    found = run("predict run new.csv --json --top 2")
    lines = [json.loads(line) for line in found.lines]
    assert [line["row"] for line in lines] == [0, 1]
    assert {line["file"] for line in lines} == {"new.csv"}
    for line in lines:
        assert sum(line["prob"]) == pytest.approx(1, abs=1e-5)
        assert [p for _, p in line["top"]] == sorted(line["prob"], reverse=True)[:2]
        assert [name for name, _ in line["top"]] == [
            CLASSES[line["prob"].index(p)] for _, p in line["top"]
        ]


def test_all_kinds_of_files_say_the_same(packed, run):
    """Numbers as they are: arrays bit for bit, texts to the last digit of float32."""
    for kind in ("h5", "npy", "csv", "tsv", "jsonl"):
        assert run(f"predict run new.csv -o o.{kind} --top 2").code == 0
    with h5py.File(packed / "o.h5") as file:
        expected = file["prob"][()]
        assert json.loads(file.attrs["classes"]) == CLASSES
    np.testing.assert_array_equal(np.load(packed / "o.npy"), expected)
    for kind, mark in (("csv", ","), ("tsv", "\t")):
        with (packed / f"o.{kind}").open(newline="") as file:
            headings, *rows = csv.reader(file, delimiter=mark)
        assert headings[:6] == ["row", "file", "class1", "p1", "class2", "p2"]
        assert headings[6:] == [f"prob[{name}]" for name in CLASSES]
        np.testing.assert_array_equal(np.array([r[6:] for r in rows], "f4"), expected)
    lines = [json.loads(line) for line in (packed / "o.jsonl").read_text().splitlines()]
    np.testing.assert_array_equal(np.array([line["prob"] for line in lines], "f4"), expected)


@pytest.mark.usefixtures("packed")
def test_several_inputs_come_one_after_the_other(run):
    """Their files are named, and the rows are counted on."""
    found = run("predict run new.csv fruit.csv new.csv")
    rows = [line.split() for line in found.lines[1:]]
    assert [int(row[0]) for row in rows] == list(range(64))
    assert [row[1] for row in rows] == ["new.csv"] * 2 + ["fruit.csv"] * 60 + ["new.csv"] * 2
    assert rows[62][2:] == rows[0][2:]


def test_standard_input(packed, run, monkeypatch):
    """Of any kind; in messages it has its name."""
    expected = run("predict run new.csv").out
    np.savez(packed / "rows.npz", data=np.array([[3.5, 0.25, 0.5], [0.5, 0.25, 3.5]]))
    for name in ("new.csv", "rows.npz"):
        data = io.BytesIO((packed / name).read_bytes())
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(data))
        assert run("predict run -").out == expected
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    found = run("predict run -")
    assert found.code == 1
    assert found.err.startswith("standard input has no column 'c'")


def test_raw_rows_are_not_transformed(packed, run):
    """The Scale of the data layer is left out."""
    rows = np.array([[3.5, 0.25, 0.5]], "f4")
    np.save(packed / "rows.npy", rows)
    np.save(packed / "half.npy", rows * np.float32(0.5))
    assert run("predict run half.npy --raw").out == run("predict run rows.npy").out
    assert run("predict run rows.npy --raw").out != run("predict run rows.npy").out


def test_the_best_snapshot_is_taken(packed, run):
    """Where the run keeps one; else the newest, or the one that is named."""
    assert run("predict run new.csv -o o.npy").lines[0].endswith("run/snapshots/snapshot-000060.h5")
    newest = packed / "run/snapshots/snapshot-000060.h5"
    (packed / "run/snapshots/best.h5").write_bytes(newest.read_bytes())
    assert run("predict run new.csv -o o.npy").lines[0].endswith("run/snapshots/best.h5")
    assert run(f"predict {newest} new.csv").code == 0
    found = run(f"predict run --weights {newest} new.csv -o o.npy")
    assert found.lines[0].endswith("snapshot-000060.h5")


@pytest.mark.usefixtures("packed")
@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("net.yaml new.csv", "net.yaml: a net's YAML file holds no params\n  name those that were"),
        ("net.yaml new.csv --weights none", "none: there is no such run, snapshot or model"),
        (". new.csv", ".: holds no run: there is no snapshot in snapshots"),
        ("run none.csv", "none.csv: cannot be read: No such file or directory"),
        ("run new.csv -o o.txt", "o.txt: unknown kind of file"),
        ("run new.csv -o o.csv --json", "o.csv: --json writes lines of JSON"),
        ("run new.csv --delimiter ,", "new.csv has no column 'a', from which the net has learned"),
        ("run words.csv", "words.csv:2, column 'b': "),
        ("run short.csv", "short.csv:3: 2 values, expected 3 as in line 1"),
        ("run headings.csv", "headings.csv has no rows but its headings"),
        ("run empty.csv", "empty.csv is empty (0 bytes)"),
        ("run label=new.csv", "nothing is fed to 'data'\n  the net computes with data: add data=F"),
        ("run data=new.csv new.csv", "new.csv: some inputs name their blob and some do not"),
        (
            "run picture.png",
            "picture.png: pictures are fed to 'data', but 3 is what a row of it is",
        ),
        ("run folder", "folder holds no pictures\n"),
        ("run - -", "standard input can be read once"),
    ],
)
def test_what_is_wrong_with_inputs(packed, run, command, message, monkeypatch):
    """The file, the line, and what to do; nothing is written."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a,b,c\n1,2,3\n")))
    (packed / "words.csv").write_text("a,b,c\n1,two,3\n")
    (packed / "short.csv").write_text("a,b,c\n1,2,3\n1,2\n")
    (packed / "headings.csv").write_text("a,b,c\n")
    (packed / "empty.csv").touch()
    (packed / "folder").mkdir()
    Image.new("L", (4, 4)).save(packed / "picture.png")
    found = run(f"predict {command}")
    assert found.code == 1
    assert found.err.startswith(message)
    assert not list(packed.glob("o.*"))


def test_without_rows_there_is_nothing_to_do(run):
    """Wrong usage."""
    found = run("predict run")
    assert found.code == 2
    assert "name the rows: a file, a folder of pictures, or - for standard input" in found.err


@pytest.mark.usefixtures("packed")
@pytest.mark.parametrize("width", [60, 80])
def test_the_table_fits_the_terminal(run, width, monkeypatch):
    """Fewer classes and shorter paths, where there is no room."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("graphnet.cli.output.prediction_table.on_terminal", lambda: True)
    found = run("predict run new.csv ././././././././././././././././././new.csv --top 3")
    assert found.code == 0
    assert max(map(len, found.lines)) <= width
    assert [line.split()[0] for line in found.lines] == ["row", "0", "1", "2", "3"]


def test_numbers_are_shown_where_there_are_no_classes(packed, run):
    """All outputs, as many as there is room for."""
    text = "layers:\n- {name: d, type: Input, batch_size: 1, shapes: {data: [3]}, tops: [data]}\n"
    text += "- {name: ip1, type: InnerProduct, output_dim: 3, bottoms: [data], tops: [ip1]}\n"
    (packed / "plain.yaml").write_text(text)
    found = run("predict plain.yaml --weights run new.csv")
    assert found.lines[0].split() == ["row", "ip1[0]", "ip1[1]", "ip1[2]"]
    assert len(found.lines[1].split()) == 4


def test_numbers_are_given_as_the_data_have_them(packed, run):
    """What a data layer has done to the numbers that are learned is undone; not with --raw."""
    text = """\
layers:
- {name: d, type: MemoryData, batch_size: 1, tops: [data, y], shapes: {data: [3], y: [3]},
   transformers: {y: [{type: SubMean, mean: 100}, {type: Scale, scale: 0.1}]}}
- {name: ip1, type: InnerProduct, output_dim: 3, bottoms: [data], tops: [ip1]}
- {name: loss, type: SquareLoss, bottoms: [ip1, y]}
"""
    (packed / "numbers.yaml").write_text(text)
    np.save(packed / "rows.npy", np.ones((2, 3), "f4"))
    for more, name in (("", "o.npy"), ("--raw", "raw.npy")):
        assert run(f"predict numbers.yaml --weights run rows.npy -o {name} {more}").code == 0
    raw = np.load(packed / "raw.npy")
    np.testing.assert_allclose(np.load(packed / "o.npy"), raw * 10 + 100, rtol=1e-6)
