"""Random nets of all kinds of layers, for what must hold of any net whatever."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.blob import Shape
from graphnet.errors import GraphnetError
from graphnet.layers import LAYER_TYPES
from graphnet.layers.base import LayerSpec

#: What is put upon any blob: a type and its properties.
ANYWHERE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ReLU", {}),
    ("LReLU", {}),
    ("Sigmoid", {}),
    ("Tanh", {}),
    ("Identity", {}),
    ("ELU", {}),
    ("BNLL", {}),
    ("Dropout", {"ratio": 0.3}),
    ("RandomMask", {"ratio": 0.3}),
    ("Identity", {}),
    ("AbsVal", {}),
    ("Clip", {"min": -1.0, "max": 1.0}),
    ("Swish", {}),
    ("GELU", {}),
    ("Mish", {}),
    ("Hardswish", {}),
    ("Softplus", {"beta": 2}),
    ("Power", {"scale": 0.5, "shift": 0.1}),
    ("Power", {"power": 2}),
    ("Exp", {"scale": 0.1}),
    ("Threshold", {}),
    ("Argmax", {}),
    ("Scale", {"bias": True}),
    ("Bias", {}),
    ("PReLU", {}),
    ("Softmax", {}),
    ("MVN", {}),
    ("BatchNorm", {}),
    ("BatchNorm", {"use_global_stats": True}),
    ("LayerNorm", {}),
    ("GroupNorm", {"n_group": 2}),
    ("InstanceNorm", {"affine": False}),
    ("Flatten", {}),
    ("Flatten", {}),
    ("Reshape", {"shape": [-1, 2]}),
    ("Reshape", {"shape": [2, -1]}),
    ("Tile", {"tiles": 2}),
    ("Permute", {"axes": [3, 1, 2]}),
    ("Normalize", {}),
    ("StopGradient", {}),
    ("Reduction", {"operation": "SquareSum"}),
    ("Slice", {}),
    ("Split", {}),
    ("InnerProduct", {"output_dim": 6}),
    ("InnerProduct", {"output_dim": 4, "neuron": "Tanh"}),
    ("RBF", {"output_dim": 4}),
    ("LSTM", {"output_dim": 4}),
    ("GRU", {"output_dim": 2}),
    ("ResetFirstGRU", {"output_dim": 2}),
    ("RNN", {"output_dim": 4, "stateful": True}),
    ("LRN", {}),
    ("Pooling", {"kernel": 2, "stride": 2}),
    ("Pooling", {"kernel": 2, "stride": 1, "pooling": "Mean"}),
    ("ChannelPooling", {"kernel": 2, "stride": 1}),
    ("Convolution", {"n_filter": 4, "kernel": 2}),
    ("Convolution", {"n_filter": 4, "kernel": 3, "pad": 1, "neuron": "ReLU"}),
    ("Deconvolution", {"n_filter": 2, "kernel": 2}),
    ("Pad", {"pad": [1, 1]}),
    ("Crop", {"crop_size": [2, 2]}),
    ("SPP", {"pyramid_height": 2}),
    ("Upsample", {"scale": [1, 2]}),
    ("Upsample", {"size": [5, 3]}),
    ("PixelShuffle", {"scale": [1, 2]}),
    ("PixelUnshuffle", {"scale": 2, "order": "place"}),
    ("AdaptivePooling", {"size": [2, 3]}),
    ("AdaptivePooling", {"size": 3, "pooling": "Mean"}),
    ("Convolution1D", {"n_filter": 3, "kernel": 3, "pad": 1}),
    ("Convolution3D", {"n_filter": 2, "kernel": 2, "pad": [1, 0, 0]}),
    ("Interp", {"size": [3, 4]}),
    ("Pooling1D", {"kernel": 2, "pooling": "Mean"}),
    ("Pooling3D", {"kernel": 2, "pad": [1, 0, 0]}),
    ("Im2col", {"kernel": 2}),
    ("PositionEmbedding", {}),
    ("MultiHeadAttention", {"n_heads": 1}),
)
#: What joins two blobs of one shape.
JOINS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ElementWise", {"operation": "Add"}),
    ("ElementWise", {"operation": "Multiply"}),
    ("ElementWise", {"operation": "Max"}),
    ("Concat", {}),
    ("Scale", {}),
    ("Bias", {}),
)
#: What is made of labels.
OF_LABELS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Embed", {"input_dim": 3, "output_dim": 4}),
    ("Index2Onehot", {"n_class": 3}),
)
#: How a blob of scores ends: what makes of them what the loss takes, and what that is
#: compared with.
ENDINGS: tuple[tuple[str, dict[str, Any], tuple[str, ...], str], ...] = (
    ("SoftmaxLoss", {}, (), "label"),
    ("MultinomialLogisticLoss", {}, ("Softmax",), "label"),
    ("RBFLoss", {}, (), "label"),
    ("InfogainLoss", {"H": [[1, 0.2, 0], [0.2, 1, 0], [0, 0, 3]]}, (), "label"),
    ("FocalLoss", {}, (), "label"),
    ("Accuracy", {}, (), "label"),
    ("MeanIoU", {}, (), "label"),
    ("SoftlabelSoftmaxLoss", {}, (), "one-hot"),
    (
        "WassersteinLoss",
        {"M": [[0, 1, 1], [1, 0, 1], [1, 1, 0]], "lambda": 5},
        ("Softmax",),
        "one-hot",
    ),
    ("SquareLoss", {}, (), "one-hot"),
    ("HuberLoss", {}, (), "one-hot"),
    ("L1Loss", {}, (), "one-hot"),
    ("HingeLoss", {}, ("Reduction",), "label"),
    ("SigmoidCrossEntropyLoss", {}, ("Reduction",), "label"),
    ("BinaryCrossEntropyLoss", {}, ("Reduction", "Sigmoid"), "label"),
    ("BinaryAccuracy", {}, ("Reduction",), "label"),
    ("Within", {"tolerance": 0.5}, ("Reduction",), "label"),
    ("GaussianKLLoss", {}, ("Exponential",), "itself"),
    ("SumLoss", {}, (), "nothing"),
    ("ContrastiveLoss", {}, (), "another"),
)
BATCH, CLASSES, MOST_ELEMENTS = 4, 3, 2000


class RandomNet:
    """A net drawn from a seed.

    Attributes:
        layers: Its specs.
        blobs: The names of all blobs, the last version of each.

    Args:
        seed: Of the draw.
        n_layers: How many layers are tried between the data and the losses.
    """

    def __init__(self, seed: int, n_layers: int = 12) -> None:
        self._rng = np.random.default_rng(seed)
        side = int(self._rng.integers(4, 6))
        shapes: dict[str, Shape] = {
            "x": (2, side, side),
            "flat": (8,),
            "clip": (1, 2, 3, 3),
            "label": (),
        }
        data = LAYER_TYPES["Input"](
            name="in", batch_size=BATCH, shapes=shapes, tops=tuple(shapes), type="Input"
        )
        self.layers: list[LayerSpec] = [data]
        self._shapes = {name: (BATCH, *shape) for name, shape in shapes.items()}
        self._unread = {"x", "flat", "clip"}
        for name in ("x", "flat", "clip"):  # so that what follows has a gradient to send
            if self._rng.random() < 0.8:
                self._add("Bias", {}, [name])
        for _ in range(n_layers):
            self._grow()
        for name in sorted(self._unread):
            self._end(name)

    def _pick(self, options: Any) -> Any:
        return options[int(self._rng.integers(len(options)))]

    def _grow(self) -> None:
        """One more layer, if the one drawn fits."""
        known = [name for name in self._shapes if name != "label"]
        # what was made last is read more often: chains as well as fans
        bottom = known[-1] if self._rng.random() < 0.6 else self._pick(known)
        if self._rng.random() < 0.05:
            self._add(*self._pick(OF_LABELS), ["label"])
        elif self._rng.random() < 0.2:
            alike = [n for n in known if self._shapes[n] == self._shapes[bottom] and n != bottom]
            if alike:
                self._add(*self._pick(JOINS), [bottom, self._pick(alike)])
        else:
            self._add(*self._pick(ANYWHERE), [bottom])

    def _add(
        self,
        kind: str,
        properties: dict[str, Any],
        bottoms: list[str],
        *,
        replaces: bool | None = None,
    ) -> str:
        """A layer upon these blobs, where it fits them; its first top."""
        cls = LAYER_TYPES[kind]
        n_tops = 2 if kind in ("Slice", "Split") else 1
        if replaces is None:
            replaces = cls.in_place and self._rng.random() < 0.5
        number = len(self.layers)
        tops = bottoms if replaces else [f"b{number}{'abc'[i]}" for i in range(n_tops)]
        spec = cls.model_validate(
            {"name": f"l{number}", "bottoms": bottoms, "tops": tops, **properties}
        )
        try:
            shapes = spec.top_shapes([self._shapes[b] for b in bottoms])
            spec.param_decls([self._shapes[b] for b in bottoms])
        except GraphnetError:
            return ""
        if max(map(np.prod, shapes)) > MOST_ELEMENTS:
            return ""
        self.layers.append(spec)
        self._unread -= set(bottoms)
        for top, shape in zip(tops, shapes, strict=True):
            self._shapes[top] = shape
            self._unread.add(top)
        return tops[0]

    def _end(self, blob: str) -> None:
        """A loss or a statistic upon a blob, or none at all."""
        if self._rng.random() < 0.2:
            return
        kind, properties, between, other = self._pick(ENDINGS)
        scores = made = self._add("InnerProduct", {"output_dim": CLASSES}, [blob])
        for layer in between:
            made = self._add(layer, {}, [made], replaces=False)
        number = len(self.layers)
        bottoms = {
            "label": lambda: [made, "label"],
            "one-hot": lambda: [made, self._add("Index2Onehot", {"n_class": CLASSES}, ["label"])],
            "itself": lambda: [scores, made],
            "nothing": lambda: [made],
            "another": lambda: [made, self._add("Tanh", {}, [made], replaces=False), "label"],
        }[other]()
        self.layers.append(
            LAYER_TYPES[kind].model_validate(
                {"name": f"end{number}", "bottoms": bottoms, **properties}
            )
        )
        self._unread -= set(bottoms)


def fill(net: Any, seed: int = 0) -> None:
    """Write fixed values to the tops of its Input layers."""
    rng = np.random.default_rng(seed)
    for layer in net.data_layers:
        for top in layer.tops:
            values = rng.standard_normal(top.shape)
            if top.name == "label":
                values = np.arange(len(values)) % 2
            net.backend.upload(np.asarray(values, top.data.dtype), top.data)
