"""The layer types: the one table from a YAML ``type`` to its spec."""

from collections.abc import Mapping
from types import MappingProxyType

from graphnet.layers.attention.multi_head_attention import MultiHeadAttention
from graphnet.layers.attention.position_embedding import PositionEmbedding
from graphnet.layers.base import LayerSpec
from graphnet.layers.channelwise.batch_norm import BatchNorm
from graphnet.layers.channelwise.bias import Bias
from graphnet.layers.channelwise.group_norm import GroupNorm
from graphnet.layers.channelwise.instance_norm import InstanceNorm
from graphnet.layers.channelwise.layer_norm import LayerNorm
from graphnet.layers.channelwise.mvn import MVN
from graphnet.layers.channelwise.normalize import Normalize
from graphnet.layers.channelwise.prelu import PReLU
from graphnet.layers.channelwise.scale import Scale
from graphnet.layers.data.async_hdf5_data import AsyncHDF5Data
from graphnet.layers.data.hdf5_data import HDF5Data
from graphnet.layers.data.input import Input
from graphnet.layers.data.memory_data import MemoryData
from graphnet.layers.data.random_normal import RandomNormal
from graphnet.layers.data.text_data import TextData
from graphnet.layers.dense.embed import Embed
from graphnet.layers.dense.inner_product import InnerProduct
from graphnet.layers.dense.parameter import Parameter
from graphnet.layers.dense.rbf import RBF
from graphnet.layers.dense.tied_inner_product import TiedInnerProduct
from graphnet.layers.elementwise.abs_val import AbsVal
from graphnet.layers.elementwise.argmax import Argmax
from graphnet.layers.elementwise.clip import Clip
from graphnet.layers.elementwise.ctc_decoder import CTCDecoder
from graphnet.layers.elementwise.dropout import Dropout
from graphnet.layers.elementwise.element_wise import ElementWise
from graphnet.layers.elementwise.index2onehot import Index2Onehot
from graphnet.layers.elementwise.power import Power
from graphnet.layers.elementwise.random_mask import RandomMask
from graphnet.layers.elementwise.reduction import Reduction
from graphnet.layers.elementwise.softmax import Softmax
from graphnet.layers.elementwise.threshold import Threshold
from graphnet.layers.images.channel_pooling import ChannelPooling
from graphnet.layers.images.convolution import Convolution
from graphnet.layers.images.convolution1d import Convolution1D
from graphnet.layers.images.convolution3d import Convolution3D
from graphnet.layers.images.crop import Crop
from graphnet.layers.images.deconvolution import Deconvolution
from graphnet.layers.images.im2col import Im2col
from graphnet.layers.images.interp import Interp
from graphnet.layers.images.lrn import LRN
from graphnet.layers.images.pad import Pad
from graphnet.layers.images.pooling import Pooling
from graphnet.layers.images.pooling1d import Pooling1D
from graphnet.layers.images.pooling3d import Pooling3D
from graphnet.layers.images.pooling_mask import PoolingMask
from graphnet.layers.images.spp import SPP
from graphnet.layers.images.unpool import Unpool
from graphnet.layers.images.upsample import Upsample
from graphnet.layers.losses.binary_cross_entropy_loss import BinaryCrossEntropyLoss
from graphnet.layers.losses.contrastive_loss import ContrastiveLoss
from graphnet.layers.losses.ctc_loss import CTCLoss
from graphnet.layers.losses.focal_loss import FocalLoss
from graphnet.layers.losses.gaussian_kl_loss import GaussianKLLoss
from graphnet.layers.losses.hinge_loss import HingeLoss
from graphnet.layers.losses.huber_loss import HuberLoss
from graphnet.layers.losses.infogain_loss import InfogainLoss
from graphnet.layers.losses.l1_loss import L1Loss
from graphnet.layers.losses.multinomial_logistic_loss import MultinomialLogisticLoss
from graphnet.layers.losses.rbf_loss import RBFLoss
from graphnet.layers.losses.sigmoid_cross_entropy_loss import SigmoidCrossEntropyLoss
from graphnet.layers.losses.softlabel_softmax_loss import SoftlabelSoftmaxLoss
from graphnet.layers.losses.softmax_loss import SoftmaxLoss
from graphnet.layers.losses.square_loss import SquareLoss
from graphnet.layers.losses.sum_loss import SumLoss
from graphnet.layers.losses.wasserstein_loss import WassersteinLoss
from graphnet.layers.neurons.bnll import BNLL
from graphnet.layers.neurons.elu import ELU
from graphnet.layers.neurons.exp import Exp
from graphnet.layers.neurons.exponential import Exponential
from graphnet.layers.neurons.gelu import GELU
from graphnet.layers.neurons.hardswish import Hardswish
from graphnet.layers.neurons.identity import Identity
from graphnet.layers.neurons.log import Log
from graphnet.layers.neurons.lrelu import LReLU
from graphnet.layers.neurons.mish import Mish
from graphnet.layers.neurons.relu import ReLU
from graphnet.layers.neurons.sigmoid import Sigmoid
from graphnet.layers.neurons.softplus import Softplus
from graphnet.layers.neurons.swish import Swish
from graphnet.layers.neurons.tanh import Tanh
from graphnet.layers.outputs.hdf5_output import HDF5Output
from graphnet.layers.outputs.memory_output import MemoryOutput
from graphnet.layers.outputs.silence import Silence
from graphnet.layers.recurrent.gru import GRU
from graphnet.layers.recurrent.lstm import LSTM
from graphnet.layers.recurrent.reset_first_gru import ResetFirstGRU
from graphnet.layers.recurrent.rnn import RNN
from graphnet.layers.shape.concat import Concat
from graphnet.layers.shape.flatten import Flatten
from graphnet.layers.shape.join_samples import JoinSamples
from graphnet.layers.shape.part_samples import PartSamples
from graphnet.layers.shape.permute import Permute
from graphnet.layers.shape.reshape import Reshape
from graphnet.layers.shape.slice import Slice
from graphnet.layers.shape.split import Split
from graphnet.layers.shape.stop_gradient import StopGradient
from graphnet.layers.shape.take_samples import TakeSamples
from graphnet.layers.shape.tile import Tile
from graphnet.layers.statistics.accuracy import Accuracy
from graphnet.layers.statistics.binary_accuracy import BinaryAccuracy
from graphnet.layers.statistics.label_error_rate import LabelErrorRate
from graphnet.layers.statistics.mean_iou import MeanIoU
from graphnet.layers.statistics.within import Within

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
        "CTCDecoder": CTCDecoder,
        "CTCLoss": CTCLoss,
        "ChannelPooling": ChannelPooling,
        "Clip": Clip,
        "Concat": Concat,
        "ContrastiveLoss": ContrastiveLoss,
        "Convolution": Convolution,
        "Convolution1D": Convolution1D,
        "Convolution3D": Convolution3D,
        "Crop": Crop,
        "Deconvolution": Deconvolution,
        "Dropout": Dropout,
        "ELU": ELU,
        "ElementWise": ElementWise,
        "Embed": Embed,
        "Exp": Exp,
        "Exponential": Exponential,
        "Flatten": Flatten,
        "FocalLoss": FocalLoss,
        "GELU": GELU,
        "GRU": GRU,
        "GaussianKLLoss": GaussianKLLoss,
        "GroupNorm": GroupNorm,
        "HDF5Data": HDF5Data,
        "HDF5Output": HDF5Output,
        "Hardswish": Hardswish,
        "HingeLoss": HingeLoss,
        "HuberLoss": HuberLoss,
        "Identity": Identity,
        "Im2col": Im2col,
        "Index2Onehot": Index2Onehot,
        "InfogainLoss": InfogainLoss,
        "InnerProduct": InnerProduct,
        "Input": Input,
        "InstanceNorm": InstanceNorm,
        "Interp": Interp,
        "JoinSamples": JoinSamples,
        "L1Loss": L1Loss,
        "LRN": LRN,
        "LReLU": LReLU,
        "LSTM": LSTM,
        "LabelErrorRate": LabelErrorRate,
        "LayerNorm": LayerNorm,
        "Log": Log,
        "MVN": MVN,
        "MeanIoU": MeanIoU,
        "MemoryData": MemoryData,
        "MemoryOutput": MemoryOutput,
        "Mish": Mish,
        "MultiHeadAttention": MultiHeadAttention,
        "MultinomialLogisticLoss": MultinomialLogisticLoss,
        "Normalize": Normalize,
        "PReLU": PReLU,
        "Pad": Pad,
        "Parameter": Parameter,
        "PartSamples": PartSamples,
        "Permute": Permute,
        "Pooling": Pooling,
        "Pooling1D": Pooling1D,
        "Pooling3D": Pooling3D,
        "PoolingMask": PoolingMask,
        "PositionEmbedding": PositionEmbedding,
        "Power": Power,
        "RBF": RBF,
        "RBFLoss": RBFLoss,
        "RNN": RNN,
        "RandomMask": RandomMask,
        "RandomNormal": RandomNormal,
        "ReLU": ReLU,
        "Reduction": Reduction,
        "ResetFirstGRU": ResetFirstGRU,
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
        "Softplus": Softplus,
        "Split": Split,
        "SquareLoss": SquareLoss,
        "StopGradient": StopGradient,
        "SumLoss": SumLoss,
        "Swish": Swish,
        "TakeSamples": TakeSamples,
        "Tanh": Tanh,
        "TextData": TextData,
        "Threshold": Threshold,
        "TiedInnerProduct": TiedInnerProduct,
        "Tile": Tile,
        "Unpool": Unpool,
        "Upsample": Upsample,
        "WassersteinLoss": WassersteinLoss,
        "Within": Within,
    }
)

__all__ = ["LAYER_TYPES", *LAYER_TYPES]  # noqa: PLE0604  # the table is the one list of names


def __dir__() -> list[str]:
    return sorted(__all__)
