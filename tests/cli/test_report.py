"""``graphnet report``."""

from __future__ import annotations

import json
import os
import re
import subprocess
from html import unescape
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml
from support.browser import CHROMIUM
from support.made_runs import make_run

SECTIONS = ["outcome", "curves", "answers", "worst", "net", "filters", "embedding", "params",
            "gradients", "time", "memory", "asked", "data", "again"]  # fmt: skip
PICTURES = """\
name: pictures
layers:
  - {name: train-data, type: HDF5Data, phase: train, source: "dataset:digits28/train",
     batch_size: 32}
  - {name: test-data, type: HDF5Data, phase: test, source: "dataset:digits28/test", batch_size: 32}
  - {name: conv, type: Convolution, n_filter: 4, kernel: [5, 5], stride: [3, 3], neuron: ReLU,
     bottoms: [data], tops: [conv]}
  - {name: hidden, type: InnerProduct, output_dim: 12, neuron: ReLU, bottoms: [conv],
     tops: [hidden]}
  - {name: ip, type: InnerProduct, output_dim: 10, bottoms: [hidden], tops: [ip]}
  - {name: loss, type: SoftmaxLoss, bottoms: [ip, label]}
  - {name: accuracy, type: Accuracy, phase: test, bottoms: [ip, label]}
"""


def sections_of(page):
    return re.findall(r'<section id="(\w+)"', page)


def part(page, name):
    found = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)
    return found[0] if found else ""


@pytest.fixture
def pictures(folder, run):
    """A run of a net of pictures, with snapshots."""
    (folder / "net.yaml").write_text(
        PICTURES.replace("name: pictures", "name: pictures\nsolver: solver.yaml")
    )
    assert run("solve net.yaml --quiet").code == 0
    return folder


def test_a_net_of_pictures_has_every_section(pictures, run):
    """In one file that asks for nothing; what is said at the end is where it lies."""
    found = run("report run -o page.html --steps 1")
    assert found.code == 0, found.err
    assert found.out.startswith("report of run: page.html (")
    page = (pictures / "page.html").read_text("utf-8")
    assert sections_of(page) == SECTIONS
    assert "Cannot be shown" not in page
    assert len(page) < 1_500_000
    assert "data:image/png" in part(page, "worst")
    assert "conv/filter: 4" in part(page, "filters")
    assert "recall" in part(page, "answers")
    right = re.search(r"(\d+) of 360 answers are right", part(page, "answers"))
    accuracy = json.loads(run("test net.yaml --weights run --json").out)["statistics"]["accuracy"]
    assert int(right[1]) == round(accuracy * 360)
    assert "dataset:digits28/test" in part(page, "data")
    best = pictures / "run" / "snapshots" / "best.h5"
    assert ("the best snapshot" in part(page, "answers")) == best.exists()


def test_the_command_on_the_page_runs_it_again(pictures, run):
    """With the same bits."""
    assert run("report run --steps 0").code == 0
    page = (pictures / "report.html").read_text("utf-8")
    command = unescape(re.search(r"<pre>(graphnet solve .*?)</pre>", part(page, "again"))[1])
    again = run(command.removeprefix("graphnet "))
    assert again.code == 0, again.err
    one, other = (pictures / name / "statistics.jsonl" for name in ("run", "run-again"))
    assert one.read_text() == other.read_text()


def test_a_regression_has_no_matrix(folder, run):
    """Its answers are numbers."""
    rng = np.random.default_rng(0)
    for name in ("train", "test"):
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file["data"] = rng.random((20, 3)).astype("float32")
            file["label"] = rng.random((20, 1)).astype("float32")
    net = yaml.safe_load((folder / "net.yaml").read_text())
    layers = {layer["name"]: layer for layer in net["layers"]}
    layers["ip1"]["output_dim"] = 1
    layers["loss"]["type"] = "SquareLoss"
    del layers["accuracy"], layers["prob"]
    net["layers"] = list(layers.values())
    (folder / "net.yaml").write_text(yaml.safe_dump(net))
    assert run("solve net.yaml --quiet").code == 0
    assert run("report run --steps 0").code == 0
    page = (folder / "report.html").read_text("utf-8")
    assert "R²" in part(page, "answers")
    assert len(re.findall(r"<td>[0-9a-f]{64}</td>", part(page, "data"))) == 2
    assert "confusion matrix" not in page
    assert "Cannot be shown" not in page
    assert "filters" not in sections_of(page)


