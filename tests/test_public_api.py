"""The public names: what exists, what importing costs, and the signatures relied on."""

from __future__ import annotations

import ast
import inspect
import operator
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import graphnet as gn

ROOT = Path(__file__).parent.parent
HEAVY = ("numpy", "pydantic", "h5py", "networkx", "yaml", "rich", "typer")

#: What is called, and its parameters as users' programs rely on them; further ones may follow.
SIGNATURES = {
    "load_net": (
        "(source, phase='train', backend='numpy', dtype='float32', seed=0, inputs=None,"
        " share=None, keep='all'"
    ),
    "load_solver": "(source",
    "solve": "(solver, net",
    "load_weights": "(net, path",
    "save_model": "(net, path",
    "check_gradients": "(net",
    "Net.forward": "(self)",
    "Net.backward": "(self)",
    "Net.loss": "(self)",
    "Net.predict": "(self, inputs, *, raw=True, outputs=None)",
    "Solver.add_coffee_break": "(self, break_, every_n_iter=0, every_n_epoch=0",
    "Solver.setup_coffee_lounge": "(self, save_into='', every_n_iter=1, file_exists='merge'",
    "CoffeeBreak.open": "(self, net, state, lounge)",
    "CoffeeBreak.enjoy": "(self, net, state, lounge)",
    "CoffeeBreak.close": "(self, net, state, lounge)",
}


@pytest.mark.parametrize("name", gn.__all__)
def test_every_public_name_can_be_imported(name):
    """The table of names and the modules they live in agree with what is there."""
    try:
        value = getattr(gn, name)
    except gn.MissingExtraError as error:
        pytest.skip(str(error))
    assert getattr(value, "__name__", name).split(".")[-1] == name
    assert name in dir(gn)


def test_type_checkers_see_every_public_name():
    """Each is imported once more under TYPE_CHECKING, for editors and mypy."""
    guarded = next(n for n in ast.parse(inspect.getsource(gn)).body if isinstance(n, ast.If))
    seen = {alias.asname for line in guarded.body for alias in line.names}
    assert seen == set(gn.__all__) - {"__version__"}


def test_a_name_that_is_not_there():
    """It is an AttributeError, so hasattr and autocompletion work."""
    with pytest.raises(AttributeError, match="module 'graphnet' has no attribute 'lod_net'"):
        gn.lod_net  # noqa: B018


def test_importing_loads_nothing_heavy():
    """``import graphnet`` costs nothing; names are imported when they are first used."""
    code = f"import graphnet, sys; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature(name):
    """These names, in this order, with these defaults."""
    called = operator.attrgetter(name)(gn)
    plain = [p.replace(annotation=p.empty) for p in inspect.signature(called).parameters.values()]
    assert str(inspect.Signature(plain)).startswith(SIGNATURES[name])


def test_what_is_relied_on_of_a_net():
    """Methods and attributes of a loaded net."""
    net = gn.load_net([gn.layers.Input(name="in", batch_size=2, shapes={"x": [3]}, tops=["x"])])
    net.forward()
    net.backward()
    assert (net.loss(), net.n_valid, net.blobs["x"].data.shape) == (0.0, 2, (2, 3))
    assert net.blobs["x"].diff is None
    assert dict(net.params) == {}
    assert list(inspect.signature(net.predict).parameters) == ["inputs", "raw", "outputs"]


def test_what_users_catch_is_public():
    """The whole tree of errors."""
    tree = {e.__name__ for e in vars(gn.errors).values() if inspect.isclass(e)}
    assert {n for n in tree if n.endswith("Error")} <= set(gn.__all__)


def test_completing_layers_offers_layer_types_alone():
    """And not the modules they live in."""
    assert dir(gn.layers) == sorted(["LAYER_TYPES", *gn.layers.LAYER_TYPES])


@pytest.mark.parametrize(
    "spec",
    [
        *(gn.layers.InnerProduct, gn.layers.HDF5Data, gn.methods.Adam, gn.initializers.Xavier),
        *(gn.lr_policy.StepRate, gn.transformers.RandomEraseTransformer, gn.SolverSpec),
    ],
)
def test_help_opens_with_the_page_of_the_spec(spec):
    """A readable signature, then the docstring; what pydantic adds comes behind."""
    text = pydoc.plain(pydoc.render_doc(spec))
    assert text.index(inspect.getdoc(spec).splitlines()[0]) < 1000
    assert "typing.Annotated" not in text[:1000]


def test_a_spec_shows_what_differs_from_its_defaults():
    """As one would write it."""
    spec = gn.layers.InnerProduct(name="ip", output_dim=3, weight_init=gn.initializers.Gaussian())
    assert repr(spec) == "InnerProduct(name='ip', output_dim=3, weight_init=Gaussian())"


def test_layers_are_the_public_specs():
    """``gn.layers.InnerProduct`` is what ``type: InnerProduct`` makes."""
    for name, spec in gn.layers.LAYER_TYPES.items():
        assert getattr(gn.layers, name) is spec
