"""The table of coffee breaks."""

import pytest

from graphnet.declare.yaml_reader import parse_yaml
from graphnet.solver.coffee import BREAK_MODELS, COFFEE_BREAKS


@pytest.mark.parametrize("name", COFFEE_BREAKS)
def test_example_in_the_docstring_works(name):
    """Each break's YAML example is valid, makes the break, and has a schedule if it needs one."""
    cls = COFFEE_BREAKS[name]
    example = cls.__doc__.partition("Example:")[2].partition("Source:")[0]
    (item,) = parse_yaml(example, name).value
    checked = BREAK_MODELS[name].model_validate(item)
    break_ = cls(**checked.keywords())
    assert checked.type == name == cls.__name__
    assert checked.schedule or not break_.needs_schedule
