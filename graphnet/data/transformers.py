"""All transformers, under the names by which YAML calls them: ``transformers.Scale``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from pydantic import Field

from graphnet.blob import Shape
from graphnet.data.augmenting_transformers import (
    ColorJitterTransformer,
    NormalizeTransformer,
    RandomEraseTransformer,
    RandomResizedCropTransformer,
    ResizeTransformer,
)
from graphnet.data.image_transformers import (
    PadTransformer,
    RandomCropTransformer,
    RandomMirrorTransformer,
    RandomRotationTransformer,
    RandomShiftTransformer,
)
from graphnet.data.transformer import Transformer
from graphnet.data.value_transformers import (
    OneHotTransformer,
    ScaleTransformer,
    SubMeanTransformer,
)
from graphnet.declare.fields import ByName
from graphnet.declare.user_types import OrUserClass

Scale, SubMean, Pad = ScaleTransformer, SubMeanTransformer, PadTransformer
OneHot = OneHotTransformer
RandomCrop, RandomMirror = RandomCropTransformer, RandomMirrorTransformer
RandomShift, RandomRotation = RandomShiftTransformer, RandomRotationTransformer
Normalize, Resize, ColorJitter = NormalizeTransformer, ResizeTransformer, ColorJitterTransformer
RandomResizedCrop, RandomErase = RandomResizedCropTransformer, RandomEraseTransformer

AnyTransformer: TypeAlias = Annotated[
    ScaleTransformer
    | SubMeanTransformer
    | NormalizeTransformer
    | ResizeTransformer
    | PadTransformer
    | RandomCropTransformer
    | RandomMirrorTransformer
    | RandomShiftTransformer
    | RandomRotationTransformer
    | RandomResizedCropTransformer
    | RandomEraseTransformer
    | ColorJitterTransformer
    | OneHotTransformer,
    Field(discriminator="type"),
    OrUserClass(Transformer),
    ByName,
]


def out_shape(transformers: Sequence[Transformer], shape: Shape) -> Shape:
    """The shape of a sample after all transformers.

    Raises:
        ShapeError: If one of them cannot take it.
    """
    for transformer in transformers:
        shape = transformer.out_shape(shape)
    return shape
