"""All transformers under YAML's names."""

from typing import get_args

import pytest

import graphnet as gn
from graphnet.data.transformer import Transformer
from graphnet.data.transformers import AnyTransformer, Pad, RandomCrop, Scale, out_shape
from graphnet.errors import ShapeError


def test_names():
    """YAML's word is a name of the public module; the class's own says that it transforms."""
    for cls in get_args(get_args(AnyTransformer)[0]):
        word = cls.model_fields["type"].default
        assert getattr(gn.transformers, word) is cls
        assert cls.__name__ == f"{word}Transformer"
        assert issubclass(cls, Transformer)


def test_out_shape():
    """Each takes the shape that the one before it leaves."""
    steps = [Pad(pad=[1, 2]), RandomCrop(crop_size=[3, 4]), Scale(scale=2)]
    assert out_shape(steps, (1, 2, 2)) == (1, 3, 4)
    assert out_shape([], (5,)) == (5,)
    with pytest.raises(ShapeError, match="larger than the image"):
        out_shape(steps[1:], (1, 2, 2))
