"""What running a net, and only checking it, may execute, read and write."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from attacks.conftest import CODE

from graphnet.files.bounds import current

OUTPUT = (
    "  - {name: out, type: HDF5Output, phase: train, filename: %s, force_overwrite: true,"
    " bottoms: [ip]}\n"
)
READING = [
    "check theirs/net.yaml",
    "solve theirs/net.yaml",
    "time theirs/net.yaml --steps 1",
    "check-grad theirs/net.yaml",
    "find-lr theirs/net.yaml --steps 10",
    "draw theirs/net.yaml -o p.svg",
]


def output(theirs, filename):
    """Have the net write a file."""
    with (theirs / "net.yaml").open("a") as file:
        file.write(OUTPUT % filename)


def files_of(folder):
    """All that is in a folder, with what is in it."""
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def with_code(theirs):
    """The net has a coffee break of its own, and a layer."""
    (theirs / "mine.py").write_text(CODE)
    text = (theirs / "solver.yaml").read_text()
    (theirs / "solver.yaml").write_text(text + "  - {type: mine.Mine, every_n_iter: 1}\n")
    with (theirs / "net.yaml").open("a") as file:
        file.write("  - {name: own, type: mine.Layer, bottoms: [ip], tops: [x]}\n")
    return theirs


@pytest.mark.parametrize("option", ["--no-user-code", "--untrusted"])
@pytest.mark.parametrize("command", READING)
def test_no_code_of_theirs_is_imported(with_code, run, command, option):
    """With either option, by any command: neither layers nor coffee breaks."""
    result = run(f"{command} {option}")
    assert result.code == 1
    assert f"is user code, which {option} refuses" in result.err
    assert not (with_code / "imported").exists()


def test_checking_imports_code_unless_told_not_to(with_code, run):
    """As running does: a net with layers of its own cannot be checked without them."""
    run("check theirs/net.yaml")
    assert (with_code / "imported").exists()


@pytest.mark.parametrize("kind", ["graphnet.__main__.main", "graphnet.cli.main", "os.system"])
def test_no_function_is_called(theirs, run, kind):
    """Nor may a coffee break name a function, of graphnet or of Python."""
    text = (theirs / "solver.yaml").read_text()
    (theirs / "solver.yaml").write_text(text + f"  - {{type: {kind}, every_n_iter: 1}}\n")
    for option in ("--no-user-code", "--untrusted"):
        result = run(f"check theirs/net.yaml {option}")
        assert result.code == 1
        assert f"is user code, which {option} refuses" in result.err


def test_a_run_that_keeps_to_its_folder(theirs, run, tmp_path):
    """It reads beside the net, and writes into the run's directory alone."""
    before = files_of(tmp_path)
    result = run("solve theirs/net.yaml --untrusted")
    assert result.code == 0, result.err
    after = files_of(tmp_path)
    assert before.items() <= after.items()
    new = after.keys() - before.keys()
    assert all(name.startswith(str(theirs / "run")) for name in new)
    assert (theirs / "run" / "snapshots" / "snapshot-000004.h5").is_file()
    assert run("solve theirs/net.yaml --untrusted --exp-dir elsewhere").code == 0
    assert (tmp_path / "elsewhere" / "run.json").is_file()
    assert current() is None


@pytest.mark.parametrize(
    "where", ["../out.h5", "out.h5", "train.h5", "{tmp}/out.h5", "door/out.h5"]
)
def test_outputs_elsewhere(theirs, run, tmp_path, where):
    """HDF5Output with force_overwrite: outside the run's directory nothing is written."""
    if where == "door/out.h5":
        (tmp_path / "elsewhere").mkdir()
        (theirs / "door").symlink_to(tmp_path / "elsewhere")
    with h5py.File(tmp_path / "out.h5", "w") as file:
        file["x"] = np.zeros(3)
    before = files_of(tmp_path)
    output(theirs, where.format(tmp=tmp_path))
    result = run("solve theirs/net.yaml --untrusted")
    assert result.code == 1
    run_files = str(theirs / "run")
    after = {n: c for n, c in files_of(tmp_path).items() if not n.startswith(run_files)}
    assert {n: c for n, c in after.items() if "net.yaml" not in n} == {
        n: c for n, c in before.items() if "net.yaml" not in n
    }


def test_an_output_within_the_run(theirs, run):
    """Is written."""
    output(theirs, "run/out.h5")
    (theirs / "run").mkdir()
    assert run("solve theirs/net.yaml --untrusted").code == 0
    assert (theirs / "run" / "out.h5").is_file()


