"""Every key of every method, policy, coffee break, initializer … is given to it by some test.

It is measured by reading the tests: a key counts where it is written in a call of the class, or
beside its ``type`` in a dict or a piece of YAML, or in a file of tests of this class alone.
"""

import inspect

import pytest
from pydantic import BaseModel
from support.exercised import TESTS, holes, keys_written, keys_written_for

from graphnet.data import image_transformers, value_transformers
from graphnet.declare.fields import Model
from graphnet.params import constraints, initializers, regularizers
from graphnet.solver import lr_policy, mom_policy
from graphnet.solver.coffee import COFFEE_BREAKS
from graphnet.solver.methods import METHODS
from graphnet.solver.policy import Policy
from graphnet.solver.spec import SolverSpec

#: All but this one and its like, whose lists must not count as tests of what they list.
FILES = sorted(path for path in TESTS.rglob("test_*.py") if "test_every_" not in path.name)


def declared_in(module):
    """The models of a module that a YAML can name."""
    return [
        cls
        for cls in vars(module).values()
        if inspect.isclass(cls)
        and issubclass(cls, Model)
        and cls.__module__ == module.__name__
        and isinstance(cls.model_fields.get("type", None) and cls.model_fields["type"].default, str)
    ]


MODULES = (constraints, initializers, regularizers, image_transformers, value_transformers)
POLICIES = list(dict.fromkeys(declared_in(lr_policy) + declared_in(mom_policy)))
OPTIONS = [
    *dict.fromkeys(cls for module in MODULES for cls in declared_in(module)),
    *POLICIES,
    *METHODS.values(),
    *COFFEE_BREAKS.values(),
    SolverSpec,
]


def own_files(cls):
    """The test files that are about one class alone."""
    if cls is SolverSpec:
        return sorted((TESTS / "solver").glob("test_*.py"))
    if cls in METHODS.values() or cls in COFFEE_BREAKS.values():
        module = cls.__module__.split(".")[1:]
        return [TESTS.joinpath(*module[:-1], f"test_{module[-1]}.py")]
    return []


def keys_of(cls):
    """``{key: (annotation, default)}`` of all that YAML can say of it."""
    if issubclass(cls, BaseModel):
        fields = cls.model_fields.items()
        found = {n: (f.annotation, f.get_default()) for n, f in fields if n != "type"}
        if issubclass(cls, Policy):
            found.pop("unit")  # of all policies alike: tested below
        return found
    hints = inspect.get_annotations(cls.__init__, eval_str=True)
    parameters = inspect.signature(cls).parameters.values()
    return {p.name: (hints.get(p.name), p.default) for p in parameters}


@pytest.mark.parametrize("cls", OPTIONS, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_every_key_is_given(cls):
    """Each has a value in some test, an enumeration each of its values."""
    written = keys_written_for(cls, FILES)
    for key, values in keys_written(own_files(cls)).items():
        written[key] |= values
    found = holes(cls, keys_of(cls), written)
    assert not found, "\n".join(found)


CLOCKED = [
    lr_policy.Fixed(base_lr=0.1),
    lr_policy.Step(base_lr=0.1, gamma=0.5, stepsize=2),
    lr_policy.MultiStep(base_lr=0.1, gamma=0.5, stepvalues=[2, 4]),
    lr_policy.Exp(base_lr=0.1, gamma=0.5),
    lr_policy.Inv(base_lr=0.1, gamma=0.5, power=0.75),
    lr_policy.Poly(base_lr=0.1, power=0.5, max_iter=7),
    lr_policy.Sigmoid(base_lr=0.1, gamma=0.5, stepsize=3),
    lr_policy.Cosine(base_lr=0.1, max_iter=7, min_lr=0.01),
    lr_policy.CosineRestarts(base_lr=0.1, length=2, growth=2),
    lr_policy.OneCycle(base_lr=0.1, max_iter=7),
    lr_policy.Warmup(length=4, policy=lr_policy.Fixed(base_lr=0.1)),
    lr_policy.Staged(
        stages=[
            {"length": 3, "policy": lr_policy.Fixed(base_lr=0.1)},
            {"policy": lr_policy.Fixed(base_lr=0.2)},
        ]
    ),
    mom_policy.Fixed(momentum=0.9),
    mom_policy.Step(momentum=0.5, gamma=1.5, stepsize=2, max_momentum=0.9),
    mom_policy.Linear(momentum=0.5, gamma=0.1, stepsize=2, max_momentum=0.9),
    mom_policy.OneCycle(max_iter=7),
    mom_policy.Staged(
        stages=[
            {"length": 3, "policy": mom_policy.Fixed(momentum=0.5)},
            {"policy": mom_policy.Fixed(momentum=0.9)},
        ]
    ),
]


def test_no_policy_is_left_out():
    """The list below has one of each."""
    assert {type(policy) for policy in CLOCKED} == set(POLICIES)


@pytest.mark.parametrize(
    "policy", CLOCKED, ids=lambda p: f"{type(p).__module__[-10:-7]}-{type(p).__name__}"
)
def test_a_policy_follows_the_clock_of_its_unit(policy):
    """By iterations it does not look at the epoch, by epochs not at the iteration."""
    by_epoch = policy.model_copy(update={"unit": "epoch"})
    for t in range(9):
        assert policy.value(t, 1000) == policy.value_at(t)
        assert by_epoch.value(1000, t) == by_epoch.value_at(t) == policy.value_at(t)
