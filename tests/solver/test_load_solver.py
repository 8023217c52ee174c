"""Loading solvers: paths, the user's own breaks, every problem at its place."""

from __future__ import annotations

import sys

import pytest

import graphnet as gn
from graphnet.declare.overrides import override, parse_override
from graphnet.declare.yaml_reader import parse_yaml, read_yaml
from graphnet.errors import SpecError
from graphnet.solver.load_solver import load_solver, parse_solver

HOOKS = """\
from pathlib import Path

import graphnet as gn


class Espresso(gn.CoffeeBreak):
    def __init__(self, sugar: int = 0, *, milk: bool = False) -> None:
        self.sugar, self.milk = sugar, milk

    def enjoy(self, net, state, lounge):
        pass


class Recipe(gn.CoffeeBreak):
    def __init__(self, book: Path) -> None:
        self.book = book

    def enjoy(self, net, state, lounge):
        pass


class Ristretto(Espresso):
    pass


class Tea:
    pass


class Grumpy(gn.CoffeeBreak):
    def __init__(self, sugar: int = 0) -> None:
        raise ValueError("no coffee today")
"""


@pytest.fixture(autouse=True)
def forget_modules():
    """Modules of one test are not there in the next."""
    yield
    sys.modules.pop("load_hooks", None)


@pytest.fixture
def load(tmp_path):
    """Load a solver from a YAML text, with ``load_hooks.py`` beside it."""
    (tmp_path / "load_hooks.py").write_text(HOOKS, "utf-8")

    def from_text(text, **options):
        path = tmp_path / "solver.yaml"
        path.write_text(text, "utf-8")
        return load_solver(path, **options)

    return from_text


def test_a_file_a_text_path_and_a_dict_are_the_same(load, tmp_path):
    """Three ways to say one thing."""
    spec = load("{max_iter: 3, exp_dir: run}").spec
    assert load_solver(str(tmp_path / "solver.yaml")).spec == spec
    assert load_solver({"max_iter": 3, "exp_dir": str(tmp_path / "run")}).spec == spec
    assert gn.load_solver(tmp_path / "solver.yaml").spec == spec


@pytest.mark.parametrize("key", ["exp_dir", "load_from"])
@pytest.mark.parametrize(
    ("name", "place"), [("old/a", "{}/old/a"), ("../old", "{0.parent}/old"), (".", "{}")]
)
def test_paths_are_relative_to_the_file(load, tmp_path, key, name, place, monkeypatch):
    """Every path in a YAML, wherever one works: a chain of runs finds its runs again."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = load(f"{{max_iter: 3, {key}: {name}}}").spec
    assert getattr(found, key) == place.format(tmp_path)


def test_paths_of_the_command_line_are_relative_to_where_one_is(load, tmp_path, monkeypatch):
    """They stand in no file."""
    load("{max_iter: 3, exp_dir: a, load_from: b}")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    document = override(read_yaml(tmp_path / "solver.yaml"), [parse_override("exp_dir=c")])
    spec = parse_solver(document).spec
    assert (spec.exp_dir, spec.load_from) == (str(tmp_path / "elsewhere/c"), str(tmp_path / "b"))


def test_a_path_of_a_break_is_relative_to_the_file(load, tmp_path, monkeypatch):
    """One whose keyword is annotated so; from Python it is relative to where one is."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    text = (
        "max_iter: 3\ncoffee_breaks: [{type: load_hooks.Recipe, book: ../a.txt, every_n_iter: 1}]"
    )
    (entry,) = load(text)._entries
    assert entry.coffee_break.book == tmp_path.parent / "a.txt"


def test_paths_may_begin_with_a_tilde(load, monkeypatch):
    """The home folder, as everywhere."""
    monkeypatch.setenv("HOME", "/home/me")
    assert load("{max_iter: 3, exp_dir: ~/runs/a}").spec.exp_dir == "/home/me/runs/a"


def test_an_absolute_load_from_stays(load, tmp_path):
    """And in a dict, which has no folder, a relative one."""
    assert load(f"{{max_iter: 3, load_from: {tmp_path}/m.h5}}").spec.load_from == (
        f"{tmp_path}/m.h5"
    )
    assert load_solver({"max_iter": 3, "load_from": "m.h5"}).spec.load_from == "m.h5"


