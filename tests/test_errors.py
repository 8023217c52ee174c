"""Errors: what a message looks like, and how it learns its place on the way up."""

from __future__ import annotations

import pickle
import re

import pytest

from graphnet import errors
from graphnet.errors import (
    DataError,
    GraphnetError,
    Position,
    Problem,
    ShapeError,
    SpecError,
    about,
    did_you_mean,
    located,
    noted,
    one_of,
)

HERE = Position("net.yaml", 3, 7)


def test_every_error_is_a_graphnet_error_and_stands_in_the_drawn_tree():
    """The module's docstring draws the whole tree, and nothing but it."""
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, GraphnetError)
    }
    assert set(re.findall(r"\w+Error", errors.__doc__ or "")) == defined


def test_a_message_without_a_place_is_printed_as_it_is():
    """``str`` is ready to print."""
    assert str(SpecError("the net has no layers")) == "the net has no layers"


def test_a_place_comes_first_and_is_counted_as_editors_do():
    """``FILE:LINE:COLUMN: `` can be clicked in a terminal."""
    assert str(SpecError("unknown key", HERE)) == "net.yaml:3:7: unknown key"


def test_a_place_without_lines_is_what_the_user_wrote():
    """A value from the command line has no line; its place is the option."""
    assert str(SpecError("too large", Position("--set a=9", 0, 0))) == "--set a=9: too large"


def test_several_problems_come_in_the_order_of_the_file():
    """One error reports them all, those without a place last."""
    error = SpecError.of(
        [
            Problem("d"),
            Problem("c", Position("net.yaml", 12, 1)),
            Problem("b", Position("net.yaml", 2, 9)),
            Problem("a", Position("net.yaml", 2, 4)),
        ]
    )
    assert type(error) is SpecError
    assert str(error) == "net.yaml:2:4: a\nnet.yaml:2:9: b\nnet.yaml:12:1: c\nd"


def test_located_gives_a_bare_error_its_place_and_prefix():
    """Inner code raises the fact; whoever knows the layer adds it."""
    with (
        pytest.raises(ShapeError, match=r"^net.yaml:3:7: layer 'a' \(Softmax\): odd$"),
        located(HERE, "layer 'a' (Softmax): "),
    ):
        raise ShapeError("odd")


def test_located_leaves_alone_what_has_a_place():
    """The innermost place is the most precise one."""
    with (
        pytest.raises(ShapeError, match=r"^net.yaml:3:7: odd$"),
        located(Position("net.yaml", 1, 1), "layer 'a': "),
    ):
        raise ShapeError("odd", HERE)


def test_located_twice_says_the_layer_once():
    """A net built in Python has no positions; the prefix must not pile up."""
    with (
        pytest.raises(ShapeError, match=r"^layer 'a': odd$"),
        located(None, "layer 'a': "),
        located(None, "layer 'a': "),
    ):
        raise ShapeError("odd")


def test_located_places_each_of_several_problems():
    """Those that lack a place get it; the others keep theirs."""
    with pytest.raises(SpecError, match="a: p") as caught, located(HERE, "a: "):
        raise SpecError.of([Problem("p"), Problem("q", Position("net.yaml", 9, 9))])
    assert str(caught.value) == "net.yaml:3:7: a: p\nnet.yaml:9:9: q"


def test_located_lets_other_exceptions_pass():
    """A bug is not dressed up as a user's mistake."""
    with pytest.raises(KeyError, match=r"^'x'$"), located(HERE, "layer 'a': "):
        raise KeyError("x")


def test_an_error_survives_pickling():
    """What a process of its own raises reaches the user whole."""
    error = SpecError.of([Problem("a", HERE), Problem("b")])
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # made one line above
    assert (type(again), str(again)) == (SpecError, str(error))


@pytest.mark.parametrize(
    ("found", "hint"),
    [
        ("num_ouput", "\n  did you mean 'num_output'?"),
        ("KERNEL", "\n  did you mean 'kernel'?"),
        ("xyz", ""),
    ],
)
def test_did_you_mean(found, hint):
    """A near miss, in whatever case, is named as it is spelt; a far one is not guessed at."""
    assert did_you_mean(found, ["num_output", "kernel", "bottoms"]) == hint


def test_did_you_mean_prefers_the_first_of_equals():
    """Names that differ in case alone: the one listed first."""
    assert did_you_mean("relu", ["ReLU", "RELU"]) == "\n  did you mean 'ReLU'?"


def test_one_of_lists_what_there_is():
    """Sorted, on a line of its own."""
    assert one_of(["tops", "bottoms"]) == "\n  expected one of: bottoms, tops"
    names = [f"n{i}" for i in range(61)]
    assert one_of(names, all_by="graphnet x").endswith(", n9")
    assert one_of([*names, "y"], all_by="graphnet x").endswith(
        " and 2 more\n  all of them: graphnet x"
    )


def test_about():
    """Whoever knows a key, or an entry of it, puts it before what is known within."""
    with pytest.raises(DataError, match="gone") as caught, about("source"), about(1):
        raise DataError("gone")
    assert caught.value.about == ("source", 1)
    assert DataError("x").about == ()


def test_noted():
    """Each error's problems are kept in turn, and what is no error of graphnet's goes on."""
    problems = [Problem("first")]
    for text in ("second", "third"):
        with noted(problems):
            raise SpecError(text, Position("f.yaml", 2, 1))
    with pytest.raises(ZeroDivisionError, match="division"), noted(problems):
        1 / 0  # noqa: B018  # raises
    assert [str(p) for p in problems] == ["first", "f.yaml:2:1: second", "f.yaml:2:1: third"]
