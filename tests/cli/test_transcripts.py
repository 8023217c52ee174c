"""From a user's own files to a trained net, by commands alone, in an empty folder."""

from __future__ import annotations

import shlex

import numpy as np
import pytest

from graphnet.cli import main
from graphnet.data.recipe.stored import read_recipe


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """A command in the empty folder, which must succeed; gives what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHNET_OFFLINE", "1")

    def run_command(command, code=0):
        capsys.readouterr()
        found = main(shlex.split(command))
        captured = capsys.readouterr()
        assert found == code, captured.err
        return captured.err if code else captured.out

    return run_command


def number(text, key):
    """The number behind a word in a table or summary."""
    line = next(line for line in text.splitlines() if line.split()[:1] == [key])
    return float(line.split()[1])


def write_people(path):
    """400 rows with words, gaps, names and dates; the last column follows from the others."""
    rng = np.random.default_rng(0)
    lines = ["name;joined;age;city;income;plan;churn"]
    for i in range(400):
        age, city = rng.integers(18, 80), rng.choice(["Berlin", "Paris", "Rome"])
        income, plan = rng.normal(3000 + 20 * age, 400), rng.choice(["basic", "pro"])
        churn = "yes" if (plan == "basic" and age < 50) or city == "Rome" else "no"
        shown = [f"{age}", f"{city}", f"{income:.2f}"]
        shown = ["" if rng.random() < 0.05 else cell for cell in shown]
        lines.append(f"n{i};2024-01-{i % 28 + 1:02};{';'.join(shown)};{plan};{churn}")
    path.write_text("\n".join(lines), "utf-8")


def test_a_table(run, tmp_path):
    """Every refusal says what to write next, until the table is packed; the net learns it."""
    write_people(tmp_path / "people.csv")
    pack = "data pack people.csv --to people --split 20%"
    assert "--label COLUMN" in run(pack, code=1)
    pack += " --label churn"
    assert "date or a time" in run(pack, code=1)
    assert "--leave-out COLUMN" in run(pack, code=1)
    pack += " --leave-out joined"
    assert "column 'age': the field is empty" in run(pack, code=1)
    assert "--missing mean, feature, zero or drop" in run(pack, code=1)
    pack += " --missing mean"
    assert "more than 100 different words\n  a name" in run(pack, code=1)
    pack += " --leave-out name --standardize"
    said = run(pack)
    assert "words: Berlin, Paris, Rome" in said
    assert "320 samples in people/train.h5" in said
    assert read_recipe(tmp_path / "people" / "test.h5").features[1] == "city=Berlin"
    assert "2 classes (no, yes)" in run("new churn --from people")
    run("solve churn/net.yaml --quiet")
    assert number(run("test churn/net.yaml --weights churn/run"), "accuracy") > 0.85


WEIGHED = """
solver: solver.yaml
layers:
- {name: d, type: HDF5Data, phase: train, source: rows/train.h5, batch_size: 20, tops: [data, label,
   weight]}
- {name: t, type: HDF5Data, phase: test, source: good/train.h5, batch_size: 20}
- {name: ip, type: InnerProduct, output_dim: 2, bottoms: [data], tops: [ip]}
- {name: weigh, type: graphnet.estimators.row_weights.RowWeights, phase: train,
   bottoms: [ip, weight], tops: [weighed]}
- {name: train-loss, type: SoftmaxLoss, phase: train, bottoms: [weighed, label]}
- {name: accuracy, type: Accuracy, phase: test, bottoms: [ip, label]}
"""


def test_weights(run, tmp_path):
    """Most rows have the wrong class, and the weight 0: the net learns from the others."""
    rng = np.random.default_rng(0)
    rows, good = ["x,w,label"], ["x,w,label"]
    for _ in range(300):
        x, is_right = rng.normal(), rng.random() < 0.3
        rows.append(f"{x:.4f},{0.5 * is_right},{int((x > 0) == is_right)}")
        good.append(f"{x:.4f},1,{int(x > 0)}")
    for name, lines in (("rows", rows), ("good", good)):
        (tmp_path / f"{name}.csv").write_text("\n".join(lines), "utf-8")
        assert "column 'w'" in run(f"data pack {name}.csv --to {name} --weight w")
    solver = "max_iter: 300\nexp_dir: run\nmethod: Adam\nlr_policy: {type: Fixed, base_lr: 0.01}\n"
    (tmp_path / "solver.yaml").write_text(solver, "utf-8")
    for text, least, most in (
        (WEIGHED, 0.9, 1),
        (WEIGHED.replace("[weighed, label]", "[ip, label]"), 0, 0.1),
    ):
        (tmp_path / "net.yaml").write_text(text, "utf-8")
        run("solve net.yaml --quiet --fresh")
        accuracy = number(run("test net.yaml --weights run"), "accuracy")
        assert least <= accuracy <= most


@pytest.mark.parametrize("fit", ["letter-box", "crop"])
def test_pictures_of_several_sizes(run, tmp_path, fit):
    """A folder for each class; bright ones on one side, dark ones on the other."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    rng = np.random.default_rng(0)
    for name, low in (("day", 150), ("night", 0)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(40):
            height, width = rng.integers(12, 40, 2)
            values = rng.integers(low, low + 100, (height, width, 3), np.uint8)
            image.fromarray(values).save(tmp_path / "photos" / name / f"{i}.png")
    assert "--size HEIGHTxWIDTH" in run("data pack photos --to packed --split 0.25", code=1)
    said = run(f"data pack photos --to packed --split 0.25 --size 16x16 --fit {fit}")
    assert "0 day, 1 night" in said
    assert "60 samples in packed/train.h5" in said
    recipe = read_recipe(tmp_path / "packed" / "train.h5")
    assert (recipe.shape, recipe.resized, recipe.fit) == ((3, 16, 16), True, fit)
    assert "day, night" in run("new light --from packed")
    run("solve light/net.yaml --quiet")
    assert number(run("test light/net.yaml --weights light/run"), "accuracy") > 0.9
