"""What installs more of graphnet, and what is said where another project is in its way."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import graphnet as gn
from graphnet import installation
from graphnet.installation import DISTRIBUTION, other_project, requirement

ROOT = Path(__file__).parent.parent
#: How the other project's package begins, with names of its own.
THEIRS = '__version__ = "0.1.2"\n__all__ = ["Graph"]\nclass Graph: ...\n'
CURE = rf"pip uninstall -y graphnet {DISTRIBUTION} && pip install "


def installed(folder, *, package=THEIRS, version="0.1.2"):
    """A folder of packages with the other project in it."""
    (folder / "graphnet").mkdir(parents=True, exist_ok=True)
    if package is not None:
        (folder / "graphnet/__init__.py").write_text(package)
    (folder / f"graphnet-{version}.dist-info").mkdir()
    (folder / f"graphnet-{version}.dist-info/METADATA").write_text("Name: graphnet\n")
    return folder


def run(code, *path):
    """Another Python that looks for packages in these folders first."""
    return subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=path[0],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*path, *sys.path[1:]]))},
        capture_output=True,
        text=True,
        check=False,
    )


COMMAND = (
    "import sys, graphnet_engine as e; sys.argv = ['graphnet', '--version']; sys.exit(e.main())"
)

# --- what pip is to be given ------------------------------------------------------------


def test_in_a_clone_it_is_the_clone(tmp_path, monkeypatch):
    """Editable, as it is; from anywhere, and in its own folder as the README writes it."""
    monkeypatch.chdir(tmp_path)
    assert requirement(ROOT, "mpi") == f"-e '{ROOT}[mpi]'"
    monkeypatch.chdir(ROOT)
    assert requirement(ROOT, "mpi") == "-e '.[mpi]'"
    assert requirement(ROOT) == "-e ."


def test_installed_from_a_clone_it_is_that_clone(tmp_path, monkeypatch):
    """As pip recorded it; where the clone is gone, what to do in another one."""
    clone = tmp_path / "a clone"
    clone.mkdir()
    record = tmp_path / "lib" / "graphnet_engine-0.1.0.dist-info" / "direct_url.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"url": clone.as_uri(), "dir_info": {}}))
    assert requirement(tmp_path / "lib", "mpi") == f"'{clone}[mpi]'"
    monkeypatch.chdir(clone)
    assert requirement(tmp_path / "lib", "mpi") == "'.[mpi]'"
    monkeypatch.chdir(tmp_path)
    clone.rmdir()
    elsewhere = " in a clone of graphnet's repository"
    assert requirement(tmp_path / "lib", "mpi") == f"'.[mpi]'{elsewhere}"
    assert requirement(tmp_path / "lib") == f".{elsewhere}"


@pytest.mark.parametrize(
    ("url", "more", "expected"),
    [
        ("https://example.org/graphnet.git", {"vcs_info": {"vcs": "git"}}, "git+https://exam"),
        ("https://example.org/graphnet.whl", {"archive_info": {}}, "https://example.org/gra"),
    ],
)
def test_installed_from_a_url_it_is_that_url(tmp_path, url, more, expected):
    """No index may have it under its name."""
    record = tmp_path / "graphnet_engine-0.1.0.dist-info" / "direct_url.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"url": url, **more}))
    assert requirement(tmp_path, "mpi").startswith(f"'{DISTRIBUTION}[mpi] @ {expected}")
    record.write_text("damaged")
    assert requirement(tmp_path, "mpi") == f"'{DISTRIBUTION}[mpi]'"


def test_installed_otherwise_it_is_the_name(tmp_path):
    """From the package index: never the name of the other project."""
    assert requirement(tmp_path, "images") == "'graphnet-engine[images]'"
    assert requirement(tmp_path) == "graphnet-engine"


def test_every_extra_that_is_named_exists():
    """In hints and pages; and nothing says to install the other project."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == DISTRIBUTION
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    code = [*(ROOT / "graphnet").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    named = set()
    for path in [*pages, *code]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"pip install (-\S+ )*['\"]?graphnet(?!-engine)\b", text), path
        # pages are read in a clone; code asks pip_install(), which knows where it came from
        assert not re.search(r"engine\[", text), f"{path}: write '.[EXTRA]', or pip_install(EXTRA)"
        for extras in re.findall(r"'\.\[([\w,-]+)\]|pip_install\([\"'](\w+)", text):
            named |= {extra for part in extras if part for extra in part.split(",")}
    assert {"dev", "mpi", "images", "cuda12", "cuda13"} <= named
    assert named <= project["optional-dependencies"].keys()


# --- the other project ------------------------------------------------------------------


def test_the_other_project_is_known_by_its_metadata(tmp_path):
    """Not a distribution of this package under that name, whose command is ours."""
    assert other_project([str(tmp_path)]) is None
    installed(tmp_path / "theirs")
    assert other_project([str(tmp_path / "none"), str(tmp_path / "theirs")]) == "0.1.2"
    ours = installed(tmp_path / "ours") / "graphnet-0.1.2.dist-info/entry_points.txt"
    ours.write_text("[console_scripts]\ngraphnet = graphnet.cli:main\n")
    assert other_project([str(tmp_path / "ours")]) is None


def test_the_command_says_so_where_the_other_package_hides_ours(tmp_path):
    """As when a clone is installed with -e: theirs is found first, and has no command."""
    found = run(COMMAND, installed(tmp_path), ROOT)
    assert found.returncode == 1
    assert "Traceback" not in found.stderr
    assert found.stderr.startswith("graphnet 0.1.2 is installed here, another project")
    assert re.search(CURE, found.stderr)


@pytest.fixture
def mixed(tmp_path):
    """Our package and the other project's in one folder, as pip leaves them."""
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "graphnet", tmp_path / "graphnet", ignore=skip)
    shutil.copy(ROOT / "graphnet_engine.py", tmp_path)
    return tmp_path


def test_the_command_says_so_where_the_other_package_was_installed_over_ours(mixed):
    """Half of what is there is theirs: nothing is run."""
    found = run(COMMAND, installed(mixed))
    assert (found.returncode, found.stdout) == (1, "")
    assert re.search(CURE + re.escape(DISTRIBUTION), found.stderr)


def test_the_command_warns_where_ours_was_installed_over_the_other(mixed):
    """It is whole and runs, until the other is removed or renewed; so does the package."""
    found = run(COMMAND, installed(mixed, package=None))
    assert (found.returncode, found.stdout) == (0, f"graphnet {gn.__version__}\n")
    assert found.stderr.startswith("graphnet 0.1.2 is installed here")
    found = run("import graphnet; graphnet.Graph", mixed)
    assert "module 'graphnet' has no attribute 'Graph'\ngraphnet 0.1.2 is in" in found.stderr


def test_a_fault_of_our_own_is_not_hidden(tmp_path):
    """Without the other project, what Python says is shown."""
    (tmp_path / "graphnet").mkdir()
    (tmp_path / "graphnet/__init__.py").touch()
    found = run(COMMAND, tmp_path, ROOT)
    assert "ModuleNotFoundError" in found.stderr


def test_nothing_is_said_where_all_is_well():
    """On this machine."""
    assert installation.in_the_way() == ""
    assert not installation.is_replaced()
