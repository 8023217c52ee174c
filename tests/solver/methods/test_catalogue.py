"""The table of methods."""

import pytest
from pydantic import TypeAdapter

from graphnet.solver.methods import METHODS, AnyMethod


@pytest.mark.parametrize("name", METHODS)
def test_a_name_alone_or_with_settings_is_a_method(name):
    """``method: Adam`` and ``method: {type: Adam}`` are the same."""
    adapter = TypeAdapter(AnyMethod)
    assert adapter.validate_python(name) == adapter.validate_python({"type": name})
    assert type(adapter.validate_python(name)) is METHODS[name]
    assert METHODS[name].__name__ == name
