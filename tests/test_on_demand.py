"""OnDemand: names are known at once, values are imported when they are asked for."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import graphnet.layers
from graphnet.layers import LAYER_TYPES
from graphnet.on_demand import OnDemand

ROOT = Path(__file__).parents[1]


def test_a_value_is_imported_when_it_is_asked_for(tmp_path, monkeypatch):
    """And not for its name."""
    package = tmp_path / "a_package_of_two"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "one.py").write_text("class One: pass\n")
    (package / "two.py").write_text("raise RuntimeError('not asked for')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    table = OnDemand("a_package_of_two", {"One": "one", "Two": "two"})
    assert list(table) == ["One", "Two"]
    assert len(table) == 2
    assert "Two" in table
    assert "one" not in table
    assert table.get("Three") is None
    assert table["One"].__name__ == "One"
    assert table["One"] is table.attribute("One")
    with pytest.raises(RuntimeError, match="not asked for"):
        table["Two"]
    with pytest.raises(KeyError, match="Three"):
        table["Three"]


def test_what_is_not_there_is_named_as_python_names_it():
    """With the nearest name, which Python takes from the package's ``dir()``."""
    with pytest.raises(AttributeError, match="has no attribute") as caught:
        graphnet.layers.Convolutoin  # noqa: B018
    assert str(caught.value) == "module 'graphnet.layers' has no attribute 'Convolutoin'"
    assert caught.value.name == "Convolutoin"
    assert caught.value.obj is graphnet.layers
    with pytest.raises(ImportError, match="cannot import name 'Convolutoin'"):
        from graphnet.layers import Convolutoin  # noqa: F401


def test_type_checkers_are_told_of_the_same_modules():
    """What stands behind TYPE_CHECKING is what the table imports."""
    tree = ast.parse(Path(graphnet.layers.__file__).read_text(encoding="utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If))
    told = {(i.module, i.names[0].name, i.names[0].asname) for i in block.body}
    assert told == {(cls.__module__, name, name) for name, cls in LAYER_TYPES.items()}


def test_a_start_imports_what_its_net_has():
    """Not the other layers, and nothing of networks: half of a start would be theirs."""
    code = (
        "import sys; from graphnet.cli import main; code = main(['check', 'nets/iris.yaml']);"
        "print(*sys.modules); sys.exit(code)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    modules = set(run.stdout.splitlines()[-1].split())
    assert "graphnet.layers.dense.inner_product" in modules
    others = {"ssl", "graphnet.layers.images.convolution", "graphnet.layers.recurrent.lstm"}
    assert not others & modules
