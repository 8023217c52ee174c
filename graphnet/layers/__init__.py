"""The layer types: the one table from a YAML ``type`` to its spec."""

from collections.abc import Mapping
from types import MappingProxyType

from graphnet.layers.accuracy import Accuracy
from graphnet.layers.async_hdf5_data import AsyncHDF5Data
from graphnet.layers.base import LayerSpec
from graphnet.layers.concat import Concat
from graphnet.layers.convolution import Convolution
from graphnet.layers.dropout import Dropout
from graphnet.layers.element_wise import ElementWise
from graphnet.layers.gru import GRU
from graphnet.layers.hdf5_data import HDF5Data
from graphnet.layers.inner_product import InnerProduct
from graphnet.layers.input import Input
from graphnet.layers.lstm import LSTM
from graphnet.layers.memory_data import MemoryData
from graphnet.layers.multinomial_logistic_loss import MultinomialLogisticLoss
from graphnet.layers.neurons import Exponential, Identity, LReLU, ReLU, Sigmoid, Tanh
from graphnet.layers.pooling import Pooling
from graphnet.layers.power import Power
from graphnet.layers.random_mask import RandomMask
from graphnet.layers.reshape import Reshape
from graphnet.layers.rnn import RNN
from graphnet.layers.softmax import Softmax
from graphnet.layers.softmax_loss import SoftmaxLoss
from graphnet.layers.split import Split
from graphnet.layers.square_loss import SquareLoss

LAYER_TYPES: Mapping[str, type[LayerSpec]] = MappingProxyType(
    {
        "Accuracy": Accuracy,
        "AsyncHDF5Data": AsyncHDF5Data,
        "Concat": Concat,
        "Convolution": Convolution,
        "Dropout": Dropout,
        "ElementWise": ElementWise,
        "Exponential": Exponential,
        "GRU": GRU,
        "HDF5Data": HDF5Data,
        "Identity": Identity,
        "InnerProduct": InnerProduct,
        "Input": Input,
        "LReLU": LReLU,
        "LSTM": LSTM,
        "MemoryData": MemoryData,
        "MultinomialLogisticLoss": MultinomialLogisticLoss,
        "Pooling": Pooling,
        "Power": Power,
        "RandomMask": RandomMask,
        "ReLU": ReLU,
        "Reshape": Reshape,
        "RNN": RNN,
        "Sigmoid": Sigmoid,
        "Softmax": Softmax,
        "SoftmaxLoss": SoftmaxLoss,
        "Split": Split,
        "SquareLoss": SquareLoss,
        "Tanh": Tanh,
    }
)
