"""The public names: what exists, what importing costs, and the signatures relied on."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import pytest

import graphnet as gn

HEAVY = ("numpy", "pydantic", "h5py", "networkx", "yaml", "rich", "typer")

#: Parameters in order with their defaults, as users' programs rely on them.
SIGNATURES = {
    "load_net": {
        "phase": "train",
        "backend": "numpy",
        "dtype": "float32",
        "seed": 0,
        "inputs": None,
        "share": None,
        "keep": "all",
    },
}


@pytest.mark.parametrize("name", gn.__all__)
def test_every_public_name_can_be_imported(name):
    """The table of names and the modules they live in agree with what is there."""
    value = getattr(gn, name)
    assert getattr(value, "__name__", name).split(".")[-1] == name
    assert name in dir(gn)


def test_type_checkers_see_every_public_name():
    """Each is imported once more under TYPE_CHECKING, for editors and mypy."""
    source = inspect.getsource(gn)
    seen = set(re.findall(r"^    from graphnet[\w.]* import \w+ as (\w+)$", source, re.MULTILINE))
    assert seen == set(gn.__all__) - {"__version__"}


def test_a_name_that_is_not_there():
    """It is an AttributeError, so hasattr and autocompletion work."""
    with pytest.raises(AttributeError, match="module 'graphnet' has no attribute 'lod_net'"):
        gn.lod_net  # noqa: B018


def test_importing_loads_nothing_heavy():
    """``import graphnet`` costs nothing; names are imported when they are first used."""
    code = f"import graphnet, sys; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature(name):
    """The first parameter is the source; the others have these names, order and defaults."""
    parameters = list(inspect.signature(getattr(gn, name)).parameters.values())[1:]
    found = {p.name: p.default for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD}
    assert found == SIGNATURES[name]


def test_what_is_relied_on_of_a_net():
    """Methods and attributes of a loaded net."""
    net = gn.load_net([gn.layers.Input(name="in", batch_size=2, shapes={"x": [3]}, tops=["x"])])
    net.forward()
    net.backward()
    assert (net.loss(), net.n_valid, net.blobs["x"].data.shape) == (0.0, 2, (2, 3))
    assert net.blobs["x"].diff is None
    assert dict(net.params) == {}
    assert list(inspect.signature(net.predict).parameters) == ["inputs"]


def test_layers_are_the_public_specs():
    """``gn.layers.InnerProduct`` is what ``type: InnerProduct`` makes."""
    for name, spec in gn.layers.LAYER_TYPES.items():
        assert getattr(gn.layers, name) is spec
