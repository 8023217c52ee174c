"""All operators of ONNX that graphnet reads."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from graphnet.interchange.onnx.graph.node_reader import FromOnnx
from graphnet.interchange.onnx.operators.activations import ACTIVATIONS
from graphnet.interchange.onnx.operators.arithmetic import ARITHMETIC
from graphnet.interchange.onnx.operators.images import IMAGES
from graphnet.interchange.onnx.operators.linear import LINEAR
from graphnet.interchange.onnx.operators.recurrent import RECURRENT
from graphnet.interchange.onnx.operators.shapes import SHAPES
from graphnet.interchange.onnx.operators.windows import WINDOWS

#: What translates each.
OPERATORS: Mapping[str, FromOnnx] = MappingProxyType(
    {**ACTIVATIONS, **ARITHMETIC, **IMAGES, **LINEAR, **RECURRENT, **SHAPES, **WINDOWS}
)
