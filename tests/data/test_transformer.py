"""What all transformers share."""

from pathlib import Path

import pytest

from graphnet.data.transformer import Transformer
from graphnet.data.transformers import RandomMirror, Scale


@pytest.mark.parametrize("transformer", [Scale(scale=2), RandomMirror()])
def test_what_is_not_said_stays(transformer):
    """One that says nothing else keeps the shape, and has no paths that a folder could change."""
    assert isinstance(transformer, Transformer)
    assert transformer.out_shape((3, 4, 5)) == (3, 4, 5)
    assert transformer.relative_to(Path("/elsewhere")) == transformer