def test_breaks_of_the_users_own_are_made(load):
    """Found beside the file, made with their keywords, several of one module."""
    solver = load(
        "max_iter: 3\n"
        "coffee_breaks:\n"
        "  - {type: load_hooks.Espresso, sugar: 2, milk: true, every_n_iter: 1}\n"
        "  - {type: load_hooks.Ristretto, every_n_epoch: 1}\n"
    )
    espresso, ristretto = (entry.coffee_break for entry in solver._entries)
    assert (espresso.sugar, espresso.milk) == (2, True)
    assert type(ristretto).__name__ == "Ristretto"
    assert isinstance(ristretto, type(espresso))


def test_user_code_can_be_refused(load):
    """Nothing is imported then."""
    text = "{max_iter: 3, coffee_breaks: [{type: load_hooks.Espresso, every_n_iter: 1}]}"
    with pytest.raises(SpecError, match=r"solver\.yaml:1:38: .* which --no-user-code refuses$"):
        load(text, user_code=False)
    assert "load_hooks" not in sys.modules


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("load_hooks.Espreso", r"1:38: .*has no 'Espreso'\n  did you mean 'Espresso'\?$"),
        ("load_hooks.Tea", r"1:38: .*'load_hooks\.Tea' is not a CoffeeBreak\n"),
        ("no_such_module.Tea", r"1:38: .*there is no module 'no_such_module'\n"),
        ("load_hooks.Espresso, suger: 1", r"1:59: .*unknown key 'suger'\n  did you mean 'sugar'"),
        ("load_hooks.Espresso, sugar: x", r"1:66: .*key 'sugar': expected a whole number, found"),
        ("load_hooks.Grumpy", r"1:31: .*it cannot be made: no coffee today$"),
        ("{a.b: 1}", r"1:38: key 'coffee_breaks\[0\]\.type': expected a text, found a mapping"),
        ("[load.hooks]", r"1:38: key 'coffee_breaks\[0\]\.type': expected a text, found a list"),
        ("load_hooks.Espresso, every_n_iter: x", r"1:73: .*'every_n_iter': expected a whole"),
    ],
)
def test_what_is_wrong_with_a_break_has_its_place(load, item, message):
    """Its type, its keys, its values, its constructor."""
    if "every_n_iter" not in item:
        item += ", every_n_iter: 1"
    with pytest.raises(SpecError, match=r"solver\.yaml:" + message):
        load(f"{{max_iter: 3, coffee_breaks: [{{type: {item}}}]}}")


def test_all_problems_come_at_once(load):
    """Those of the breaks among them, each once."""
    with pytest.raises(SpecError, match="unknown key") as caught:
        load(
            "max_itr: 3\n"
            "lr_policy: {type: Fixed, base_lr: -1}\n"
            "coffee_breaks:\n"
            "  - {type: load_hooks.Nothing}\n"
            "  - {type: Snapshot, keep_lst: 1}\n"
        )
    assert [p.position.line for p in caught.value.problems if p.position] == [1, 2, 4, 5]


def test_two_snapshots_are_refused_at_the_second():
    """One is enough."""
    text = (
        "max_iter: 3\nexp_dir: x\ncoffee_breaks:\n"
        "  - {type: Snapshot, every_n_iter: 1}\n  - {type: Snapshot, every_n_epoch: 1}\n"
    )
    with pytest.raises(
        SpecError, match=r"^f\.yaml:5:5: coffee_breaks\[1\] \(Snapshot\): there is a S"
    ):
        parse_solver(parse_yaml(text, "f.yaml"))


@pytest.mark.parametrize("text", ["[]", "SGD", "{max_iter: 3, coffee_breaks: x}"])
def test_other_things_are_no_solver(text):
    """A list, a word, breaks that are no list."""
    with pytest.raises(SpecError, match=r"^f\.yaml:1:\d+: .*expected "):
        parse_solver(parse_yaml(text, "f.yaml"))
