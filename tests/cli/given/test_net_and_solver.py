"""What commands begin with: net and solver, read together."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphnet.cli.given.net_and_solver import read_net_alone, read_net_and_solver
from graphnet.declare.overrides import parse_override
from graphnet.errors import SpecError

pytestmark = pytest.mark.usefixtures("folder")
NET = Path("net.yaml")


def overrides(*options):
    """As from the command line."""
    return [parse_override(option) for option in options]


def test_the_net_names_its_solver():
    """Relative to its own file."""
    declared = read_net_and_solver(NET, [])
    assert declared.net.name == "small"
    assert declared.solver
    assert declared.solver.spec.max_iter == 6


def test_the_command_line_may_name_another(folder):
    """Relative to the working directory."""
    (folder / "short.yaml").write_text("max_iter: 1\n")
    declared = read_net_and_solver(NET, [], solver_file=Path("short.yaml"))
    assert declared.solver
    assert declared.solver.spec.max_iter == 1


def test_overrides_go_to_the_one_they_are_meant_for():
    """By their first key."""
    declared = read_net_and_solver(NET, overrides("layers.ip1.output_dim=5", "max_iter=2"))
    assert declared.solver
    assert declared.solver.spec.max_iter == 2
    (ip1,) = [node.spec for node in declared.net.nodes if node.name == "ip1"]
    assert ip1.output_dim == 5


def test_an_override_can_name_the_solver(folder):
    """``solver`` is a key of the net."""
    (folder / "short.yaml").write_text("max_iter: 1\n")
    declared = read_net_and_solver(NET, overrides("solver=short.yaml"))
    assert declared.solver
    assert declared.solver.spec.max_iter == 1


@pytest.mark.parametrize(
    ("options", "key", "origin"),
    [
        ([], "max_iter", "solver.yaml"),
        ([], "seed", "default"),
        (["seed=3"], "seed", "--set seed=3"),
    ],
)
def test_where_a_key_of_the_solver_comes_from(options, key, origin):
    """Its file, an option, or nowhere."""
    assert read_net_and_solver(NET, overrides(*options)).origin(key) == origin


@pytest.fixture
def without_solver(folder):
    """The net names no solver."""
    path = folder / "net.yaml"
    path.write_text(path.read_text().replace("solver: solver.yaml\n", ""))


@pytest.mark.usefixtures("without_solver")
def test_a_net_may_name_no_solver():
    """Then there is none."""
    declared = read_net_and_solver(NET, [])
    assert declared.solver is None
    assert declared.origin("seed") == "default; the net names no solver"


def test_a_missing_solver_is_reported_where_it_is_named(folder):
    """In the net, with the path that was looked for."""
    (folder / "solver.yaml").unlink()
    with pytest.raises(SpecError, match=r"^net\.yaml:2:9: key 'solver': there is no file solver"):
        read_net_and_solver(NET, [])


@pytest.mark.parametrize("name", ["x" * 3000, ".", "~nobody"])
def test_a_solver_under_a_name_that_cannot_be(folder, name):
    """A name no system takes is that of a file that is not there, and so is a folder's."""
    text = (folder / NET).read_text("utf-8").replace("solver.yaml", name)
    (folder / NET).write_text(text, "utf-8")
    with pytest.raises(SpecError, match=r"^net\.yaml:2:9: key 'solver': there is no file"):
        read_net_and_solver(NET, [])


def test_where_a_key_of_the_solver_stands():
    """Its value, or what is around it."""
    declared = read_net_and_solver(NET, [])
    places = [declared.position(key) for key in ("max_iter", "shards")]
    assert [Path(place.file).name for place in places] == ["solver.yaml", "solver.yaml"]
    assert places[1].line == 1


@pytest.mark.usefixtures("without_solver")
def test_without_a_solver_its_keys_have_no_place():
    """There is nothing to point at."""
    assert read_net_and_solver(NET, []).position("max_iter") is None


@pytest.mark.usefixtures("without_solver")
def test_keys_of_a_solver_need_one():
    """Otherwise they would be ignored."""
    said = r"^--set max_iter=1: 'max_iter' is a key of a solver\n  "
    with pytest.raises(SpecError, match=said + "the net names no solver"):
        read_net_and_solver(NET, overrides("max_iter=1"))
    with pytest.raises(SpecError, match=said + "leave it out: no solver is used here"):
        read_net_alone(NET, overrides("max_iter=1"))


def test_the_problems_of_both_come_together(folder):
    """In the order of files and lines."""
    (folder / "solver.yaml").write_text("max_itr: 1\n")
    with pytest.raises(SpecError, match="unknown key") as caught:
        read_net_and_solver(NET, overrides("layers.ip1.output=5"))
    files = [p.position.file for p in caught.value.problems if p.position]
    assert files == ["--set layers.ip1.output=5", "solver.yaml"]