@pytest.mark.parametrize("where", ["..", "../elsewhere", ".", "{tmp}", "door"])
def test_a_run_elsewhere(theirs, run, tmp_path, where):
    """``exp_dir`` of the solver lies in the net's folder, and is not that folder."""
    (theirs / "door").symlink_to(tmp_path)
    text = (theirs / "solver.yaml").read_text()
    where = where.format(tmp=tmp_path)
    (theirs / "solver.yaml").write_text(text.replace("exp_dir: run", f"exp_dir: {where}"))
    before = files_of(tmp_path)
    result = run("solve theirs/net.yaml --untrusted")
    assert result.code == 1
    assert "key 'exp_dir'" in result.err
    assert files_of(tmp_path) == before


SOURCE = "  - {name: d2, type: HDF5Data, source: %s, batch_size: 4, tops: [a, b]}\n"
MEAN = (
    "  - {name: d2, type: HDF5Data, source: train.h5, batch_size: 4, tops: [data, label],"
    " transformers: {data: [{type: SubMean, mean_file: %s}]}}\n"
)


@pytest.mark.parametrize("line", [SOURCE, MEAN], ids=["source", "mean"])
@pytest.mark.parametrize("place", ["../secret.txt", "../missing.h5", "link.h5", "../*.txt"])
def test_reading_elsewhere(theirs, run, line, place):
    """Not even whether a file is there can be learned."""
    (theirs / "link.h5").symlink_to("../secret.txt")
    text = (theirs / "net.yaml").read_text().splitlines(keepends=True)
    del text[3]
    (theirs / "net.yaml").write_text("".join(text[:3]) + line % place + "".join(text[3:]))
    result = run("solve theirs/net.yaml --untrusted")
    assert result.code == 1
    assert "the-password" not in result.text
    assert "--untrusted keeps to the net's folder" in result.err


@pytest.mark.parametrize("place", ["../other.h5", "{tmp}/secret.txt"])
def test_weights_elsewhere(theirs, run, tmp_path, place):
    """``load_from`` of the solver."""
    text = (theirs / "solver.yaml").read_text()
    (theirs / "solver.yaml").write_text(f"load_from: {place.format(tmp=tmp_path)}\n" + text)
    result = run("solve theirs/net.yaml --untrusted")
    assert result.code == 1
    assert "--untrusted keeps to the net's folder" in result.err


def test_a_solver_elsewhere(theirs, run):
    """Neither read nor asked for."""
    text = (theirs / "net.yaml").read_text()
    for place in ("../secret.txt", "../missing.yaml"):
        (theirs / "net.yaml").write_text(text.replace("solver.yaml", place))
        result = run("check theirs/net.yaml --untrusted")
        assert result.code == 1
        assert "--untrusted keeps to the net's folder" in result.err


def test_lists_are_not_quoted(theirs, run):
    """A list of files names what is missing only where it is trusted."""
    (theirs / "list.txt").write_text("gone.h5\n")
    assert "gone.h5" in run("check theirs/net.yaml --set layers.data.source=theirs/list.txt").err
    text = (theirs / "net.yaml").read_text()
    (theirs / "net.yaml").write_text(text.replace("train.h5", "list.txt"))
    result = run("check theirs/net.yaml --untrusted")
    assert "list.txt:1: this line names no file" in result.err
    assert "gone.h5" not in result.text


def test_nothing_is_downloaded(theirs, run, monkeypatch):
    """A named data set that is not here is missing."""
    monkeypatch.delenv("GRAPHNET_OFFLINE")

    def refuse(*_args, **_kwargs):
        raise AssertionError("it asked the network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    text = (theirs / "net.yaml").read_text()
    (theirs / "net.yaml").write_text(text.replace("train.h5", "dataset:mnist/train"))
    assert run("solve theirs/net.yaml --untrusted").code == 1


@pytest.mark.usefixtures("theirs")
def test_predicting_with_a_run_of_theirs(run, tmp_path):
    """What the user names is read and written wherever it is; nothing else."""
    assert run("solve theirs/net.yaml").code == 0
    np.save(tmp_path / "rows.npy", np.zeros((2, 4), "f4"))
    result = run("predict theirs/run rows.npy -o answers.csv --untrusted")
    assert result.code == 0, result.err
    assert (tmp_path / "answers.csv").is_file()