def test_a_net_without_a_test_phase_says_so(folder, run):
    """And has the rest."""
    net = yaml.safe_load((folder / "net.yaml").read_text())
    net["layers"] = [
        {**layer, "phase": "train"} for layer in net["layers"] if layer.get("phase") != "test"
    ]
    (folder / "net.yaml").write_text(yaml.safe_dump(net))
    (folder / "solver.yaml").write_text(
        "max_iter: 2\nlr_policy: {type: Fixed, base_lr: 0.1}\nexp_dir: run\n"
    )
    assert run("solve net.yaml --quiet").code == 0
    assert run("report run --steps 1").code == 0
    page = (folder / "report.html").read_text("utf-8")
    assert "No layer of phase test compares" in part(page, "answers")
    assert {"net", "params", "time", "memory"} <= set(sections_of(page))


def test_a_run_of_which_little_is_left(folder, run):
    """No snapshot, a net that cannot be compiled, no end: the rest is there, and says why."""
    make_run(folder / "old", {"loss": {1: 2.0, 2: 1.0}}, outcome=None)
    found = run("report old -o old.html")
    assert found.code == 0, found.err
    page = (folder / "old.html").read_text("utf-8")
    assert "running or killed" in part(page, "outcome")
    assert "<svg" in part(page, "curves")
    assert "Cannot be shown" in part(page, "net")
    assert "warning: " in found.err


def test_data_that_is_not_here_any_more(folder, run):
    """The answers and the timing are left out, with the reason."""
    assert run("solve net.yaml --quiet").code == 0
    for name in ("train", "test"):
        (folder / f"{name}.h5").unlink()
    found = run("report run")
    assert found.code == 0, found.err
    page = (folder / "report.html").read_text("utf-8")
    assert "Cannot be shown" in part(page, "answers")
    assert "test.h5" in part(page, "answers")
    assert "<svg" in part(page, "curves")
    assert "<svg" in part(page, "params")


def test_layers_that_write_files_write_none(folder, run):
    """The page is all that is made."""
    with (folder / "net.yaml").open("a") as file:
        file.write(
            "  - {name: out, type: HDF5Output, phase: test, filename: o.h5, bottoms: [ip1]}\n"
        )
        file.write(
            "  - {name: out2, type: HDF5Output, phase: train, filename: p.h5, bottoms: [ip1]}\n"
        )
    assert run("solve net.yaml --quiet").code == 0
    for name in ("o.h5", "p.h5"):
        (folder / name).unlink(missing_ok=True)
    before = {path for path in folder.rglob("*") if "__pycache__" not in str(path)}
    assert run("report run --steps 1").code == 0
    after = {path for path in folder.rglob("*") if "__pycache__" not in str(path)}
    assert after - before == {folder / "report.html"}
    assert "Cannot be shown" not in (folder / "report.html").read_text("utf-8")


def test_mistakes_of_the_user(folder, run):
    """No run, another suffix, a file of the run, a page that is no report."""
    assert "this is no run's directory" in run("report .").err
    assert run("solve net.yaml --quiet").code == 0
    assert "a report is a page of HTML" in run("report run -o report.pdf").err
    (folder / "report.html").write_text("mine")
    found = run("report run")
    assert (found.code, "there already, and no report" in found.err) == (1, True)
    assert (folder / "report.html").read_text() == "mine"
    assert run("report run -o report.html --steps 0").code == 0
    assert run("report run --steps 0").code == 0  # one of its own it writes anew
    os.link(folder / "run" / "run.json", folder / "linked.html")
    assert "which would be lost" in run("report run -o linked.html").err


MEASURE = "<script>document.title=document.documentElement.scrollWidth+' '+innerWidth</script>"


def browse(page, width, home):
    """Open a page with the network cut: its DOM, and what the browser says."""
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9",
            f"--user-data-dir={home}", f"--log-net-log={home / 'net.json'}",
            "--enable-logging=stderr", f"--window-size={width},900", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.stdout, done.stderr


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [1280, 400])
def test_in_a_browser_without_network(pictures, run, tmp_path, width):
    """No message, no request, and nothing wider than the window but what can be moved aside."""
    assert run("report run --steps 1").code == 0
    measured = Path(pictures / "measured.html")
    measured.write_text((pictures / "report.html").read_text("utf-8") + MEASURE, "utf-8")
    dom, said = browse(measured, width, tmp_path / "home")
    assert sections_of(dom) == SECTIONS
    assert "CONSOLE" not in said
    widths = re.search(r"<title>(\d+) (\d+)</title>", dom)
    assert int(widths[1]) <= int(widths[2])
    log = (tmp_path / "home" / "net.json").read_text("utf-8")
    asked = set(re.findall(r'"url":"(?:https?|wss?)://([^/:"]*)', log))
    own = ("google.com", "googleapis.com", "gvt1.com")  # what the browser asks for by itself
    assert not {host for host in asked if not host.endswith(own)}
