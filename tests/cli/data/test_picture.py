"""``graphnet data info --picture``."""

from __future__ import annotations

import re

import h5py
import numpy as np
import pytest

from graphnet.data.hdf5.reader import CLASSES


@pytest.fixture
def file(folder):
    """Pictures of two kinds, whose names are known: black ones and white ones."""
    with h5py.File(folder / "seen.h5", "w") as made:
        label = np.repeat([0, 1], 30)
        made["data"] = (label[:, None, None, None] * np.full((60, 1, 6, 6), 200)).astype("uint8")
        made["label"] = label
        made.attrs[CLASSES] = '["black", "white"]'
    return folder / "seen.h5"


NET = """\
layers:
  - {name: d, type: HDF5Data, source: other.h5, batch_size: 7,
     transformers: {data: [{type: Scale, scale: -0.5}]}}
  - {name: ip, type: InnerProduct, output_dim: 2, bottoms: [data], tops: [ip]}
  - {name: loss, type: SoftmaxLoss, bottoms: [ip, label]}
"""


def texts(path):
    return re.findall(r"<text[^>]*>(.*?)</text>", path.read_text("utf-8"))


@pytest.mark.usefixtures("file")
def test_samples_classes_and_values(folder, run):
    """Of both kinds, though the file is sorted by them; the table is printed as ever."""
    found = run("data info seen.h5 --picture seen.svg")
    assert found.code == 0, found.err
    assert found.lines[0] == "drawn: seen.svg"
    assert "data set" in found.out
    said = texts(folder / "seen.svg")
    assert "data: 40 samples" in said
    assert "label: 2 classes" in said
    assert "data: values of 60 samples" in said
    names = [text for text in said if text in ("0 black", "1 white")]
    assert 10 <= names.count("0 black") - 1 <= 30
    assert len(names) == 42  # with the two bars
    assert said.count("30") == 2
    assert (folder / "seen.svg").read_text().count("data:image/png") == 40


@pytest.mark.usefixtures("file")
def test_as_a_net_reads_them(folder, run):
    """Its transformers are applied; where its own data lie does not matter."""
    (folder / "net.yaml").write_text(NET)
    found = run("data info seen.h5 --picture seen.svg --net net.yaml")
    assert found.code == 0, found.err
    assert "-100" in texts(folder / "seen.svg")


def test_numbers_have_a_histogram_for_each_column(folder, run):
    """No grid."""
    assert run("data info train.h5 --picture x.svg").code == 0
    said = texts(folder / "x.svg")
    assert [t for t in said if t.startswith("data")] == [f"data, column {i}" for i in range(3)]
    assert "data:image" not in (folder / "x.svg").read_text()


@pytest.mark.usefixtures("file")
def test_json_stays_json(run):
    """Nothing else is printed."""
    assert run("data info seen.h5 --picture seen.svg --json").out.startswith("{")


@pytest.mark.usefixtures("file")
def test_png(folder, run):
    """Needs Pillow."""
    image = pytest.importorskip("PIL.Image", reason="needs the extra images")
    assert run("data info seen.h5 --picture seen.png").code == 0
    with image.open(folder / "seen.png") as made:
        assert made.size[0] > 1000


def test_mistakes(folder, file, run):
    """Each says the way out."""
    assert "no kind of picture" in run("data info seen.h5 --picture seen.jpg").err
    assert "say where: --picture FILE" in run("data info seen.h5 --net net.yaml").err
    (folder / "net.yaml").write_text(
        NET.replace("bottoms: [data]", "bottoms: [x]")
        .replace("batch_size: 7", "batch_size: 7, tops: [x, label]")
        .replace("{data: [", "{x: [")
    )
    found = run("data info seen.h5 --picture a.svg --net net.yaml").err
    assert "net.yaml: no data layer of it reads data, label from a file" in found
    (folder / "link.svg").hardlink_to(file)
    assert "which would be lost" in run("data info seen.h5 --picture link.svg").err
