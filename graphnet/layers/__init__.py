"""The layer types: the one table from a YAML ``type`` to its spec."""

from collections.abc import Mapping
from types import MappingProxyType

from graphnet.layers.base import LayerSpec
from graphnet.layers.inner_product import InnerProduct
from graphnet.layers.neurons import ReLU

LAYER_TYPES: Mapping[str, type[LayerSpec]] = MappingProxyType(
    {
        "InnerProduct": InnerProduct,
        "ReLU": ReLU,
    }
)
