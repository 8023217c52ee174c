"""``graphnet data pack``: files that a net can be trained on."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from graphnet.data.recipe.stored import read_recipe


def test_a_table(folder, run):
    """It says what the classes are and where the files went."""
    (folder / "a.csv").write_text("".join(f"{i},{'yn'[i % 2]}\n" for i in range(10)), "utf-8")
    found = run("data pack a.csv --to out --split 0.2 --mean --seed 3 --compress")
    assert (found.code, found.err) == (0, "")
    assert found.lines[:5] == [
        "read as  UTF-8, columns separated by commas, no headings",
        "label    column 1 (from 0)",
        "data     1 column without headings",
        "note     column 0 (from 0) counts the rows: leave it out if it is an index",
        "classes  0 n, 1 y",
    ]
    assert found.lines[5].startswith("train    8 samples in out/train.h5 (")
    assert found.lines[6].startswith("test     2 samples in out/test.h5 (")
    assert found.lines[7:] == ["mean     in out/mean.h5"]
    assert run("data pack a.csv --to out").code == 1
    assert run("data pack a.csv --to out --force --keep-order --label 1").code == 0
    with h5py.File(folder / "out" / "train.h5") as file:
        assert file["data"][:, 0].tolist() == list(range(10))


def test_words_and_gaps(folder, run):
    """What each column was taken for is said, and the same is recorded."""
    lines = ["id;age;colour;kind", "1;30;red;a", "2;;blue;b", "3;50;NA;a", "4;40;red;b"]
    (folder / "a.csv").write_text("\n".join(lines), "utf-8")
    command = "data pack a.csv --to out --label kind --leave-out id --missing mean --standardize"
    found = run(command)
    assert (found.code, found.err) == (0, "")
    at = found.lines.index("")
    assert [" ".join(line.split()) for line in found.lines[at + 1 :]] == [
        "column taken for features gaps",
        "age numbers, less 40, divided by 8.165 0 1 (the mean, 40)",
        "colour words: blue, red 1 to 3 1 (a word of their own)",
    ]
    with h5py.File(folder / "out" / "train.h5") as file:
        assert file["data"].shape == (4, 4)
    recipe = read_recipe(folder / "out" / "train.h5")
    assert recipe.features == ("age", "colour=blue", "colour=red", "colour missing")
    found = run(command.replace(" --missing mean", " --force"))
    assert (found.code, found.out) == (1, "")
    assert found.err.startswith("a.csv:3, column 'age': the field is empty\n")
    found = run("data pack a.csv --to b --label kind --label age --weight id --missing drop")
    assert found.code == 1
    assert "column 'kind' holds words, such as 'a'\n  several labels are numbers" in found.err
    found = run("data pack a.csv --to b --label age --weight id --missing drop --index colour"
                " --one-hot kind")  # fmt: skip
    assert found.lines[1:5] == [
        "left out  2 rows with gaps",
        "label     column 'age'",
        "data      'colour', 'kind'",
        "weight    column 'id'",
    ]


def test_more_columns_than_are_told_of(folder, run):
    """The first are told of one by one."""
    names = ",".join(f"c{i}" for i in range(100))
    rows = "".join(",".join("ab"[k] for _ in range(100)) + f",{k}\n" for k in range(2))
    (folder / "a.csv").write_text(f"{names},label\n{rows}", "utf-8")
    found = run("data pack a.csv --to out")
    assert found.lines[-1] == "and 40 more"


def test_what_is_packed_can_be_trained_on(folder, run):
    """Arrays by name become the data of a net."""
    with h5py.File(folder / "train.h5") as file:
        np.save(folder / "x.npy", file["data"])
        np.save(folder / "y.npy", file["label"])
    assert run("data pack data=x.npy label=y.npy --to .").code == 1  # train.h5 is there
    assert run("data pack data=x.npy label=y.npy --to . --force").code == 0
    assert run("solve net.yaml --quiet").code == 0


def test_pictures(folder, run):
    """A folder of folders."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    for name in ("cat", "dog"):
        (folder / "pictures" / name).mkdir(parents=True)
        image.new("RGB", (5, 4)).save(folder / "pictures" / name / "1.png")
    found = run("data pack pictures --to out --size 8x6 --grey")
    assert found.lines[:2] == ["data     1×8×6 uint8: grey", "classes  0 cat, 1 dog"]
    with h5py.File(folder / "out" / "train.h5") as file:
        assert file["data"].shape == (2, 1, 8, 6)
    image.new("RGB", (9, 3), "white").save(folder / "pictures" / "cat" / "1.png")
    found = run("data pack pictures --to out --force")
    assert (found.code, found.out) == (1, "")
    assert found.err.startswith("pictures/dog/1.png is 3×4×5, while pictures/cat/1.png is 3×3×9\n")
    fitted = "data pack pictures --to out --force --keep-order --grey --size 6x6 --fit"
    assert run(f"{fitted} letter-box --background #808080").code == 0
    with h5py.File(folder / "out" / "train.h5") as file:
        assert file["data"][0, 0, :, 3].tolist() == [128, 128, 255, 255, 128, 128]
    assert read_recipe(folder / "out" / "train.h5").fit == "letter-box"
    assert run(f"{fitted} crop").code == 0
    with h5py.File(folder / "out" / "train.h5") as file:
        assert (file["data"][0] == 255).all()
    found = run("data pack pictures --to out2 --fit crop")
    assert found.err.startswith("--fit crop needs a size: --size HEIGHTxWIDTH")


