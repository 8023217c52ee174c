"""What a solver's YAML may say."""

import json

import pytest

from graphnet.declare.validation import validate
from graphnet.declare.yaml_reader import parse_yaml
from graphnet.errors import SpecError
from graphnet.solver import lr_policy, mom_policy
from graphnet.solver.methods.adam import Adam
from graphnet.solver.methods.sgd import SGD
from graphnet.solver.spec import SolverSpec

EXAMPLE = """
method: SGD
max_iter: 10000
regu_coef: 0.0005
mom_policy: {type: Fixed, momentum: 0.9}
lr_policy: {type: Inv, base_lr: 0.01, gamma: 0.0001, power: 0.75}
exp_dir: runs/mnist
coffee_breaks:
  - {type: TrainingSummary, every_n_iter: 100}
  - {type: ValidationPerformance, every_n_iter: 1000}
  - {type: Snapshot, every_n_iter: 5000, keep_last: 3, keep_best: accuracy}
  - {type: my_hooks.Espresso, every_n_epoch: 1, sugar: 2}
"""


def read(text):
    document = parse_yaml(text, "solver.yaml")
    return validate(SolverSpec, document.value, document)


def test_example_is_read():
    """The solver of the documentation, every part of it."""
    spec = read(EXAMPLE)
    assert spec.method == SGD()
    assert spec.lr_policy == lr_policy.Inv(base_lr=0.01, gamma=0.0001, power=0.75)
    assert spec.mom_policy == mom_policy.Fixed(momentum=0.9)
    assert [item.type for item in spec.coffee_breaks] == [
        "TrainingSummary",
        "ValidationPerformance",
        "Snapshot",
        "my_hooks.Espresso",
    ]
    assert spec.coffee_breaks[2].keywords() == {"keep_last": 3, "keep_best": "accuracy"}
    assert spec.coffee_breaks[3].keywords() == {"sugar": 2}


def test_defaults_are_mochas():
    """Rate 0.01, momentum 0, regularizers times 0.0005, seed 0."""
    spec = SolverSpec(max_iter=1)
    assert spec.method == SGD()
    assert spec.lr_policy == lr_policy.Fixed(base_lr=0.01)
    assert spec.mom_policy == mom_policy.Fixed(momentum=0.0)
    assert (spec.regu_coef, spec.seed, spec.iter_size) == (0.0005, 0, 1)


def test_defaults_follow_the_method():
    """Adam has a rate of its own and no momentum."""
    spec = read("{method: {type: Adam, beta1: 0.5}, max_epoch: 3}")
    assert spec.method == Adam(beta1=0.5)
    assert spec.lr_policy == lr_policy.Fixed(base_lr=0.001)
    assert spec.mom_policy is None


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE,
        "{max_epoch: 2, method: AdamW, iter_size: 3, clip_gradients: 1e-3}",
        """
max_iter: 5
lr_policy:
  type: Warmup
  length: 3
  policy: {type: Staged, stages: [{length: 2, policy: {type: Exp, base_lr: 1e-5, gamma: 0.9}}]}
""",
    ],
)
def test_normal_form_reads_back(text):
    """What is stored with a run is the same solver, every default written out."""
    spec = read(text)
    again = read(spec.to_yaml())
    assert again == spec
    assert again.to_yaml() == spec.to_yaml()


def test_normal_form_writes_defaults_out():
    """A reader of the stored file sees what was used; ``type`` comes first."""
    text = SolverSpec(max_iter=7).to_yaml()
    assert "regu_coef: 0.0005\n" in text
    assert "lr_policy:\n  type: Fixed\n  unit: iter\n  base_lr: 0.01\n" in text
    assert "max_epoch" not in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{method: SGD}", r"solver.yaml:1:1: missing key 'max_iter' or 'max_epoch'"),
        ("{max_iter: 1.5}", r":1:12: key 'max_iter': expected a whole number, found 1.5"),
        ("{max_iter: 1, regu_coeff: 1}", r"unknown key 'regu_coeff'\n  did you mean 'regu_coef'"),
        ("{max_iter: 1, method: Adm}", r"unknown type 'Adm'\n(.*\n)*  did you mean 'Adam'"),
        ("{max_iter: 1, method: {type: Adam, beta: 1}}", r"unknown key 'beta' in 'method'"),
        (
            "{max_iter: 1, method: Adam, mom_policy: {type: Fixed, momentum: 0.9}}",
            r"the method Adam has no momentum\n  leave it out",
        ),
        ("{max_iter: 1, mom_policy: null}", r"the method SGD needs one"),
        ("{max_iter: 1, lr_policy: {type: Inv}}", r"missing key 'gamma' in 'lr_policy'"),
        ("{max_iter: 1, clip_gradients: 0}", r"expected more than 0, found 0"),
        ("{max_iter: 1, on_error: skip}", r"expected 'stop' or 'continue'"),
        (
            "{max_iter: 1, coffee_breaks: [{type: Snapshot, every_iter: 3}]}",
            r"1:48: unknown key 'every_iter' in 'coffee_breaks\[0\]' \(Snapshot\)\n",
        ),
        (
            "{max_iter: 1, coffee_breaks: [{type: Snapshots, every_n_iter: 3}]}",
            r"unknown type 'Snapshots'\n(.*\n)*  did you mean 'Snapshot'",
        ),
        (
            "{max_iter: 1, coffee_breaks: [{type: EarlyStopping, key: loss, patience: '3'}]}",
            r"key 'coffee_breaks\[0\].patience': expected a whole number, found the text '3'",
        ),
        (
            "{max_iter: 1, coffee_breaks: [{type: EarlyStopping, key: loss}]}",
            r"1:31: missing key 'patience' in 'coffee_breaks\[0\]'",
        ),
    ],
)
def test_mistakes_name_their_place(text, message):
    """Through the loader's checks, each mistake has its line, column and hint."""
    with pytest.raises(SpecError, match=message):
        read(text)


def test_schema_is_json():
    """Editors get a schema with every method, policy and coffee break."""
    schema = json.dumps(SolverSpec.model_json_schema())
    for name in ("AdamW", "Cosine", "Linear", "EarlyStopping", "keep_best", "every_n_epoch"):
        assert f'"{name}"' in schema
    assert "keyword_" not in schema


def test_spec_is_frozen():
    """Nobody changes a solver's spec behind its back."""
    with pytest.raises(SpecError, match="cannot be changed"):
        SolverSpec(max_iter=1).max_iter = 2


@pytest.mark.parametrize("make", [lambda keys: SolverSpec(**keys), SolverSpec.model_validate])
@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"max_itr": 3}, "^SolverSpec: unknown key 'max_itr'\n  did you mean 'max_iter'"),
        (
            {"max_iter": 3, "coffee_breaks": [{"type": "Snapshot", "keep_lst": 3}]},
            r"unknown key 'keep_lst' in 'coffee_breaks\[0\]' \(Snapshot\)\n  did you mean 'keep_la",
        ),
        ({"max_iter": 3, "lr_policy": {"type": "Exp", "base_lr": 1}}, "'gamma' in 'lr_policy'"),
    ],
)
def test_specs_built_in_python_speak_as_yaml_does(make, keys, match):
    """Whichever way they are built: no message is pydantic's own."""
    with pytest.raises(SpecError, match=match):
        make(keys)


def test_what_is_no_mapping_is_no_solver():
    """A spec is taken as it is."""
    with pytest.raises(SpecError, match=r"^SolverSpec: expected keys and values, found a list of"):
        SolverSpec.model_validate([3])
    spec = SolverSpec(max_iter=3)
    assert SolverSpec.model_validate(spec) is spec
