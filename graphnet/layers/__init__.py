"""The layer types: the one table from a YAML ``type`` to its spec.

A type's module is imported when the type is first asked for: a net pays for the layers it has.
"""

from typing import TYPE_CHECKING, Any

from graphnet.layers.base import LayerSpec
from graphnet.on_demand import OnDemand

if TYPE_CHECKING:
    from graphnet.layers.attention.multi_head_attention import (
        MultiHeadAttention as MultiHeadAttention,
    )
    from graphnet.layers.attention.position_embedding import PositionEmbedding as PositionEmbedding
    from graphnet.layers.channelwise.batch_norm import BatchNorm as BatchNorm
    from graphnet.layers.channelwise.bias import Bias as Bias
    from graphnet.layers.channelwise.group_norm import GroupNorm as GroupNorm
    from graphnet.layers.channelwise.instance_norm import InstanceNorm as InstanceNorm
    from graphnet.layers.channelwise.layer_norm import LayerNorm as LayerNorm
    from graphnet.layers.channelwise.mvn import MVN as MVN
    from graphnet.layers.channelwise.normalize import Normalize as Normalize
    from graphnet.layers.channelwise.prelu import PReLU as PReLU
    from graphnet.layers.channelwise.scale import Scale as Scale
    from graphnet.layers.data.async_hdf5_data import AsyncHDF5Data as AsyncHDF5Data
    from graphnet.layers.data.hdf5_data import HDF5Data as HDF5Data
    from graphnet.layers.data.input import Input as Input
    from graphnet.layers.data.memory_data import MemoryData as MemoryData
    from graphnet.layers.data.random_normal import RandomNormal as RandomNormal
    from graphnet.layers.data.text_data import TextData as TextData
    from graphnet.layers.dense.embed import Embed as Embed
    from graphnet.layers.dense.inner_product import InnerProduct as InnerProduct
    from graphnet.layers.dense.parameter import Parameter as Parameter
    from graphnet.layers.dense.rbf import RBF as RBF
    from graphnet.layers.dense.tied_inner_product import TiedInnerProduct as TiedInnerProduct
    from graphnet.layers.elementwise.abs_val import AbsVal as AbsVal
    from graphnet.layers.elementwise.argmax import Argmax as Argmax
    from graphnet.layers.elementwise.clip import Clip as Clip
    from graphnet.layers.elementwise.ctc_decoder import CTCDecoder as CTCDecoder
    from graphnet.layers.elementwise.dropout import Dropout as Dropout
    from graphnet.layers.elementwise.element_wise import ElementWise as ElementWise
    from graphnet.layers.elementwise.index2onehot import Index2Onehot as Index2Onehot
    from graphnet.layers.elementwise.power import Power as Power
    from graphnet.layers.elementwise.random_mask import RandomMask as RandomMask
    from graphnet.layers.elementwise.reduction import Reduction as Reduction
    from graphnet.layers.elementwise.softmax import Softmax as Softmax
    from graphnet.layers.elementwise.threshold import Threshold as Threshold
    from graphnet.layers.images.adaptive_pooling import AdaptivePooling as AdaptivePooling
    from graphnet.layers.images.channel_pooling import ChannelPooling as ChannelPooling
    from graphnet.layers.images.convolution import Convolution as Convolution
    from graphnet.layers.images.convolution1d import Convolution1D as Convolution1D
    from graphnet.layers.images.convolution3d import Convolution3D as Convolution3D
    from graphnet.layers.images.crop import Crop as Crop
    from graphnet.layers.images.deconvolution import Deconvolution as Deconvolution
    from graphnet.layers.images.im2col import Im2col as Im2col
    from graphnet.layers.images.interp import Interp as Interp
    from graphnet.layers.images.lrn import LRN as LRN
    from graphnet.layers.images.pad import Pad as Pad
    from graphnet.layers.images.pixel_shuffle import PixelShuffle as PixelShuffle
    from graphnet.layers.images.pixel_unshuffle import PixelUnshuffle as PixelUnshuffle
    from graphnet.layers.images.pooling import Pooling as Pooling
    from graphnet.layers.images.pooling1d import Pooling1D as Pooling1D
    from graphnet.layers.images.pooling3d import Pooling3D as Pooling3D
    from graphnet.layers.images.pooling_mask import PoolingMask as PoolingMask
    from graphnet.layers.images.spp import SPP as SPP
    from graphnet.layers.images.stochastic_pooling import StochasticPooling as StochasticPooling
    from graphnet.layers.images.unpool import Unpool as Unpool
    from graphnet.layers.images.upsample import Upsample as Upsample
    from graphnet.layers.losses.binary_cross_entropy_loss import (
        BinaryCrossEntropyLoss as BinaryCrossEntropyLoss,
    )
    from graphnet.layers.losses.contrastive_loss import ContrastiveLoss as ContrastiveLoss
    from graphnet.layers.losses.ctc_loss import CTCLoss as CTCLoss
    from graphnet.layers.losses.focal_loss import FocalLoss as FocalLoss
    from graphnet.layers.losses.gaussian_kl_loss import GaussianKLLoss as GaussianKLLoss
    from graphnet.layers.losses.hinge_loss import HingeLoss as HingeLoss
    from graphnet.layers.losses.huber_loss import HuberLoss as HuberLoss
    from graphnet.layers.losses.infogain_loss import InfogainLoss as InfogainLoss
    from graphnet.layers.losses.l1_loss import L1Loss as L1Loss
    from graphnet.layers.losses.multinomial_logistic_loss import (
        MultinomialLogisticLoss as MultinomialLogisticLoss,
    )
    from graphnet.layers.losses.rbf_loss import RBFLoss as RBFLoss
    from graphnet.layers.losses.sigmoid_cross_entropy_loss import (
        SigmoidCrossEntropyLoss as SigmoidCrossEntropyLoss,
    )
    from graphnet.layers.losses.softlabel_softmax_loss import (
        SoftlabelSoftmaxLoss as SoftlabelSoftmaxLoss,
    )
    from graphnet.layers.losses.softmax_loss import SoftmaxLoss as SoftmaxLoss
    from graphnet.layers.losses.square_loss import SquareLoss as SquareLoss
    from graphnet.layers.losses.sum_loss import SumLoss as SumLoss
    from graphnet.layers.losses.wasserstein_loss import WassersteinLoss as WassersteinLoss
    from graphnet.layers.neurons.bnll import BNLL as BNLL
    from graphnet.layers.neurons.elu import ELU as ELU
    from graphnet.layers.neurons.exp import Exp as Exp
    from graphnet.layers.neurons.exponential import Exponential as Exponential
    from graphnet.layers.neurons.gelu import GELU as GELU
    from graphnet.layers.neurons.hardswish import Hardswish as Hardswish
    from graphnet.layers.neurons.identity import Identity as Identity
    from graphnet.layers.neurons.log import Log as Log
    from graphnet.layers.neurons.lrelu import LReLU as LReLU
    from graphnet.layers.neurons.mish import Mish as Mish
    from graphnet.layers.neurons.relu import ReLU as ReLU
    from graphnet.layers.neurons.sigmoid import Sigmoid as Sigmoid
    from graphnet.layers.neurons.softplus import Softplus as Softplus
    from graphnet.layers.neurons.swish import Swish as Swish
    from graphnet.layers.neurons.tanh import Tanh as Tanh
    from graphnet.layers.outputs.hdf5_output import HDF5Output as HDF5Output
    from graphnet.layers.outputs.memory_output import MemoryOutput as MemoryOutput
    from graphnet.layers.outputs.silence import Silence as Silence
    from graphnet.layers.recurrent.gru import GRU as GRU
    from graphnet.layers.recurrent.lstm import LSTM as LSTM
    from graphnet.layers.recurrent.reset_first_gru import ResetFirstGRU as ResetFirstGRU
    from graphnet.layers.recurrent.rnn import RNN as RNN
    from graphnet.layers.shape.concat import Concat as Concat
    from graphnet.layers.shape.flatten import Flatten as Flatten
    from graphnet.layers.shape.join_samples import JoinSamples as JoinSamples
    from graphnet.layers.shape.part_samples import PartSamples as PartSamples
    from graphnet.layers.shape.permute import Permute as Permute
    from graphnet.layers.shape.reshape import Reshape as Reshape
    from graphnet.layers.shape.slice import Slice as Slice
    from graphnet.layers.shape.split import Split as Split
    from graphnet.layers.shape.stop_gradient import StopGradient as StopGradient
    from graphnet.layers.shape.take_samples import TakeSamples as TakeSamples
    from graphnet.layers.shape.tile import Tile as Tile
    from graphnet.layers.statistics.accuracy import Accuracy as Accuracy
    from graphnet.layers.statistics.binary_accuracy import BinaryAccuracy as BinaryAccuracy
    from graphnet.layers.statistics.label_error_rate import LabelErrorRate as LabelErrorRate
    from graphnet.layers.statistics.mean_iou import MeanIoU as MeanIoU
    from graphnet.layers.statistics.within import Within as Within