def test_a_table_of_pictures(folder, run):
    """It is told from others by the names in it."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    for i in range(4):
        image.new("L", (5, 4), 50 * i).save(folder / f"{i}.png")
    lines = "".join(f"{i}.png,{'yn'[i % 2]}\n" for i in range(4))
    (folder / "list.csv").write_text(f"photo,kind\n{lines}", "utf-8")
    found = run("data pack list.csv --to out --split 50% --grey")
    assert (found.code, found.err) == (0, "")
    assert found.lines[1:5] == [
        "pictures  column 'photo'",
        "label     column 'kind'",
        "data      1×4×5 uint8: grey",
        "classes   0 n, 1 y",
    ]
    with h5py.File(folder / "out" / "test.h5") as file:
        assert sorted(file["label"][:]) == [0, 1]
    found = run("data pack list.csv --to out2 --missing mean")
    assert found.err.startswith("--missing is not for a table of pictures: leave it out")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("a.txt", "there is no file or folder a.txt\n  expected a folder"),
        ("net.yaml", "net.yaml is a text, not an HDF5 file\n  expected a folder"),
        ("train.h5", "train.h5 is an HDF5 file, and need not be packed\n  in a net: source: "),
        (". --label x", "--label is not for pictures: leave it out"),
        (". --leave-out x", "--leave-out is not for pictures: leave it out"),
        ("a.csv --grey", "--grey is not for a table: leave it out"),
        ("x=a.npy --background white", "--background is not for arrays: leave it out"),
        ("x=a.npy --no-headings", "--headings is not for arrays: leave it out"),
        ("a.csv --split 2", "--split 2: expected a part of the samples, such as 0.2 or 20%"),
        ("a.csv --split 100%", "--split 100%: expected a part of the samples"),
        ("a.csv --split x", "--split x: expected a part of the samples"),
        ("a.csv --split=-0.1", "--split -0.1: expected a part of the samples"),
        ("a.csv b.csv", "cannot tell what to pack: a.csv b.csv\n"),
        ("x=a.npy x=b.npy", "two arrays have the same name"),
        ("a.csv --size 3", "--size 3: expected HEIGHTxWIDTH, such as 32x32"),
    ],
)
def test_wrong_use(run, arguments, message):
    """What was expected is said."""
    found = run(f"data pack {arguments} --to out")
    assert (found.code, found.out) == (1, "")
    assert found.err.startswith(message)


def test_parts(folder, run):
    """As a number or a percentage; the same seed gives the same samples, class by class."""
    (folder / "a.csv").write_text(
        "".join(f"{i * i},{'yn'[i % 4 == 0]}\n" for i in range(20)), "utf-8"
    )
    contents = []
    for i, part in enumerate(("0.2", "20%", "20.0%", ".2")):
        assert run(f"data pack a.csv --to out{i} --split {part}").code == 0
        with h5py.File(folder / f"out{i}" / "test.h5") as file:
            contents.append(file["data"][:].tolist())
            assert sorted(file["label"][:]) == [0, 1, 1, 1]
    assert contents == contents[:1] * 4


def test_how_a_table_is_read_may_be_said(folder, run):
    """Delimiter, encoding, headings, the label, and what is left out."""
    text = "größe:name:art\n1:x:3\n2:y:4\n"
    (folder / "a.txt").write_bytes(text.encode("latin-1"))
    options = "--delimiter : --encoding latin-1 --headings --label art --leave-out name"
    (folder / "a.txt").rename(folder / "a.csv")
    found = run(f"data pack a.csv --to out --keep-order {options}")
    assert (found.code, found.err) == (0, "")
    assert found.lines[:4] == [
        "read as   iso8859-1, columns separated by ':', headings in line 1",
        "left out  column 'name'",
        "label     column 'art'",
        "data      'größe'",
    ]
    with h5py.File(folder / "out" / "train.h5") as file:
        assert (file["data"][:].tolist(), file["label"][:].tolist()) == ([[1], [2]], [3, 4])
    assert run("data pack a.csv --to out --encoding latin-1 --delimiter : --no-label").code == 1


def test_a_table_by_another_name(folder, run):
    """A text whose lines are parted alike is one."""
    (folder / "a.dat").write_text("1;2;0\n3;4;1\n", "utf-8")
    assert run("data pack a.dat --to out").code == 0


def test_a_source_leads_to_this_command(folder, run):
    """A table as source says the command; after it, the net can be trained."""
    (folder / "table.csv").write_text("a;b;c;Label\n" + "1;2;3;0\n4;5;6;1\n" * 4, "utf-8")
    text = (folder / "net.yaml").read_text().replace("train.h5", "table.csv")
    (folder / "net.yaml").write_text(text)
    said = run("check net.yaml").err.splitlines()
    assert said[0].startswith("net.yaml:7:13: layer 'train-data' (HDF5Data): ")
    assert said[0].endswith("table.csv is a table of text")
    command = said[1].partition("graphnet ")[2]
    source = said[2].partition("source: ")[2]
    assert run(command).code == 0
    (folder / "net.yaml").write_text(text.replace("table.csv", source))
    assert run("check net.yaml").code == 0
