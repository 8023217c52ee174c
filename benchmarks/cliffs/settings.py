"""What the search for cliffs measures. Imports nothing, so that a peer's Python can read it too.

A *cliff* is a legal setting whose cost per element lies far above the layer's own best, or above
that of a peer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Setting:
    """A layer with its properties, and the shapes that it is given.

    Attributes:
        layer: As in a net file, without name and blobs.
        bottoms: Shapes of its bottoms.
        classes: The last bottom holds whole numbers below this; 0: like the others.
        n_tops: Of the layer.
    """

    layer: dict[str, Any]
    bottoms: tuple[Shape, ...]
    classes: int = 0
    n_tops: int = 1

    @property
    def type(self) -> str:
        """Of the layer."""
        return str(self.layer["type"])

    @property
    def size(self) -> int:
        """Elements of all bottoms."""
        return sum(map(prod, self.bottoms))

    def __str__(self) -> str:
        given = [f"{k}: {_plain(v)}" for k, v in self.layer.items() if k not in ("type", "H")]
        shapes = ["×".join(map(str, shape)) for shape in self.bottoms]
        if len(set(shapes)) == 1 < len(shapes):
            shapes = [f"{len(shapes)} of {shapes[0]}"]
        return " ".join((self.type, *given, "on", ", ".join(shapes)))


def _plain(value: Any) -> str:
    return str(value).replace("'", "")


#: From tiny to huge: planes of images, rows of features, sequences.
IMAGES: tuple[Shape, ...] = (
    (1, 3, 8, 8),
    (64, 16, 14, 14),
    (1, 64, 56, 56),
    (8, 64, 28, 28),
    (1, 512, 7, 7),
    (8, 512, 7, 7),
    (1, 3, 224, 224),
)
ROWS: tuple[Shape, ...] = ((1, 10), (64, 100), (1, 4096), (256, 1024), (20_000, 3))
SEQUENCES: tuple[Shape, ...] = ((1, 16, 8), (32, 64, 64), (1, 1000, 8), (4, 16, 512))
N_CLASSES = (2, 10, 1000)
#: Of several bottoms together, or of the scores of all classes.
MOST_ELEMENTS = 2**21

#: Properties of layers that take images, rows (and images), or sequences.
OF_IMAGES: tuple[dict[str, Any], ...] = (
    *({"type": "Convolution", "n_filter": 32, "kernel": k, "pad": k // 2} for k in (1, 3, 5)),
    {"type": "Convolution", "n_filter": 64, "kernel": 3, "pad": 1, "stride": 2},
    {"type": "Convolution", "n_filter": 1024, "kernel": 1},
    {"type": "Convolution", "n_filter": 16, "kernel": 3, "pad": 2, "dilation": 2},
    {"type": "Deconvolution", "n_filter": 16, "kernel": 4, "stride": 2, "pad": 1},
    *({"type": "Pooling", "kernel": k, "stride": 2} for k in (2, 3)),
    {"type": "Pooling", "kernel": 7, "stride": 1, "pad": 3},
    {"type": "Pooling", "pooling": "Mean", "kernel": 3, "stride": 2},
    *({"type": "Pooling", "pooling": how, "global": True} for how in ("Max", "Mean")),
    {"type": "LRN", "scale": 0.0001},
    {"type": "LRN", "scale": 0.0001, "mode": "WithinChannel"},
    {"type": "BatchNorm"},
    {"type": "Crop", "crop_size": [6, 6], "random_crop": True, "random_mirror": True},
    {"type": "Upsample", "scale": 2},
    {"type": "Interp", "scale": 2},
    {"type": "PixelUnshuffle", "scale": 2},
    *({"type": "AdaptivePooling", "size": 3, "pooling": how} for how in ("Max", "Mean")),
    {"type": "Permute", "axes": [2, 3, 1]},
    {"type": "MVN"},
    {"type": "Scale"},
    {"type": "PReLU"},
    {"type": "ChannelPooling", "kernel": 3, "stride": 3},
    {"type": "Bias"},
    {"type": "Normalize"},
    {"type": "Pad", "pad": 1},
    {"type": "PoolingMask", "kernel": 3, "stride": 2},
    {"type": "StochasticPooling", "kernel": 3, "stride": 2},
    {"type": "SPP", "pyramid_height": 3},
    {"type": "Tile", "axis": 1, "tiles": 3},
    {"type": "GroupNorm", "n_group": 1},
    {"type": "InstanceNorm"},
    {"type": "Im2col", "kernel": 3, "pad": 1},
)
OF_ROWS: tuple[dict[str, Any], ...] = (
    {"type": "InnerProduct", "output_dim": 10},
    {"type": "InnerProduct", "output_dim": 1000},
    *({"type": t} for t in ("ReLU", "LReLU", "Sigmoid", "Tanh", "ELU", "Swish", "BNLL")),
    *({"type": t} for t in ("AbsVal", "Exponential", "Softmax", "Dropout", "Concat")),
    *({"type": "Power", "power": p, "shift": 0.5} for p in (-2, 2, 3, 0.5)),
    {"type": "Reduction", "operation": "Sum"},
    {"type": "Argmax"},
    {"type": "Clip", "min": -1, "max": 1},
    {"type": "Exp", "base": 2, "scale": 0.5},
    {"type": "Log", "shift": 1},
    {"type": "Threshold", "threshold": 0.5},
    {"type": "RandomMask"},
    {"type": "RBF", "output_dim": 10},
    {"type": "SumLoss"},
    *({"type": t} for t in ("GELU", "Hardswish", "Mish", "Softplus", "LayerNorm")),
)
OF_SEQUENCES: tuple[dict[str, Any], ...] = (
    *({"type": kind, "output_dim": n} for kind in ("LSTM", "GRU", "RNN") for n in (8, 128)),
    {"type": "InnerProduct", "output_dim": 64, "axis": 2},
    {"type": "Softmax", "axis": 2},
    {"type": "ResetFirstGRU", "output_dim": 8},
    {"type": "LayerNorm", "axis": 2},
    {"type": "PositionEmbedding"},
    *({"type": "MultiHeadAttention", "n_heads": 4, "causal": causal} for causal in (False, True)),
    {"type": "Pooling1D", "kernel": 3, "stride": 2},
)
OF_SEVERAL: tuple[dict[str, Any], ...] = (
    *({"type": "ElementWise", "operation": how} for how in ("Add", "Multiply", "Max")),
    {"type": "Concat"},
)
#: Losses and measures: of logits and labels; of two bottoms alike; of values and what is 0 or 1.
OF_LABELS = (
    *("SoftmaxLoss", "MultinomialLogisticLoss", "Accuracy", "MeanIoU", "InfogainLoss", "FocalLoss"),
)
OF_PAIRS = (
    "SquareLoss",
    "SoftlabelSoftmaxLoss",
    "GaussianKLLoss",
    "HingeLoss",
    "HuberLoss",
    "L1Loss",
)
OF_BITS = ("SigmoidCrossEntropyLoss", "BinaryCrossEntropyLoss", "BinaryAccuracy")
#: What does no arithmetic (it reads, writes, or is another view of its bottom), or needs more than
#: bottoms: the params of another layer, a matrix of costs, sequences of labels.
NOT_MEASURED = frozenset(
    (*("AsyncHDF5Data", "HDF5Data", "Input", "MemoryData", "RandomNormal"),
     *("HDF5Output", "MemoryOutput", "Silence"),
     *("Flatten", "Identity", "Reshape", "Split", "StopGradient"),
     *("JoinSamples", "Parameter", "PartSamples", "TakeSamples", "TextData"),
     *("CTCDecoder", "CTCLoss", "LabelErrorRate"),
     *("TiedInnerProduct", "WassersteinLoss", "RBFLoss", "Unpool"))
)  # fmt: skip


@cache
def settings() -> tuple[Setting, ...]:
    """All that are measured, each once."""
    return tuple({str(setting): setting for setting in _settings()}.values())


def _settings() -> Iterator[Setting]:
    for shape in IMAGES:
        yield from _of_images(shape)
    yield from _single()
    for shape in ROWS:
        yield from _of_rows(shape)
        yield from _losses(shape)
    for shape in SEQUENCES:
        yield from _of_sequences(shape)


def _of_images(shape: Shape) -> Iterator[Setting]:
    for layer in OF_IMAGES:
        if layer["type"] != "Pooling" or layer.get("kernel", 0) <= shape[2]:
            yield Setting(layer, (shape,))
    channels = shape[1]
    depthwise = {"type": "Convolution", "n_filter": channels, "n_group": channels}
    for stride in (1, 2):
        yield Setting(depthwise | {"kernel": 3, "pad": 1, "stride": stride}, (shape,))


def _single() -> Iterator[Setting]:
    """Settings of which one shape says enough."""
    yield Setting({"type": "Pooling", "kernel": 15, "stride": 1, "pad": 7}, ((8, 16, 32, 32),))
    grouped = {"type": "Convolution", "n_filter": 64, "n_group": 8, "kernel": 3, "pad": 1}
    yield Setting(grouped, ((8, 64, 28, 28),))
    yield Setting({"type": "PixelShuffle", "scale": 2}, ((8, 64, 28, 28),))
    for n in (1, 8):
        for volume in (
            {"type": "Convolution3D", "n_filter": 8, "kernel": 3, "pad": 1},
            {"type": "Pooling3D", "kernel": 2, "stride": 2},
        ):
            yield Setting(volume, ((n, 4, 16, 16, 16),))
    for channels in (1024, 2048):
        for n in (1, 2):
            one = {"type": "Convolution", "n_filter": 1024, "kernel": 1}
            yield Setting(one, ((n, channels, 7, 7),))


def _of_rows(shape: Shape) -> Iterator[Setting]:
    for layer in OF_ROWS:
        yield Setting(layer, (shape,))
    yield Setting({"type": "Slice"}, ((shape[0], shape[1] * 2),), n_tops=2)
    yield Setting({"type": "Index2Onehot", "n_class": 10}, ((shape[0], 1),), 10)
    for layer in OF_SEVERAL:
        for n in (2, 32):
            if n * prod(shape) <= MOST_ELEMENTS:
                yield Setting(layer, (shape,) * n)


def _losses(shape: Shape) -> Iterator[Setting]:
    for n in N_CLASSES:
        if n * shape[0] > MOST_ELEMENTS:
            continue
        for kind in OF_LABELS:
            layer: dict[str, Any] = {"type": kind}
            if kind == "InfogainLoss":
                layer["H"] = [[float(i == j) for j in range(n)] for i in range(n)]
            yield Setting(layer, ((shape[0], n), shape[:1]), n)
    for kind in OF_PAIRS:
        yield Setting({"type": kind}, (shape, shape))
    for kind in OF_BITS:
        yield Setting({"type": kind}, (shape, shape), 2)
    yield Setting({"type": "Within", "tolerance": 0.5}, (shape, shape))
    yield Setting({"type": "ContrastiveLoss"}, (shape, shape, shape[:1]), 2)


def _of_sequences(shape: Shape) -> Iterator[Setting]:
    n, steps, features = shape
    for layer in OF_SEQUENCES:
        yield Setting(layer, (shape,))
    yield Setting({"type": "Embed", "input_dim": 100, "output_dim": 32}, ((n, steps),), 100)
    one = {"type": "Convolution1D", "n_filter": 32, "kernel": 3, "pad": 1}
    yield Setting(one, ((n, features, steps),))
