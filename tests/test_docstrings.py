"""What `help()` and the page of the Python package say: all of it, and their examples run."""

from __future__ import annotations

import doctest
import inspect
import sys

import numpy as np
import pytest
from support.documented import (
    TYPED,
    Callee,
    docstrings,
    has_source,
    left_out,
    public,
    raised,
)

import graphnet as gn
from graphnet.cli import main
from graphnet.solver.coffee import COFFEE_BREAKS


def of_function(function, around=()):
    """A function of a test as a public one."""
    parameters = dict(inspect.signature(function).parameters)
    docs = (inspect.getdoc(function) or "",)
    return Callee(function.__name__, function, docs, around, parameters)


def test_every_public_name_is_documented():
    """Parameters, shapes, units, defaults, what is returned and raised; see ``documented.py``."""
    missing = [f"{callee.name}: {said}" for callee in public() for said in left_out(callee)]
    assert missing == []


@pytest.mark.parametrize("module", TYPED)
def test_what_yaml_names_says_where_it_is_from(module):
    """A layer, a method, a policy: the paper, or the program that has the same."""
    assert [cls.__name__ for cls in TYPED[module] if not has_source(cls)] == []


def test_it_looks_at_all_that_is_public():
    """Classes with their methods, modules with their classes."""
    names = {callee.name for callee in public()}
    assert {"gn.load_net", "gn.Net.predict", "gn.Net.graph", "gn.layers.Pooling"} <= names
    assert {"gn.interchange.load_onnx", "gn.CoffeeBreak.enjoy", "gn.methods.Adam"} <= names
    assert {f"gn.{name}" for name in set(gn.__all__) & set(COFFEE_BREAKS)} <= names
    assert len(names) > 400


class TestWhatIsFound:
    """Each kind of thing that may be left out, left out."""

    def test_nothing_at_all(self):
        """No docstring."""

        def bare(x): ...

        assert list(left_out(of_function(bare))) == ["has no docstring"]

    def test_a_parameter(self):
        """One of two."""

        def half(n, other):  # noqa: D417  # what is tried
            """Half of n.

            Args:
                n: A number.
            """

        assert list(left_out(of_function(half))) == ["does not tell of other"]

    def test_a_parameter_that_the_class_tells_of(self):
        """That is enough."""

        def half(other):
            """Half of it."""

        assert list(left_out(of_function(half, around=("Where there is an other …",)))) == []

    def test_a_default(self):
        """What None means."""

        def load(path=None):
            """A file.

            Args:
                path: Where it is.
            """

        said = "does not tell what path is by default"
        assert list(left_out(of_function(load))) == [said]

    def test_a_shape_and_what_is_returned(self):
        """Of arrays."""

        def flip(x: np.ndarray) -> np.ndarray:
            """Turn around.

            Args:
                x: Numbers.
            """

        flip.__annotations__ = {"x": "np.ndarray", "return": "np.ndarray"}
        assert list(left_out(of_function(flip))) == [
            "does not tell the shape of x",
            "does not tell what it returns",
            "does not tell the shape of what it returns",
        ]

    def test_a_unit(self):
        """Of what is measured."""

        def wait(timeout):
            """The end.

            Args:
                timeout: How long at most.
            """

        assert list(left_out(of_function(wait))) == ["does not tell the unit of timeout"]

    def test_errors_are_followed_into_private_helpers(self):
        """Of the same module."""
        assert "SpecError" in raised(gn.Solver.__init__)
        assert raised(gn.load_history) == {"SnapshotError"}


@pytest.fixture
def beside_a_net(tmp_path, monkeypatch):
    """The folder that examples run in: one with the net ``iris``."""
    monkeypatch.chdir(tmp_path)
    assert main(["new", "iris", "--like", "iris"]) == 0


def examples():
    """Every public docstring with an example of Python."""
    found = {text: name for name, text in docstrings() if ">>>" in text}
    return [pytest.param(text, id=name) for text, name in found.items()]


@pytest.mark.usefixtures("beside_a_net")
@pytest.mark.parametrize("text", examples())
def test_the_example_runs(text, capsys):
    """And prints what it shows."""
    names = {"gn": gn, "np": np, "__name__": "__main__"}
    test = doctest.DocTestParser().get_doctest(text, names, "example", None, None)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    said = []
    with capsys.disabled():  # doctest takes what is printed itself
        runner.run(test, out=said.append)
    assert runner.failures == 0, "".join(said)


def test_what_is_used_most_has_an_example():
    """One that runs."""
    with_one = {name for name, text in docstrings() if ">>>" in text}
    expected = {"load_net", "load_solver", "solve", "Solver", "Net.predict", "Net.graph", "History"}
    expected |= {"load_weights", "save_model", "load_history", "check_gradients", "time_net"}
    expected |= {"CoffeeBreak"}
    assert {f"gn.{name}" for name in expected} <= with_one


@pytest.mark.parametrize("name", COFFEE_BREAKS)
def test_the_example_of_a_break_is_one(name):
    """It is made by a solver as it stands."""
    text = inspect.getdoc(COFFEE_BREAKS[name]).split("Example:\n")[1].split("\nSource:")[0].strip()
    beside = "  - {type: Snapshot, every_n_iter: 5, keep_best: accuracy}\n" * (name != "Snapshot")
    solver = gn.load_solver(f"max_iter: 10\nexp_dir: run\ncoffee_breaks:\n{beside}  {text}\n")
    assert name in repr(solver)


def test_examples_of_the_estimators_run_where_they_can():
    """They are among them if scikit-learn is installed."""
    here = "sklearn" in sys.modules or _has_sklearn()
    assert any(name == "gn.Classifier" for name, _ in docstrings()) == here


def _has_sklearn():
    try:
        gn.Classifier  # noqa: B018
    except gn.MissingExtraError:
        return False
    return True
