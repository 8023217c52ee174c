"""The command line as a whole: help at once, exit codes, what is said of mistakes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import graphnet
from graphnet.cli import check

COMMANDS = ("solve", "check", "check-grad", "test", "predict", "data", "schema", "snapshot")
#: Some versions of Typer use pydantic themselves to read the options of a command.
HEAVY = ("numpy", "h5py", "yaml", "networkx", "rich", "graphnet.net", "graphnet.solver")


#: A process of its own finds the package where this one does, installed or not.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(graphnet.__file__).parents[1])}


def python(*args):
    """Run Python in a process of its own."""
    done = subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("args", [["--help"], ["--version"], *([c, "--help"] for c in COMMANDS)])
def test_help_loads_nothing_heavy(args):
    """Neither NumPy nor any other library that takes its time."""
    code = (
        "import sys; from graphnet.cli import main; code = main(sys.argv[1:])\n"
        f"print([name for name in {HEAVY} if name in sys.modules]); sys.exit(code)"
    )
    returncode, out, err = python("-c", code, *args)
    assert (returncode, err) == (0, "")
    assert out.splitlines()[-1] == "[]"


def test_the_first_help_does_not_even_load_pydantic():
    """``graphnet --help`` is what a newcomer types first."""
    code = "import sys; from graphnet.cli import main; main(['--help']); print(sys.modules.keys())"
    assert "'pydantic'" not in python("-c", code)[1].splitlines()[-1]


def test_printing_a_schema_loads_nothing_heavy():
    """It is shipped as a text."""
    code = (
        "import sys; from graphnet.cli import main; main(['schema', 'net'])\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    _, out, err = python("-c", code)
    assert json.loads(out)["title"] == "graphnet net"
    assert err == "[]\n"


@pytest.mark.parametrize("which", ["net", "solver"])
def test_schema_prints_the_shipped_text(run, which):
    """Byte for byte."""
    shipped = Path(graphnet.__file__).parent / "schema" / f"{which}.json"
    assert run(f"schema {which}").out == shipped.read_text("utf-8")


def test_help_names_every_command(run):
    """Each with a line that is not cut off."""
    found = run("--help")
    assert found.code == 0
    for command in COMMANDS:
        (line,) = [line for line in found.lines if line.startswith(f"  {command} ")]
        assert line.endswith("."), line
        assert not line.endswith("..."), line


def test_version(run):
    """Of the package."""
    assert run("--version").out == f"graphnet {graphnet.__version__}\n"


def test_without_a_command_the_help_is_shown(run):
    """A newcomer's first step."""
    found = run("")
    assert "Commands:" in found.out + found.err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("slove net.yaml", "No such command 'slove'"),
        ("check", "Missing argument"),
        ("check net.yaml --phases test", "--phases"),
        ("check net.yaml --phase validation", "validation"),
        ("export features run -o o.npy", "Missing option '--blob'"),
        ("solve net.yaml --threads 0", "--threads"),
        ("check net.yaml --set layers.ip1", "expected KEY.PATH=VALUE, found 'layers.ip1'"),
        ("check net.yaml --set a=[1", "not valid YAML"),
        ("schema layer", "layer"),
    ],
)
def test_wrong_usage_exits_with_2(run, command, message):
    """What is wrong with the line, on stderr."""
    found = run(command)
    assert found.code == 2
    assert message in found.err
    assert "Error: " in found.err
    assert found.out == ""


def test_ctrl_c_outside_training_is_one_line(run, monkeypatch):
    """No traceback, and the exit code that shells expect."""

    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "check", interrupted)
    found = run("check net.yaml")
    assert (found.code, found.out, found.err) == (130, "", "interrupted\n")


def test_too_little_memory_is_no_traceback(run, monkeypatch):
    """A batch of a billion is a mistake of the user's."""

    def full(*_args, **_kwargs):
        raise MemoryError("Unable to allocate 3 TiB")

    monkeypatch.setattr(check, "check", full)
    found = run("check net.yaml")
    assert found.code == 1
    assert found.err.startswith("there is not enough memory: Unable to allocate 3 TiB\n  ")


def test_an_unexpected_exception_keeps_its_traceback(run, monkeypatch):
    """A mistake of graphnet's own must be seen."""

    def broken(*_args, **_kwargs):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(check, "check", broken)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        run("check net.yaml")


def test_a_reader_that_went_away_is_no_error():
    """``graphnet check net.yaml | head -1`` ends without a word on stderr."""
    with subprocess.Popen(
        [sys.executable, "-m", "graphnet", "schema", "net"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_the_package_can_be_run():
    """``python -m graphnet`` is the command."""
    found = python("-m", "graphnet", "check", "none.yaml")
    assert found == (1, "", "none.yaml: there is no such file\n")


def test_what_the_system_says_is_no_traceback(run, monkeypatch):
    """A name that is too long, a disk that fails: the file, and the reason."""
    name = "x" * 300
    found = run(f"solve net.yaml --exp-dir {name}")
    assert found.code == 1
    # Python 3.11 says it when it looks for snapshots, later ones when the folder is made
    assert re.search(f"{name}(/snapshots|: cannot be written): File name too long\n$", found.err)

    def unnameable(*_args, **_kwargs):
        "größe".encode("ascii")

    monkeypatch.setattr(check, "check", unnameable)
    found = run("check net.yaml")
    assert found.code == 1
    assert found.err == (
        "'größe' cannot be the name of a file here: the locale has only ascii\n"
        "  set one in UTF-8, as by PYTHONUTF8=1\n"
    )


def test_a_working_directory_that_is_gone(run, monkeypatch):
    """It is said before anything is looked for there."""

    def gone():
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "getcwd", gone)
    found = run("check net.yaml")
    assert found.code == 1
    assert found.err.startswith("the working directory cannot be used: No such file or directory\n")


def test_the_data_folder_is_no_file(run, folder, monkeypatch):
    """And ``~`` of nobody is a name like any other."""
    monkeypatch.setenv("GRAPHNET_DATA", str(folder / "net.yaml"))
    found = run("data mnist")
    assert found.code == 1
    assert found.err.startswith(f"GRAPHNET_DATA names a file, {folder / 'net.yaml'}\n")
    monkeypatch.setenv("GRAPHNET_DATA", "~no-such-user/x")
    assert run("data").code == 0
    monkeypatch.delenv("GRAPHNET_DATA")
    monkeypatch.delenv("HOME", raising=False)
    assert run("data").code == 0
