"""The table of methods."""

import pytest
from pydantic import TypeAdapter

from graphnet.solver.methods import METHODS, AnyMethod
from graphnet.solver.spec import SolverSpec

#: The rate of each where nobody states one, and whose it is.
RATES = {
    "Adadelta": 1.0,  # Zeiler has none, which is a rate of 1
    "Adagrad": 0.01,
    "Adam": 0.001,  # Kingma & Ba
    "AdamW": 0.001,  # Loshchilov & Hutter
    "LAMB": 0.001,
    "Lion": 0.0001,  # Chen et al., for what AdamW learns at 0.001
    "Muon": 0.001,  # AdamW's
    "Nesterov": 0.01,
    "RMSProp": 0.01,
    "ScheduleFreeAdamW": 0.0025,  # Defazio's program
    "ScheduleFreeSGD": 1.0,
    "SGD": 0.01,  # Mocha
}


@pytest.mark.parametrize("name", METHODS)
def test_a_name_alone_or_with_settings_is_a_method(name):
    """``method: Adam`` and ``method: {type: Adam}`` are the same."""
    adapter = TypeAdapter(AnyMethod)
    assert adapter.validate_python(name) == adapter.validate_python({"type": name})
    assert type(adapter.validate_python(name)) is METHODS[name]
    assert METHODS[name].__name__ == name


def test_default_rates():
    """A constant that the docs of ``lr_policy`` state."""
    assert RATES.keys() == METHODS.keys()
    for name, rate in RATES.items():
        policy = SolverSpec(method=METHODS[name](), max_iter=1).lr_policy
        assert (policy.type, policy.base_lr) == ("Fixed", rate)
