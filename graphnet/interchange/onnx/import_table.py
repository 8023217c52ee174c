"""All operators of ONNX that graphnet reads."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from graphnet.interchange.onnx.import_activations import ACTIVATIONS
from graphnet.interchange.onnx.import_arithmetic import ARITHMETIC
from graphnet.interchange.onnx.import_images import IMAGES
from graphnet.interchange.onnx.import_linear import LINEAR
from graphnet.interchange.onnx.import_recurrent import RECURRENT
from graphnet.interchange.onnx.import_shapes import SHAPES
from graphnet.interchange.onnx.import_windows import WINDOWS
from graphnet.interchange.onnx.node_reader import FromOnnx

#: What translates each.
OPERATORS: Mapping[str, FromOnnx] = MappingProxyType(
    {**ACTIVATIONS, **ARITHMETIC, **IMAGES, **LINEAR, **RECURRENT, **SHAPES, **WINDOWS}
)
