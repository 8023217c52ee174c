"""The layer types: the one table from a YAML ``type`` to its spec."""

from collections.abc import Mapping
from types import MappingProxyType

from graphnet.layers.accuracy import Accuracy
from graphnet.layers.argmax import Argmax
from graphnet.layers.async_hdf5_data import AsyncHDF5Data
from graphnet.layers.base import LayerSpec
from graphnet.layers.binary_accuracy import BinaryAccuracy
from graphnet.layers.binary_cross_entropy_loss import BinaryCrossEntropyLoss
from graphnet.layers.channel_pooling import ChannelPooling
from graphnet.layers.concat import Concat
from graphnet.layers.convolution import Convolution
from graphnet.layers.crop import Crop
from graphnet.layers.dropout import Dropout
from graphnet.layers.element_wise import ElementWise
from graphnet.layers.gaussian_kl_loss import GaussianKLLoss
from graphnet.layers.gru import GRU
from graphnet.layers.hdf5_data import HDF5Data
from graphnet.layers.hinge_loss import HingeLoss
from graphnet.layers.index2onehot import Index2Onehot
from graphnet.layers.inner_product import InnerProduct
from graphnet.layers.input import Input
from graphnet.layers.lrn import LRN
from graphnet.layers.lstm import LSTM
from graphnet.layers.memory_data import MemoryData
from graphnet.layers.multinomial_logistic_loss import MultinomialLogisticLoss
from graphnet.layers.neurons import Exponential, Identity, LReLU, ReLU, Sigmoid, Tanh
from graphnet.layers.pooling import Pooling
from graphnet.layers.power import Power
from graphnet.layers.random_mask import RandomMask
from graphnet.layers.random_normal import RandomNormal
from graphnet.layers.reshape import Reshape
from graphnet.layers.rnn import RNN
from graphnet.layers.softlabel_softmax_loss import SoftlabelSoftmaxLoss
from graphnet.layers.softmax import Softmax
from graphnet.layers.softmax_loss import SoftmaxLoss
from graphnet.layers.split import Split
from graphnet.layers.square_loss import SquareLoss
from graphnet.layers.tied_inner_product import TiedInnerProduct
from graphnet.layers.wasserstein_loss import WassersteinLoss

LAYER_TYPES: Mapping[str, type[LayerSpec]] = MappingProxyType(
    {
        "Accuracy": Accuracy,
        "Argmax": Argmax,
        "AsyncHDF5Data": AsyncHDF5Data,
        "BinaryAccuracy": BinaryAccuracy,
        "BinaryCrossEntropyLoss": BinaryCrossEntropyLoss,
        "ChannelPooling": ChannelPooling,
        "Concat": Concat,
        "Convolution": Convolution,
        "Crop": Crop,
        "Dropout": Dropout,
        "ElementWise": ElementWise,
        "Exponential": Exponential,
        "GRU": GRU,
        "GaussianKLLoss": GaussianKLLoss,
        "HDF5Data": HDF5Data,
        "HingeLoss": HingeLoss,
        "Identity": Identity,
        "Index2Onehot": Index2Onehot,
        "InnerProduct": InnerProduct,
        "Input": Input,
        "LRN": LRN,
        "LReLU": LReLU,
        "LSTM": LSTM,
        "MemoryData": MemoryData,
        "MultinomialLogisticLoss": MultinomialLogisticLoss,
        "Pooling": Pooling,
        "Power": Power,
        "RandomMask": RandomMask,
        "RandomNormal": RandomNormal,
        "ReLU": ReLU,
        "Reshape": Reshape,
        "RNN": RNN,
        "Sigmoid": Sigmoid,
        "SoftlabelSoftmaxLoss": SoftlabelSoftmaxLoss,
        "Softmax": Softmax,
        "SoftmaxLoss": SoftmaxLoss,
        "Split": Split,
        "SquareLoss": SquareLoss,
        "Tanh": Tanh,
        "TiedInnerProduct": TiedInnerProduct,
        "WassersteinLoss": WassersteinLoss,
    }
)
