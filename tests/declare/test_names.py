"""Names of layers: each that is accepted gives a run that goes on."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import graphnet as gn
from graphnet.cli import main
from graphnet.declare.names import check_name, clashes, free_name
from graphnet.declare.yaml_reader import write_yaml
from graphnet.errors import GraphnetError, SpecError
from graphnet.solver.reporter import SilentReporter

#: What names are put together from: what HDF5, YAML, JSON, terminals and files take in a way of
#: their own, and what they do not.
PIECES = [
    *(
        "a",
        "b",
        "weight",
        "bias",
        "conv1",
        "A",
        "é",
        "名",
        "🙂",
        "null",
        "true",
        "1e3",
        "0",
        "~",
        "-",
    ),
    *("/", "/", "/", ".", "..", " ", "  ", ":", "#", "'", '"', "\\", "%", "{", "[", "*", "&", "?"),
    *("\t", "\n", "\r", "\x07", "\x85", "\u2028", "\ufeff", "\u200b", "\xa0", "@", "meta", "|"),
]


def net_of(first, second):
    """A net with two layers of these names, each with params, and one that measures."""
    return {
        "name": "named",
        "layers": [
            {
                "name": "data",
                "type": "MemoryData",
                "batch_size": 2,
                "data": {"x": [[1.0, 2.0], [3.0, 4.0]], "y": [[1.0], [0.0]]},
                "tops": ["x", "y"],
            },
            {
                "name": first,
                "type": "InnerProduct",
                "output_dim": 2,
                "bottoms": ["x"],
                "tops": ["one"],
            },
            {
                "name": second,
                "type": "InnerProduct",
                "output_dim": 1,
                "bottoms": ["one"],
                "tops": ["two"],
            },
            {"name": "loss", "type": "SquareLoss", "bottoms": ["two", "y"]},
        ],
    }


def names(seed):
    """A pair of names, often related."""
    chance = random.Random(seed)  # noqa: S311  # nobody guesses it

    def name():
        return "".join(chance.choices(PIECES, k=chance.randint(1, 5)))

    first = name()
    second = f"{first}{chance.choice(['/weight', '/', '/b', ' ', '.', ''])}"
    return (first, second) if chance.random() < 0.5 else (first, name())


def goes_on(net, folder):
    """Whether the run of a net goes on from its snapshot, to the same bytes as if left alone."""
    solver = {"max_iter": 2, "exp_dir": str(folder / "whole")}
    gn.solve(gn.load_solver(solver), gn.load_net(net), reporter=SilentReporter())
    for n in (1, 2):
        solver = {"max_iter": n, "exp_dir": str(folder / "run")}
        gn.solve(gn.load_solver(solver), gn.load_net(net), reporter=SilentReporter())
    snapshot = Path("snapshots/snapshot-000002.h5")
    return (folder / "run" / snapshot).read_bytes() == (folder / "whole" / snapshot).read_bytes()


@pytest.mark.parametrize("block", range(10))
def test_any_name_that_is_accepted_can_be_gone_on_from(tmp_path, block):
    """And any other is refused when the net is read or compiled, not when it is saved."""
    accepted = 0
    for seed in range(block * 30, (block + 1) * 30):
        folder = tmp_path / str(seed)
        folder.mkdir()
        first, second = names(seed)
        try:
            gn.load_net(net_of(first, second))
        except GraphnetError:
            continue
        accepted += 1
        (folder / "net.yaml").write_text(write_yaml(net_of(first, second)), "utf-8")
        assert goes_on(folder / "net.yaml", folder), (first, second)
        assert main(["snapshot", "info", str(folder / "run")]) == 0
    assert accepted >= 3


@pytest.mark.parametrize(
    "name",
    ["/a", "a/", "a//b", "./x", ".", "..", "a/../b", "a/.", "a\0b", "a\nb", "\ud800", "a\x85", "/"],
)
def test_names_that_no_file_can_hold(name):
    """They are named, with what is wrong and the cure."""
    with pytest.raises(SpecError, match=r"^the name '.*' (has|is) .*\n  "):
        check_name(name)
    with pytest.raises(SpecError, match=r"(?s)^layer .*(the name|key 'name')"):
        gn.load_net(net_of(name, "b"))


@pytest.mark.parametrize(
    "name", ["a", "a/b", "conv1/7x7_s2", " a ", "a.b", "...", "~", "é", "A" * 1000]
)
def test_names_that_can(name):
    """Caffe's with a slash among them."""
    check_name(name)


def test_a_name_that_is_too_long():
    """It is not printed in full."""
    with pytest.raises(SpecError, match=r"^the name 'é{77}\.\.\.' is 1,002 bytes long\n  expected"):
        check_name("é" * 501)


def test_a_key_of_params_is_a_name_too():
    """Two layers may share params under a key of their own."""
    net = net_of("a", "b")
    net["layers"][1]["param_key"] = "/shared"
    with pytest.raises(SpecError, match="the name '/shared' has a slash that does not stand"):
        gn.load_net(net)


def test_a_layer_within_another():
    """Where its params would be; and the line is that of the inner one."""
    with pytest.raises(
        SpecError, match=r"layer 'a/weight' .*would lie within 'a/weight' of layer 'a'"
    ):
        gn.load_net(net_of("a", "a/weight"))
    gn.load_net(net_of("a", "a/other"))
    net = net_of("a", "b")
    net["layers"].append({"name": "loss/x", "type": "SquareLoss", "bottoms": ["two", "y"]})
    with pytest.raises(
        SpecError, match=r"layer 'loss/x' .*would lie within 'loss' of layer 'loss'"
    ):
        gn.load_net(net)


def test_clashes():
    """What would lie within another, and what would be at the same place."""
    entries = [("a", "p/a/b"), ("a/b", "p/a/b/c"), ("c", "p/c/d"), ("c/d", "p/c/d"), ("e", "p/e")]
    assert list(clashes(entries)) == [("c", "c/d", "p/c/d"), ("a", "a/b", "p/a/b")]


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ([], "a"),
        (["b"], "a"),
        (["a"], "a-2"),
        (["a", "a-2", "a-4"], "a-3"),
        (["a-2"], "a"),
    ],
)
def test_a_name_that_is_free(taken, expected):
    """The name itself, or the first number behind it that is in no collection."""
    assert free_name("a", taken) == expected
    assert free_name("a", taken[1:], dict.fromkeys(taken[:1], 0)) == expected
