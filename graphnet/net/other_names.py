"""What Mocha, Caffe and other frameworks call a layer, and what it is here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graphnet.errors import did_you_mean

#: Their name, and graphnet's for the same layer. Names that differ only in capitals,
#: underscores or a ``Layer`` at the end, such as Caffe's old ``INNER_PRODUCT``, are found anyway.
OTHER_NAMES: Mapping[str, str] = {
    # Caffe
    "ArgMax": "Argmax",
    "BatchReindex": "TakeSamples",
    "Conv": "Convolution",
    "Data": "HDF5Data",
    "DummyData": "MemoryData",
    "Eltwise": "ElementWise",
    "EuclideanLoss": "SquareLoss",
    "LSTMUnit": "LSTM",
    "Padding": "Pad",
    "Pool": "Pooling",
    "SoftmaxWithLoss": "SoftmaxLoss",
    "TanH": "Tanh",
    # others
    "AdaptiveAvgPool2d": "AdaptivePooling",
    "AdaptiveMaxPool2d": "AdaptivePooling",
    "AveragePooling": "Pooling",
    "AvgPool1d": "Pooling1D",
    "AvgPool2d": "Pooling",
    "AvgPool3d": "Pooling3D",
    "BCELoss": "BinaryCrossEntropyLoss",
    "BCEWithLogitsLoss": "SigmoidCrossEntropyLoss",
    "BN": "BatchNorm",
    "BatchNorm2d": "BatchNorm",
    "BatchNormalization": "BatchNorm",
    "Conv1d": "Convolution1D",
    "Conv2D": "Convolution",
    "Conv2DTranspose": "Deconvolution",
    "Conv3d": "Convolution3D",
    "ConvTranspose2d": "Deconvolution",
    "CrossEntropyLoss": "SoftmaxLoss",
    "Dense": "InnerProduct",
    "DepthToSpace": "PixelShuffle",
    "Embedding": "Embed",
    "FullyConnected": "InnerProduct",
    "GroupNormalization": "GroupNorm",
    "InstanceNorm2d": "InstanceNorm",
    "InstanceNormalization": "InstanceNorm",
    "LayerNormalization": "LayerNorm",
    "LeakyReLU": "LReLU",
    "Linear": "InnerProduct",
    "LocalResponseNorm": "LRN",
    "MSELoss": "SquareLoss",
    "MaxPool": "Pooling",
    "MaxPool1d": "Pooling1D",
    "MaxPool2d": "Pooling",
    "MaxPool3d": "Pooling3D",
    "NLLLoss": "MultinomialLogisticLoss",
    "Resizing": "Interp",
    "SiLU": "Swish",
    "SmoothL1Loss": "HuberLoss",
    "SoftmaxCrossEntropyLoss": "SoftmaxLoss",
    "SpaceToDepth": "PixelUnshuffle",
    "UpSampling2D": "Upsample",
    "UpsamplingBilinear2d": "Interp",
    "UpsamplingNearest2d": "Upsample",
}

_PACK = "pack the images into HDF5 once, with: graphnet data pack; and read them with HDF5Data"
_SIZES = (
    "write type: Interp for bilinear, type: Upsample for nearest; both take a 'size' or a 'scale'"
)
_WHOLE = "write type: Pooling with global: true"
_ROWS = "rows are chosen in the data: by 'rows' of HDF5Data, or in its file"

#: Their layers that graphnet has no twin of, and what to do instead.
INSTEAD: Mapping[str, str] = {
    "Filter": _ROWS,
    "GlobalAveragePooling2D": f"{_WHOLE} and pooling: Mean",
    "GlobalAvgPool2d": f"{_WHOLE} and pooling: Mean",
    "GlobalMaxPooling2D": _WHOLE,
    "ImageData": _PACK,
    "Images": _PACK,
    "Interpolate": _SIZES,
    "Python": "name a layer class of your own by its dotted path, such as type: my_layers.Gate",
    "Resize": _SIZES,
    "WindowData": _PACK,
}


def hint_for(found: str, known: Iterable[str]) -> str:
    """A line on what to write instead of an unknown layer type (with its newline and indent).

    Args:
        found: The type that was written.
        known: All there are.

    Returns:
        Nothing where ``found`` is like none of them.
    """
    known = list(known)
    plain = _plain(found)
    ours = {_plain(name): name for name in known}
    theirs = {_plain(name): name for name in OTHER_NAMES}
    meant = ours.get(plain) or OTHER_NAMES.get(theirs.get(plain, ""))
    if meant in known:
        return f"\n  did you mean '{meant}'?"
    advice = {_plain(name): text for name, text in INSTEAD.items()}.get(plain)
    return f"\n  {advice}" if advice else did_you_mean(found, known)


def _plain(name: str) -> str:
    return name.replace("_", "").lower().removesuffix("layer")
