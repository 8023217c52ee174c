"""User code: classes named by a dotted path, found beside the YAML first."""

from __future__ import annotations

import sys

import pytest

from graphnet.declare.user_code import import_class
from graphnet.errors import SpecError
from graphnet.layers.base import LayerSpec
from graphnet.layers.dense.inner_product import InnerProduct


class Base:
    """What the classes must derive from."""


@pytest.fixture(autouse=True)
def forget_modules():
    """Modules of one test are not there in the next."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(folder, name, text):
    """A module beside the YAML."""
    (folder / f"{name}.py").write_text(text, "utf-8")


def test_a_class_beside_the_yaml_is_found(tmp_path):
    """The folder of the YAML is looked in, and only for this import."""
    write(tmp_path, "beside_a", "from argparse import Action\nclass Mine(Action): pass\n")
    from argparse import Action

    found = import_class("beside_a.Mine", Action, tmp_path)
    assert found.__name__ == "Mine"
    assert str(tmp_path) not in sys.path


def test_a_class_in_a_package_is_found(tmp_path):
    """Any importable path will do."""
    (tmp_path / "pack_b").mkdir()
    write(tmp_path / "pack_b", "inner", "class Mine(dict): pass\n")
    assert import_class("pack_b.inner.Mine", dict, tmp_path).__module__ == "pack_b.inner"


def test_the_folder_comes_before_pythons_path(tmp_path, monkeypatch):
    """Two modules of one name: the one beside the YAML is meant."""
    other = tmp_path / "other"
    other.mkdir()
    write(other, "twice_c", "class Mine(dict): where = 'path'\n")
    write(tmp_path, "twice_c", "class Mine(dict): where = 'beside'\n")
    monkeypatch.syspath_prepend(str(other))
    assert import_class("twice_c.Mine", dict, tmp_path).where == "beside"


def test_two_folders_may_have_modules_of_one_name(tmp_path):
    """A module of the same name beside another YAML is another module."""
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        write(folder, "hooks_d", f"class Mine(dict): where = '{name}'\n")
        assert import_class("hooks_d.Mine", dict, folder).where == name


def test_two_classes_of_one_module_share_it(tmp_path):
    """The module runs once for all that is named of it."""
    write(tmp_path, "hooks_o", "class One(dict): pass\nclass Two(dict): pass\n")
    one = import_class("hooks_o.One", dict, tmp_path)
    two = import_class("hooks_o.Two", dict, tmp_path)
    assert sys.modules[one.__module__] is sys.modules[two.__module__]
    assert sys.modules["hooks_o"].One is one


def test_what_was_imported_once_can_be_named_from_elsewhere(tmp_path):
    """A net written back out of its folder still knows its classes."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    write(tmp_path / "one", "hooks_p", "class Mine(dict): pass\n")
    mine = import_class("hooks_p.Mine", dict, tmp_path / "one")
    assert import_class("hooks_p.Mine", dict, tmp_path / "two") is mine


def test_a_module_named_like_one_of_pythons_does_not_replace_it(tmp_path):
    """``json.py`` beside a YAML is found there and harms nobody else."""
    import json

    write(tmp_path, "json", "class Mine(dict): pass\n")
    assert import_class("json.Mine", dict, tmp_path).__name__ == "Mine"
    assert sys.modules["json"] is json


def test_a_module_that_answers_to_any_name(tmp_path, monkeypatch):
    """One on the path that may import whatever it is asked for is asked for the class alone."""
    text = "class Mine(dict): pass\ndef __getattr__(name): raise ModuleNotFoundError(name)\n"
    write(tmp_path, "lazy_q", text)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "nets").mkdir()
    first = import_class("lazy_q.Mine", dict, tmp_path / "nets")
    assert import_class("lazy_q.Mine", dict, tmp_path / "nets") is first


@pytest.mark.parametrize(
    ("dotted", "text", "message"),
    [
        (
            "none_e.Mine",
            None,
            (
                r"^cannot import 'none_e\.Mine': there is no module 'none_e'\n"
                r"  looked in .* and in Python's path$"
            ),
        ),
        (
            "hooks_f.Mien",
            "class Mine(dict): pass\n",
            r"^module 'hooks_f' has no 'Mien'\n  did you mean 'Mine'\?$",
        ),
        (
            "hooks_m.Other",
            "class Mine(dict): pass\n",
            r"^module 'hooks_m' has no 'Other'\n  it has: Mine$",
        ),
        (
            "hooks_n.Other",
            "class Mine: pass\n",
            r"^module 'hooks_n' has no 'Other'\n  it has no dict$",
        ),
        (
            "hooks_g.Mine",
            "class Mine: pass\n",
            r"^'hooks_g\.Mine' is not a dict\n  derive the class from it$",
        ),
        ("hooks_h.mine", "def mine(): pass\n", r"^'hooks_h\.mine' is not a dict"),
        (
            "hooks_i.Mine",
            "import nothing_of_this_name\n",
            (
                r"^cannot import 'hooks_i\.Mine': No module named 'nothing_of_this_name'\n"
                r"  in .*hooks_i\.py, line 1$"
            ),
        ),
        (
            "hooks_j.Mine",
            "x = 1\nx / 0\n",
            (
                r"^cannot import 'hooks_j\.Mine': ZeroDivisionError: division by zero\n"
                r"  in .*hooks_j\.py, line 2$"
            ),
        ),
        (
            "hooks_k.Mine",
            "def f(:\n",
            (
                r"^cannot import 'hooks_k\.Mine': SyntaxError: invalid syntax\n"
                r"  in .*hooks_k\.py, line 1$"
            ),
        ),
    ],
)
def test_what_cannot_be_imported_says_why(tmp_path, dotted, text, message):
    """Missing module, missing name, wrong base, an error in the user's file with its line."""
    if text is not None:
        write(tmp_path, dotted.partition(".")[0], text)
    with pytest.raises(SpecError, match=message):
        import_class(dotted, dict, tmp_path)


def test_user_code_can_be_refused(tmp_path):
    """With ``--no-user-code`` nothing is imported."""
    write(tmp_path, "hooks_l", "raise SystemExit\n")
    with pytest.raises(SpecError, match=r"is user code, which --no-user-code refuses$"):
        import_class("hooks_l.Mine", dict, tmp_path, allowed=False)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_class_of_graphnet_is_not_the_users(tmp_path, allowed):
    """Wherever the YAML lies, beside a clone too; and it may be used where users' may not."""
    (tmp_path / "graphnet").mkdir()
    (tmp_path / "graphnet" / "__init__.py").write_text("raise RuntimeError('never imported')")
    dotted = "graphnet.layers.dense.inner_product.InnerProduct"
    found = import_class(dotted, LayerSpec, tmp_path, allowed=allowed)
    assert found is InnerProduct