#: The type's module, seen from this package.
LAYER_TYPES = OnDemand[type[LayerSpec]](
    __name__,
    {
        "AbsVal": "elementwise.abs_val",
        "Accuracy": "statistics.accuracy",
        "AdaptivePooling": "images.adaptive_pooling",
        "Argmax": "elementwise.argmax",
        "AsyncHDF5Data": "data.async_hdf5_data",
        "BNLL": "neurons.bnll",
        "BatchNorm": "channelwise.batch_norm",
        "Bias": "channelwise.bias",
        "BinaryAccuracy": "statistics.binary_accuracy",
        "BinaryCrossEntropyLoss": "losses.binary_cross_entropy_loss",
        "CTCDecoder": "elementwise.ctc_decoder",
        "CTCLoss": "losses.ctc_loss",
        "ChannelPooling": "images.channel_pooling",
        "Clip": "elementwise.clip",
        "Concat": "shape.concat",
        "ContrastiveLoss": "losses.contrastive_loss",
        "Convolution": "images.convolution",
        "Convolution1D": "images.convolution1d",
        "Convolution3D": "images.convolution3d",
        "Crop": "images.crop",
        "Deconvolution": "images.deconvolution",
        "Dropout": "elementwise.dropout",
        "ELU": "neurons.elu",
        "ElementWise": "elementwise.element_wise",
        "Embed": "dense.embed",
        "Exp": "neurons.exp",
        "Exponential": "neurons.exponential",
        "Flatten": "shape.flatten",
        "FocalLoss": "losses.focal_loss",
        "GELU": "neurons.gelu",
        "GRU": "recurrent.gru",
        "GaussianKLLoss": "losses.gaussian_kl_loss",
        "GroupNorm": "channelwise.group_norm",
        "HDF5Data": "data.hdf5_data",
        "HDF5Output": "outputs.hdf5_output",
        "Hardswish": "neurons.hardswish",
        "HingeLoss": "losses.hinge_loss",
        "HuberLoss": "losses.huber_loss",
        "Identity": "neurons.identity",
        "Im2col": "images.im2col",
        "Index2Onehot": "elementwise.index2onehot",
        "InfogainLoss": "losses.infogain_loss",
        "InnerProduct": "dense.inner_product",
        "Input": "data.input",
        "InstanceNorm": "channelwise.instance_norm",
        "Interp": "images.interp",
        "JoinSamples": "shape.join_samples",
        "L1Loss": "losses.l1_loss",
        "LRN": "images.lrn",
        "LReLU": "neurons.lrelu",
        "LSTM": "recurrent.lstm",
        "LabelErrorRate": "statistics.label_error_rate",
        "LayerNorm": "channelwise.layer_norm",
        "Log": "neurons.log",
        "MVN": "channelwise.mvn",
        "MeanIoU": "statistics.mean_iou",
        "MemoryData": "data.memory_data",
        "MemoryOutput": "outputs.memory_output",
        "Mish": "neurons.mish",
        "MultiHeadAttention": "attention.multi_head_attention",
        "MultinomialLogisticLoss": "losses.multinomial_logistic_loss",
        "Normalize": "channelwise.normalize",
        "PReLU": "channelwise.prelu",
        "Pad": "images.pad",
        "Parameter": "dense.parameter",
        "PartSamples": "shape.part_samples",
        "Permute": "shape.permute",
        "PixelShuffle": "images.pixel_shuffle",
        "PixelUnshuffle": "images.pixel_unshuffle",
        "Pooling": "images.pooling",
        "Pooling1D": "images.pooling1d",
        "Pooling3D": "images.pooling3d",
        "PoolingMask": "images.pooling_mask",
        "PositionEmbedding": "attention.position_embedding",
        "Power": "elementwise.power",
        "RBF": "dense.rbf",
        "RBFLoss": "losses.rbf_loss",
        "RNN": "recurrent.rnn",
        "RandomMask": "elementwise.random_mask",
        "RandomNormal": "data.random_normal",
        "ReLU": "neurons.relu",
        "Reduction": "elementwise.reduction",
        "ResetFirstGRU": "recurrent.reset_first_gru",
        "Reshape": "shape.reshape",
        "SPP": "images.spp",
        "Scale": "channelwise.scale",
        "Sigmoid": "neurons.sigmoid",
        "SigmoidCrossEntropyLoss": "losses.sigmoid_cross_entropy_loss",
        "Silence": "outputs.silence",
        "Slice": "shape.slice",
        "SoftlabelSoftmaxLoss": "losses.softlabel_softmax_loss",
        "Softmax": "elementwise.softmax",
        "SoftmaxLoss": "losses.softmax_loss",
        "Softplus": "neurons.softplus",
        "Split": "shape.split",
        "SquareLoss": "losses.square_loss",
        "StochasticPooling": "images.stochastic_pooling",
        "StopGradient": "shape.stop_gradient",
        "SumLoss": "losses.sum_loss",
        "Swish": "neurons.swish",
        "TakeSamples": "shape.take_samples",
        "Tanh": "neurons.tanh",
        "TextData": "data.text_data",
        "Threshold": "elementwise.threshold",
        "TiedInnerProduct": "dense.tied_inner_product",
        "Tile": "shape.tile",
        "Unpool": "images.unpool",
        "Upsample": "images.upsample",
        "WassersteinLoss": "losses.wasserstein_loss",
        "Within": "statistics.within",
    },
)

__all__ = ["LAYER_TYPES", *LAYER_TYPES]  # noqa: PLE0604  # the table is the one list of names


def is_in_table(spec: LayerSpec) -> bool:
    """Whether its class is a type of the table, and none of the user's own."""
    return LAYER_TYPES.get(spec.type) is type(spec)


def __getattr__(name: str) -> Any:
    return LAYER_TYPES.attribute(name)


def __dir__() -> list[str]:
    return sorted(__all__)
