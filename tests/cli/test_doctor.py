"""Tests of ``graphnet doctor``."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from graphnet.cli import doctor, main
from graphnet.dependencies import Dependency

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def made_up(tmp_path, monkeypatch):
    """A machine without a GPU, with one package that is needed and one that is not here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GRAPHNET_OFFLINE", "1")
    known = [
        Dependency("numpy", ">=2", "", np.__version__),
        Dependency("pillow", ">=10", "images", ""),
        Dependency("x", "", "dev", ""),
        Dependency("y", "", "new", "1.0"),
    ]
    monkeypatch.setattr(doctor, "dependencies", lambda: known)
    monkeypatch.setattr(doctor, "gpus", lambda: ([], "CuPy is not installed\n  get it"))
    monkeypatch.setattr(doctor, "in_the_way", lambda: "")
    return known


def test_the_lines(capsys, tmp_path):
    """What is here, and what each extra would add."""
    for split in ("train", "test"):
        (tmp_path / "data" / "mnist").mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / "mnist" / f"{split}.h5").touch()
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    names = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert [n for n in names if n != "memory"] == [
        "graphnet", "python", "system", "packages", "blas", "threads", "gpu", "mpi", "data",
        "extras", "set",
    ]  # fmt: skip
    assert f"packages  numpy {np.__version__}" in lines
    assert "gpu       CuPy is not installed" in lines
    assert f"data      {tmp_path / 'data'}: mnist; downloads are off" in lines
    assert "extras    images: data pack reads pictures, plot and draw write PNG" in lines
    assert "[images]" in text
    assert "          new: y" in lines
    assert "dev" not in text.split("extras")[1]


def test_json(capsys, tmp_path):
    """The same for scripts."""
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["packages"] == {"numpy": np.__version__}
    assert found["problems"] == []
    assert found["extras"]["images"]["is_here"] is False
    assert found["extras"]["new"]["is_here"] is True
    assert found["data"] == {"folder": str(tmp_path / "data"), "sets": [], "offline": True}
    assert found["threads"]["used"] >= 1
    assert found["variables"]["GRAPHNET_OFFLINE"] == "1"


def test_what_is_wrong(capsys, made_up, monkeypatch, tmp_path):
    """Is said at the end, with the cure, and by the exit status."""
    made_up[0] = Dependency("numpy", ">=99", "", "2.3.1")
    made_up.append(Dependency("h5py", ">=3", "", ""))
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path / "file"))
    monkeypatch.setattr(doctor, "in_the_way", lambda: "graphnet 0.1.2 is installed here")
    assert main(["doctor"]) == 1
    wrong = [line for line in capsys.readouterr().out.splitlines() if line.startswith("!")]
    assert wrong[0] == "! numpy 2.3.1 is here, and graphnet needs numpy>=99"
    assert wrong[2] == "! h5py is not installed, and graphnet needs h5py>=3"
    assert wrong[4] == "! graphnet 0.1.2 is installed here"
    assert wrong[5].startswith("! GRAPHNET_DATA names a file")


def test_a_folder_that_takes_no_data(capsys, monkeypatch, tmp_path):
    """The way out is named."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path / "file" / "below"))
    assert main(["doctor"]) == 1
    assert "data sets cannot be kept in" in capsys.readouterr().out


def test_where_there_is_no_metadata(capsys, monkeypatch):
    """A copy that is only on the path: extras are told of all the same."""
    monkeypatch.setattr(doctor, "dependencies", list)
    assert main(["doctor", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["extras"]) == list(doctor.ADDS)


def test_every_extra_is_told_of():
    """What it adds is a line of ADDS in graphnet/cli/doctor.py, or it is for development."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    known = {*doctor.ADDS, *doctor._FOR_DEVELOPMENT}
    assert set(extras["optional-dependencies"]) == known
