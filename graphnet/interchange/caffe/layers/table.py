"""Caffe's types of layers: what each takes and gives, and what translates it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType

from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers import (
    data,
    elementwise,
    images,
    losses,
    pooling,
    recurrent,
    shapes,
)
from graphnet.interchange.caffe.layers.reading import Made, Reader, Translator


@dataclass(frozen=True)
class LayerType:
    """A type of Caffe's.

    Attributes:
        bottoms: The fewest and the most it takes.
        tops: The fewest and the most it gives.
        translate: What translates it; the reason why nothing does.
        in_place: Whether graphnet's may run in place, too.
        is_loss: Whether its tops are numbers that graphnet reports.
        learns: Whether it has params.
    """

    bottoms: tuple[float, float]
    tops: tuple[float, float]
    translate: Translator | str
    in_place: Callable[[Message], bool] | bool = False
    is_loss: bool = False
    learns: bool = False

    def runs_in_place(self, layer: Message) -> bool:
        """Whether this layer may run in place in graphnet."""
        return self.in_place(layer) if callable(self.in_place) else self.in_place


def _plain(kind: str) -> Translator:
    def translate(r: Reader) -> Made:
        return r.only(kind)

    return translate


_ONE, _TWO, _NONE, _MANY = (1, 1), (2, 2), (0, 0), (1, inf)
_FILTER = (
    "how many samples it gives depends on their values, and graphnet's blobs have a fixed size"
    "\n  where only a loss reads it, give its selector to the loss: a further bottom is its weights"
)


def _neuron(translate: Translator, in_place: Callable[[Message], bool] | bool = True) -> LayerType:
    return LayerType(_ONE, _ONE, translate, in_place)


def _loss(translate: Translator | str, least: int = 2, most: int = 2, tops: int = 1) -> LayerType:
    return LayerType((least, most), (0, tops), translate, is_loss=True)


_TYPES = {
    "AbsVal": LayerType(_ONE, _ONE, _plain("AbsVal")),
    "Accuracy": LayerType(_TWO, (1, 2), losses.accuracy, is_loss=True),
    "ArgMax": LayerType(_ONE, _ONE, shapes.argmax),
    "BNLL": _neuron(_plain("BNLL")),
    "BatchNorm": LayerType(_ONE, _ONE, elementwise.batch_norm),
    "BatchReindex": LayerType(_TWO, _ONE, shapes.batch_reindex),
    "Bias": LayerType((1, 2), _ONE, elementwise.bias, learns=True),
    "Clip": LayerType(_ONE, _ONE, elementwise.clip),
    "Concat": LayerType(_MANY, _ONE, shapes.concat),
    "ContrastiveLoss": _loss(losses.contrastive_loss, 3, 3),
    "Convolution": LayerType(_MANY, _MANY, images.convolution, learns=True),
    "Crop": LayerType(_TWO, _ONE, images.crop),
    "ConvolutionDepthwise": LayerType(_ONE, _ONE, images.depthwise, learns=True),
    "Data": LayerType(_NONE, (1, 2), data.database),
    "Deconvolution": LayerType(_MANY, _MANY, images.deconvolution, learns=True),
    "DepthwiseConvolution": LayerType(_ONE, _ONE, images.depthwise, learns=True),
    "Dropout": _neuron(elementwise.dropout),
    "DummyData": LayerType(_NONE, _MANY, data.dummy_data),
    "ELU": _neuron(elementwise.elu),
    "Eltwise": LayerType((2, inf), _ONE, elementwise.eltwise),
    "Embed": LayerType(_ONE, _ONE, shapes.embed, learns=True),
    "EuclideanLoss": _loss(losses.euclidean_loss),
    "Exp": _neuron(elementwise.exp),
    "Filter": LayerType((2, inf), _MANY, _FILTER),
    "Flatten": LayerType(_ONE, _ONE, shapes.flatten),
    "HDF5Data": LayerType(_NONE, _MANY, data.hdf5_data),
    "HDF5Output": LayerType(_TWO, _NONE, data.hdf5_output),
    "HingeLoss": _loss(losses.hinge_loss),
    "Im2col": LayerType(_MANY, _MANY, images.im2col),
    "ImageData": LayerType(_NONE, _TWO, data.image_data),
    "InfogainLoss": _loss(losses.infogain_loss, 2, 3, 2),
    "InnerProduct": LayerType(_ONE, _ONE, shapes.inner_product, learns=True),
    "Input": LayerType(_NONE, _MANY, data.input_layer),
    "Interp": LayerType(_ONE, _ONE, images.interp),
    "LRN": LayerType(_ONE, _ONE, images.lrn),
    "LSTM": LayerType((2, 5), (1, 3), recurrent.lstm, learns=True),
    "LSTMUnit": LayerType((3, 3), _TWO, recurrent.lstm_unit),
    "Log": _neuron(elementwise.log),
    "MVN": LayerType(_ONE, _ONE, elementwise.mvn),
    "MemoryData": LayerType(_NONE, _TWO, data.memory_data),
    "MultinomialLogisticLoss": _loss(losses.multinomial_loss),
    "Normalize": LayerType(_ONE, _ONE, elementwise.normalize, learns=True),
    "PReLU": LayerType(_ONE, _ONE, elementwise.prelu, learns=True),
    "Parameter": LayerType(_NONE, _ONE, shapes.parameter, learns=True),
    "Permute": LayerType(_ONE, _ONE, shapes.permute),
    "Pooling": LayerType(_ONE, (1, 2), pooling.pooling),
    "Power": LayerType(_ONE, _ONE, elementwise.power),
    "Python": LayerType(
        (0, inf),
        (0, inf),
        "is a class of its author's, which no file describes\n  write it as a layer of graphnet",
    ),
    "RNN": LayerType((2, 4), (1, 2), recurrent.rnn, learns=True),
    "ReLU": _neuron(elementwise.relu, elementwise.relu_in_place),
    "Reduction": LayerType(_ONE, _ONE, shapes.reduction),
    "Reshape": LayerType(_ONE, _ONE, shapes.reshape),
    "SPP": LayerType(_ONE, _ONE, pooling.spp),
    "Scale": LayerType((1, 2), _ONE, elementwise.scale, learns=True),
    "ShuffleChannel": LayerType(_ONE, _ONE, shapes.shuffle_channel),
    "Sigmoid": _neuron(_plain("Sigmoid")),
    "SigmoidCrossEntropyLoss": _loss(losses.sigmoid_loss),
    "Silence": LayerType(_MANY, _NONE, shapes.silence),
    "Slice": LayerType(_ONE, _MANY, shapes.slices),
    "Softmax": LayerType(_ONE, _ONE, shapes.softmax),
    "SoftmaxWithLoss": _loss(losses.softmax_loss, tops=2),
    "Split": LayerType(_ONE, _MANY, shapes.split),
    "Swish": LayerType(_ONE, _ONE, elementwise.swish),
    "TanH": _neuron(_plain("Tanh")),
    "Threshold": LayerType(_ONE, _ONE, elementwise.threshold),
    "Tile": LayerType(_ONE, _ONE, shapes.tile),
    "Upsample": LayerType((1, 2), _ONE, images.upsample),
    "WindowData": LayerType(_NONE, _TWO, "graphnet has no reader of windows of pictures"),
}

#: All types that Caffe has, and some of its forks.
LAYER_TYPES: Mapping[str, LayerType] = MappingProxyType(_TYPES)
