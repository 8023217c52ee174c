"""The layer types: the one table from a YAML ``type`` to its spec."""

from collections.abc import Mapping
from types import MappingProxyType

from graphnet.layers.accuracy import Accuracy
from graphnet.layers.argmax import Argmax
from graphnet.layers.async_hdf5_data import AsyncHDF5Data
from graphnet.layers.base import LayerSpec
from graphnet.layers.batch_norm import BatchNorm
from graphnet.layers.bias import Bias
from graphnet.layers.binary_accuracy import BinaryAccuracy
from graphnet.layers.binary_cross_entropy_loss import BinaryCrossEntropyLoss
from graphnet.layers.channel_pooling import ChannelPooling
from graphnet.layers.concat import Concat
from graphnet.layers.contrastive_loss import ContrastiveLoss
from graphnet.layers.convolution import Convolution
from graphnet.layers.crop import Crop
from graphnet.layers.deconvolution import Deconvolution
from graphnet.layers.dropout import Dropout
from graphnet.layers.element_wise import ElementWise
from graphnet.layers.elementwise_functions import AbsVal, Clip, Swish, Threshold
from graphnet.layers.embed import Embed
from graphnet.layers.exp_log import Exp, Log
from graphnet.layers.flatten import Flatten
from graphnet.layers.gaussian_kl_loss import GaussianKLLoss
from graphnet.layers.gru import GRU
from graphnet.layers.hdf5_data import HDF5Data
from graphnet.layers.hdf5_output import HDF5Output
from graphnet.layers.hinge_loss import HingeLoss
from graphnet.layers.index2onehot import Index2Onehot
from graphnet.layers.infogain_loss import InfogainLoss
from graphnet.layers.inner_product import InnerProduct
from graphnet.layers.input import Input
from graphnet.layers.lrn import LRN
from graphnet.layers.lstm import LSTM
from graphnet.layers.memory_data import MemoryData
from graphnet.layers.memory_output import MemoryOutput
from graphnet.layers.multinomial_logistic_loss import MultinomialLogisticLoss
from graphnet.layers.mvn import MVN
from graphnet.layers.neurons import Exponential, Identity, LReLU, ReLU, Sigmoid, Tanh
from graphnet.layers.pad import Pad
from graphnet.layers.pooling import Pooling
from graphnet.layers.power import Power
from graphnet.layers.prelu import PReLU
from graphnet.layers.random_mask import RandomMask
from graphnet.layers.random_normal import RandomNormal
from graphnet.layers.rbf import RBF
from graphnet.layers.rbf_loss import RBFLoss
from graphnet.layers.reduction import Reduction
from graphnet.layers.reshape import Reshape
from graphnet.layers.rnn import RNN
from graphnet.layers.scale import Scale
from graphnet.layers.sigmoid_cross_entropy_loss import SigmoidCrossEntropyLoss
from graphnet.layers.silence import Silence
from graphnet.layers.slice import Slice
from graphnet.layers.smooth_rectifiers import BNLL, ELU
from graphnet.layers.softlabel_softmax_loss import SoftlabelSoftmaxLoss
from graphnet.layers.softmax import Softmax
from graphnet.layers.softmax_loss import SoftmaxLoss
from graphnet.layers.split import Split
from graphnet.layers.spp import SPP
from graphnet.layers.square_loss import SquareLoss
from graphnet.layers.tied_inner_product import TiedInnerProduct
from graphnet.layers.tile import Tile
from graphnet.layers.wasserstein_loss import WassersteinLoss

LAYER_TYPES: Mapping[str, type[LayerSpec]] = MappingProxyType(
    {
        "AbsVal": AbsVal,
        "Accuracy": Accuracy,
        "Argmax": Argmax,
        "AsyncHDF5Data": AsyncHDF5Data,
        "BNLL": BNLL,
        "BatchNorm": BatchNorm,
        "Bias": Bias,
        "BinaryAccuracy": BinaryAccuracy,
        "BinaryCrossEntropyLoss": BinaryCrossEntropyLoss,
        "ChannelPooling": ChannelPooling,
        "Clip": Clip,
        "Concat": Concat,
        "ContrastiveLoss": ContrastiveLoss,
        "Convolution": Convolution,
        "Crop": Crop,
        "Deconvolution": Deconvolution,
        "Dropout": Dropout,
        "ELU": ELU,
        "ElementWise": ElementWise,
        "Embed": Embed,
        "Exp": Exp,
        "Exponential": Exponential,
        "Flatten": Flatten,
        "GRU": GRU,
        "GaussianKLLoss": GaussianKLLoss,
        "HDF5Data": HDF5Data,
        "HDF5Output": HDF5Output,
        "HingeLoss": HingeLoss,
        "Identity": Identity,
        "Index2Onehot": Index2Onehot,
        "InfogainLoss": InfogainLoss,
        "InnerProduct": InnerProduct,
        "Input": Input,
        "LRN": LRN,
        "LReLU": LReLU,
        "LSTM": LSTM,
        "Log": Log,
        "MVN": MVN,
        "MemoryData": MemoryData,
        "MemoryOutput": MemoryOutput,
        "MultinomialLogisticLoss": MultinomialLogisticLoss,
        "PReLU": PReLU,
        "Pad": Pad,
        "Pooling": Pooling,
        "Power": Power,
        "RBF": RBF,
        "RBFLoss": RBFLoss,
        "RNN": RNN,
        "RandomMask": RandomMask,
        "RandomNormal": RandomNormal,
        "ReLU": ReLU,
        "Reduction": Reduction,
        "Reshape": Reshape,
        "SPP": SPP,
        "Scale": Scale,
        "Sigmoid": Sigmoid,
        "SigmoidCrossEntropyLoss": SigmoidCrossEntropyLoss,
        "Silence": Silence,
        "Slice": Slice,
        "SoftlabelSoftmaxLoss": SoftlabelSoftmaxLoss,
        "Softmax": Softmax,
        "SoftmaxLoss": SoftmaxLoss,
        "Split": Split,
        "SquareLoss": SquareLoss,
        "Swish": Swish,
        "Tanh": Tanh,
        "Threshold": Threshold,
        "TiedInnerProduct": TiedInnerProduct,
        "Tile": Tile,
        "WassersteinLoss": WassersteinLoss,
    }
)

__all__ = ["LAYER_TYPES", *LAYER_TYPES]  # noqa: PLE0604  # the table is the one list of names


def __dir__() -> list[str]:
    return sorted(__all__)
