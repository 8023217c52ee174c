"""The tables of what others call our keys: they lead to what there is."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from graphnet.declare.key_table import KEYS_ELSEWHERE, KINDS_ELSEWHERE, NUMBER_FORMS, PHRASES
from graphnet.declare.key_words import place_of
from graphnet.declare.validation import keys_of
from graphnet.declare.yaml_reader import parse_yaml
from graphnet.layers import LAYER_TYPES
from graphnet.params.constraints import AnyConstraint
from graphnet.params.initializers import EveryInitializer
from graphnet.params.regularizers import AnyRegularizer
from graphnet.solver import lr_policy, mom_policy
from graphnet.solver.coffee import BREAK_MODELS
from graphnet.solver.methods import METHODS
from graphnet.solver.spec import SolverSpec

POLICIES = [
    *get_args(get_args(lr_policy.AnyLRPolicy)[0]),
    *get_args(get_args(mom_policy.AnyMomentumPolicy)[0]),
]
REGULARIZERS = {"coef", "threshold"}
MODELS = [
    *LAYER_TYPES.values(),
    *METHODS.values(),
    *BREAK_MODELS.values(),
    *POLICIES,
    SolverSpec,
]
KEYS = {key for model in MODELS for key in keys_of(model)} | REGULARIZERS | {"layers", "method"}


def test_every_hint_leads_to_a_key_there_is():
    """Each is a key of some layer, of the solver, of a policy, a method or a break, or a layer."""
    assert KEYS_ELSEWHERE.keys() <= KEYS
    assert {place_of(phrase) for phrase in PHRASES} <= KEYS | {*LAYER_TYPES}


def test_names_are_given_once():
    """No key is called the same thing twice, and none is called by its own name."""
    for ours, names in [*KEYS_ELSEWHERE.items(), *KINDS_ELSEWHERE.items(), *PHRASES.items()]:
        listed = names.split()
        assert sorted(set(listed)) == sorted(listed), ours
        assert ours not in listed


def test_phrases_are_yaml():
    """What is to be written can be written, once its dots are filled in."""
    for phrase in PHRASES:
        if not phrase.startswith("("):
            parse_yaml(re.sub("…|, (half|for|or|with) .*", "1", phrase), "phrase")


def test_types_named_in_phrases_are_there():
    """``{type: Step, …}`` names a layer, a policy, a method, a break or a transformer."""
    transformers = {"RandomCrop", "RandomMirror", "SubMean", "Scale"}
    known = {*LAYER_TYPES, *METHODS, *BREAK_MODELS, *transformers}
    known |= {model.model_fields["type"].default for model in POLICIES}
    text = str(PHRASES)
    assert set(re.findall(r"type: (\w+)", text)) <= known


def test_kinds_are_there():
    """Each is a neuron, an initializer, a policy … that a key can be given."""
    unions = (EveryInitializer, *(get_args(u)[0] for u in (AnyConstraint, AnyRegularizer)))
    models = [*METHODS.values(), *LAYER_TYPES.values()]
    models += [model for union in unions for model in get_args(union)]
    known = {model.__name__ for model in models} | {"Mean", "RandomMirror", "test"}
    known |= {model.model_fields["type"].default for model in POLICIES}
    assert KINDS_ELSEWHERE.keys() <= known


@pytest.mark.parametrize(
    ("key", "model"),
    [
        ("lr_policy", SolverSpec),
        ("mom_policy", SolverSpec),
        ("weight_init", LAYER_TYPES["InnerProduct"]),
        ("filter_regu", LAYER_TYPES["Convolution"]),
        ("filter_cons", LAYER_TYPES["Convolution"]),
    ],
)
def test_forms_of_numbers_make_what_they_say(key, model):
    """A bare 0.5 is answered with something that can stand in its place."""
    (form,) = [form for end, form in NUMBER_FORMS.items() if key.endswith(end)]
    given = {key: parse_yaml(form.format(0.5), "form").value}
    rest = {"max_iter": 1} if model is SolverSpec else {"name": "a", "n_filter": 1}
    if "output_dim" in keys_of(model):
        rest = {"name": "a", "output_dim": 1}
    made = getattr(model(**given, **rest), key)
    assert 0.5 in dict(made).values()
