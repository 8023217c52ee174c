"""The layer types: the one table from a YAML ``type`` to its spec."""

from collections.abc import Mapping
from types import MappingProxyType

from graphnet.layers.base import LayerSpec
from graphnet.layers.concat import Concat
from graphnet.layers.convolution import Convolution
from graphnet.layers.dropout import Dropout
from graphnet.layers.element_wise import ElementWise
from graphnet.layers.inner_product import InnerProduct
from graphnet.layers.input import Input
from graphnet.layers.neurons import Exponential, Identity, LReLU, ReLU, Sigmoid, Tanh
from graphnet.layers.pooling import Pooling
from graphnet.layers.power import Power
from graphnet.layers.random_mask import RandomMask
from graphnet.layers.reshape import Reshape
from graphnet.layers.softmax import Softmax
from graphnet.layers.split import Split

LAYER_TYPES: Mapping[str, type[LayerSpec]] = MappingProxyType(
    {
        "Concat": Concat,
        "Convolution": Convolution,
        "Dropout": Dropout,
        "ElementWise": ElementWise,
        "Exponential": Exponential,
        "Identity": Identity,
        "InnerProduct": InnerProduct,
        "Input": Input,
        "LReLU": LReLU,
        "Pooling": Pooling,
        "Power": Power,
        "RandomMask": RandomMask,
        "ReLU": ReLU,
        "Reshape": Reshape,
        "Sigmoid": Sigmoid,
        "Softmax": Softmax,
        "Split": Split,
        "Tanh": Tanh,
    }
)
