"""Wrong usage: an unknown command or option leads to the one that is meant."""

import pytest

from graphnet.cli.usage import COMMAND_WORDS, OPTION_WORDS, OPTIONS_SAID, _in_our_words
from graphnet.data.sets.catalog import SETS


@pytest.mark.parametrize(
    ("command", "like"),
    [
        ("help", "--help"),
        ("-h", "--help"),
        ("help solve", "solve --help"),
        ("help data", "data --help"),
        ("help data pack", "data pack --help"),
        ("data help pack", "data pack --help"),
        ("snapshot help", "snapshot --help"),
        ("version", "--version"),
        ("data list", "data"),
    ],
)
def test_what_is_plain_is_done(run, command, like):
    """Other programs have these words as commands."""
    found, expected = run(command), run(like)
    assert found == expected
    assert found.code == 0
    assert found.out


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        ("train net.yaml", "did you mean 'solve'?"),
        ("slove net.yaml", "did you mean 'solve'?"),
        ("evaluate net.yaml", "did you mean 'test'?"),
        ("check_grad net.yaml", "did you mean 'check-grad'?"),
        ("pack x.csv", "did you mean 'data pack'?"),
        ("help sovle", "did you mean 'solve'?"),
        ("snapshot inf", "did you mean 'info'?"),
        ("qqq", "there are: solve, check, time, "),
        ("check net.yaml --phas test", "did you mean '--phase'?"),
        ("solve net.yaml --lr 0.1", "did you mean '--set lr_policy.base_lr=…'?"),
        ("solve net.yaml --epochs 3", "did you mean '--set max_epoch=…'?"),
        ("solve net.yaml --output-dir x", "did you mean '--exp-dir'?"),
        ("test net.yaml --checkpoint x", "did you mean '--weights'?"),
        ("predict net.yaml --out x", "did you mean '--output'?"),
        ("snapshot info run --xyz", "there are: --json, --help"),
        ("solve net.yaml --set max_iter 20", "write --set max_iter=20"),
        ("solve solver.yaml net.yaml", "one net is trained; its solver goes with --solver FILE"),
        ("runs remove run", "did you mean 'rm'?"),
        ("runs delete run", "did you mean 'rm'?"),
        ("runs show run", "did you mean 'list'?"),
        ("runs lst", "did you mean 'list'?"),
        ("runs compare a b", "did you mean 'diff'?"),
        ("data lst", "did you mean 'list'?"),
        ("data download mnist", "did you mean 'get'?"),
        ("data convert x.csv", "did you mean 'pack'?"),
        ("snapshot show x.h5", "did you mean 'info'?"),
        ("snapshot model.h5", "write graphnet snapshot info model.h5"),
        ("visualize net.yaml", "did you mean 'draw'?"),
        ("show net.yaml", "did you mean 'check'?"),
        ("net.yaml", "write graphnet check net.yaml"),
        ("import net.prototxt", "write graphnet import caffe net.prototxt"),
        ("import net.onnx", "write graphnet import onnx net.onnx"),
        ("net.onnx", "write graphnet import onnx net.onnx"),
        ("import weights.pt", "write graphnet import torch weights.pt"),
        ("import model.safetensors", "write graphnet import safetensors model.safetensors"),
        ("import model.h5", "write graphnet import mocha model.h5"),
        ("export net.yaml", "write graphnet export caffe net.yaml"),
        ("check net.yaml --solver s.yaml", "write --set solver=FILE, or name it in the net: "),
        ("check net.yaml s.yaml", "write --set solver=s.yaml"),
        ("check-grad net.yaml --tol 1e-3", "they are set from Python: check_gradients(net, step"),
        ("time net.yaml --repeat 5", "did you mean '--steps'?"),
        ("time net.yaml --iterations 5", "did you mean '--steps'?"),
        ("time net.yaml -n 5", "did you mean '--steps'?"),
        ("solve net.yaml --iterations 5", "did you mean '--set max_iter=…'?"),
        ("solve net.yaml --resume", "leave it out: a run that is in its directory goes on by"),
        ("solve net.yaml --overwrite", "write --fresh to start over"),
        ("solve --net net.yaml", "write the net without an option: graphnet solve NET"),
        ("draw net.yaml out.png", "write --output out.png"),
        ("draw net.yaml --format png", "did you mean '--output NAME.svg'?"),
        ("plot runs --metric loss", "did you mean '--key'?"),
        ("plot runs --save x.png", "did you mean '--output'?"),
        ("new mine --dataset x.h5", "did you mean '--from'?"),
        ("new mine cnn", "write --template cnn, --like cnn or --from cnn"),
        ("import caffe a.prototxt --output x", "did you mean '--to'?"),
        ("import caffe a.prototxt -o x b.caffemodel", "write --weights b.caffemodel"),
        ("import caffe a.prototxt", "write graphnet import caffe MODEL --to DIR"),
        ("predict run --image x.png", "write it without an option: graphnet predict RUN FILE"),
        ("data pack x.csv out", "write graphnet data pack SOURCE... --to DIR"),
        ("data mnist more", "it takes NAME alone"),
        ("nets mnist", "it takes no argument"),
        ("solve net.yaml --tol 3", "there are: --solver, --set, "),
    ],
)
def test_what_was_meant(run, command, meant):
    """In a line below the error, and the exit code of wrong usage."""
    found = run(command)
    assert (found.code, found.out) == (2, "")
    *_, error, hint = found.err.splitlines()
    assert error.startswith("Error: ")
    assert hint.startswith(f"  {meant}")


