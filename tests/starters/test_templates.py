"""Nets made from templates: for every kind of data they compile without a doubt, and learn."""

from __future__ import annotations

import os
import re

import pytest
from support.made_data import KINDS, made_rows, write_h5

import graphnet as gn
from graphnet.errors import DataError, UnknownNameError
from graphnet.solver.reporter import SilentReporter
from graphnet.starters.folder import write_new
from graphnet.starters.templates import TEMPLATES, new_net


def losses(folder, n_iter, every):
    """The mean training loss of the first and of the last iterations."""
    net = gn.load_net(folder / "net.yaml", keep="needed", phase="train")
    solver = gn.load_solver(folder / "solver.yaml")
    plain = {"exp_dir": None, "coffee_breaks": (), "max_epoch": None, "max_iter": n_iter}
    solver = gn.Solver(solver.spec.model_copy(update=plain))
    seen = []

    class Watch(gn.CoffeeBreak):
        def enjoy(self, net, state, lounge):
            seen.append(float(state.obj_val))

    solver.add_coffee_break(Watch(), every_n_iter=1)
    gn.solve(solver, net, reporter=SilentReporter())
    net.close()
    seen = [value for value in seen if value == value]  # noqa: PLR0124  # not NaN
    return sum(seen[:every]) / every, sum(seen[-every:]) / every


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_learns(name, tmp_path):
    """On its own data, which comes with the package."""
    made = new_net(tmp_path / "mine", name, None)
    assert made.problems == []
    write_new(tmp_path / "mine", made.files)
    first, last = losses(tmp_path / "mine", 40, 5)
    assert last < 0.9 * first


@pytest.mark.parametrize("kind", KINDS)
def test_data_of_every_kind_is_learned(kind, tmp_path):
    """By the template that suits it."""
    file = write_h5(tmp_path / "rows.h5", **made_rows(kind))
    made = new_net(tmp_path / "mine", None, str(file))
    write_new(tmp_path / "mine", made.files)
    about = TEMPLATES[KINDS[kind]].about
    assert made.about.lower().startswith(about.lower())
    first, last = losses(tmp_path / "mine", 60, 10)
    assert last < first


@pytest.mark.parametrize("name", ["autoencoder", "vae", "mlp", "cnn"])
def test_a_template_for_other_data(name, tmp_path):
    """It need not be the one that suits best."""
    file = write_h5(tmp_path / "rows.h5", **made_rows("colour"))
    write_new(tmp_path / "mine", new_net(tmp_path / "mine", name, str(file)).files)
    first, last = losses(tmp_path / "mine", 30, 5)
    assert last < first


@pytest.mark.parametrize(
    ("template", "kind", "message"),
    [
        ("lenet", "classes", "a row is 3, and the template lenet takes pictures (channels, height"),
        ("lenet", "colour", "of 16×16 or more\n  try --template cnn"),
        ("cnn", "tiny", "of 8×8 or more\n  try --template mlp"),
        ("vae", "classes", "and a vae takes numbers from 0 to 1\n  try --template autoencoder"),
        ("mlp", "no label", "there is nothing to be learned but 'data' itself\n  a net that"),
        ("lstm", "classes", "there is no 'text'\n  the template lstm reads text, cont, next"),
        ("siamese", "classes", "there is no 'data_a'\n  the template siamese reads"),
    ],
)
def test_data_that_a_template_cannot_use(template, kind, message, tmp_path):
    """It says why, and which can."""
    file = write_h5(tmp_path / "rows.h5", **made_rows(kind))
    with pytest.raises(DataError, match=re.escape(message)):
        new_net(tmp_path / "mine", template, str(file))


def test_a_template_that_is_not_there():
    """The one that is meant is named."""
    with pytest.raises(UnknownNameError, match="there is no template 'mpl'\n  did you mean 'mlp'"):
        new_net(gn.__path__[0], "mpl", None)


def test_names_that_yaml_reads_otherwise(tmp_path):
    """A folder and columns may be called as one likes."""
    rows = made_rows("classes")
    file = write_h5(tmp_path / "my rows: #1.h5", **{"a, b": rows["data"], "label": rows["label"]})
    folder = tmp_path / ("no net" if os.name == "nt" else 'no "net"\\')
    write_new(folder, new_net(folder, None, str(file)).files)
    assert losses(folder, 2, 1)
    assert gn.load_net(folder / "net.yaml").name == folder.name


def test_a_column_called_as_a_blob_of_the_net(tmp_path):
    """Is refused before anything is written."""
    rows = made_rows("classes")
    file = write_h5(tmp_path / "x.h5", data=rows["data"], score=rows["label"])
    with pytest.raises(DataError, match=r"a blob of the net is called 'score'.*\n  call the col"):
        new_net(tmp_path / "mine", None, str(file))