def test_words_lead_to_what_there_is(run):
    """Every command and option that is suggested exists."""
    groups = ("", "data ", "runs ", "snapshot ", "import ")
    for word in {one for words in COMMAND_WORDS.values() for one in words.split("|")}:
        assert any(run(f"{group}{word} --help").code == 0 for group in groups), word
    named = ("solve", "test", "predict", "data pack", "time", "plot", "new", "import caffe")
    helps = "".join(run(f"{c} --help").out for c in named)
    for word in OPTION_WORDS.values():
        for option in word.split("|"):
            assert option.split()[0] in helps
    for said in OPTIONS_SAID:
        command, option = said.split(" ")
        assert option not in run(f"{command} --help").out.split()


@pytest.mark.parametrize("name", [*SETS, "mnst", "cifar", "x"])
def test_no_data_set_is_taken_for_a_command(run, name):
    """Their names, and what is like them, go to ``graphnet data get``."""
    assert "No such command" not in run(f"data {name} --offline --from nowhere").err


def test_a_folder_may_have_the_name_of_a_command_elsewhere(run, tmp_path, monkeypatch):
    """What is there is what is meant."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "show").mkdir()
    assert "No such command" not in run("runs show").err
    assert "did you mean 'list'?" in run("runs ls").err


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("solve n.yaml --threads 0", "threads"),
        ("solve n.yaml --threads x", "threads"),
        ("time n.yaml --steps 1.5", "steps"),
        ("plot runs --watch often", "watch"),
    ],
)
def test_values_that_do_not_fit(run, command, option):
    """The option is named, and nothing is said in pydantic's words."""
    found = run(command)
    assert found.code == 2
    last = found.err.splitlines()[-1]
    assert last.startswith(f"Error: Invalid value for '--{option}': ")
    assert "Input should" not in last


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("x: Input should be greater than or equal to 0.1", "x: expected at least 0.1"),
        ("x: Input should be less than or equal to 3", "x: expected at most 3"),
        ("x: Input should be a valid integer, unable to parse", "x: expected a whole number"),
        ("x: Input should be a valid number, unable to parse", "x: expected a number"),
        ("x: Value error, no such size", "x: no such size"),
    ],
)
def test_words_for_values(theirs, ours):
    """Typer's newer versions speak as pydantic does."""
    assert _in_our_words(theirs) == ours
