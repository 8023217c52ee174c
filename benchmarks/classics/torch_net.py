"""The well-known nets in PyTorch, made from graphnet's list of layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

Layer = Mapping[str, Any]
Arrays = Mapping[str, np.ndarray]


class LayersNet(nn.Module):
    """Modules by name, called in the order of the list; a blob is let go with its last reader.

    Args:
        layers: As graphnet writes them: ``type``, ``bottoms``, ``tops``, what is no default.
        arrays: Params by ``layer/param``.
    """

    def __init__(self, layers: Sequence[Layer], arrays: Arrays) -> None:
        super().__init__()
        made = [_MAKERS[layer["type"]](layer, _of(layer, arrays)) for layer in layers]
        self.each = nn.ModuleList(made)
        self.layers = list(layers)
        last = {bottom: at for at, layer in enumerate(layers) for bottom in layer["bottoms"]}
        self.done = [
            [b for b in layer["bottoms"] if last[b] == at and b not in layer["tops"]]
            for at, layer in enumerate(layers)
        ]

    def forward(self, data: Tensor) -> Tensor:
        """The scores of the images."""
        blobs = {"data": data}
        for module, layer, done in zip(self.each, self.layers, self.done, strict=True):
            blobs[layer["tops"][0]] = module(*(blobs[b] for b in layer["bottoms"]))
            for bottom in done:
                del blobs[bottom]
        return blobs[self.layers[-1]["tops"][0]].flatten(1)


def _of(layer: Layer, arrays: Arrays) -> list[np.ndarray]:
    """The layer's params."""
    return [array for key, array in arrays.items() if key.rpartition("/")[0] == layer["name"]]


def _filled(module: nn.Module, values: Sequence[np.ndarray]) -> nn.Module:
    """The module with graphnet's params: they have the same order, and the same order of axes."""
    with torch.no_grad():
        for param, value in zip(module.parameters(), values, strict=True):
            param.copy_(torch.from_numpy(value).reshape(param.shape))
    return module


def _convolution(layer: Layer, values: Sequence[np.ndarray]) -> nn.Module:
    groups = layer.get("n_group", 1)
    made = nn.Conv2d(
        values[0].shape[1] * groups,
        layer["n_filter"],
        tuple(layer.get("kernel", (1, 1))),
        tuple(layer.get("stride", (1, 1))),
        tuple(layer.get("pad", (0, 0))),
        groups=groups,
        bias=layer.get("bias", True),
    )
    return _filled(made, values)


def _inner_product(layer: Layer, values: Sequence[np.ndarray]) -> nn.Module:
    made = nn.Linear(values[0][0].size, layer["output_dim"])
    return nn.Sequential(nn.Flatten(), _filled(made, values))


def _batch_norm(layer: Layer, values: Sequence[np.ndarray]) -> nn.Module:
    return _filled(nn.BatchNorm2d(values[0].size, momentum=0.001), values)


def _pooling(layer: Layer, values: Sequence[np.ndarray]) -> nn.Module:
    is_max = layer.get("pooling", "Max") == "Max"
    if layer.get("global"):
        return nn.AdaptiveMaxPool2d(1) if is_max else nn.AdaptiveAvgPool2d(1)
    defaults = {"kernel": (1, 1), "stride": (1, 1), "pad": (0, 0)}
    window = [tuple(layer.get(key, default)) for key, default in defaults.items()]
    kind = nn.MaxPool2d if is_max else nn.AvgPool2d
    return kind(*window, ceil_mode=True)


def _relu(layer: Layer, values: Sequence[np.ndarray]) -> nn.Module:
    return nn.ReLU(inplace=True)


def _dropout(layer: Layer, values: Sequence[np.ndarray]) -> nn.Module:
    return nn.Dropout(layer.get("ratio", 0.5))  # behind a ReLU in place, whose top is read again


def _lrn(layer: Layer, values: Sequence[np.ndarray]) -> nn.Module:
    return nn.LocalResponseNorm(5, layer.get("scale", 1.0), 0.75, 1.0)


def _concat(layer: Layer, values: Sequence[np.ndarray]) -> nn.Module:
    return _Concat()


def _sum(layer: Layer, values: Sequence[np.ndarray]) -> nn.Module:
    return _Sum()


class _Concat(nn.Module):
    def forward(self, *values: Tensor) -> Tensor:
        return torch.cat(values, 1)


class _Sum(nn.Module):
    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        for other in others:
            first = first + other
        return first


#: Makes a module of a layer and its params by name.
_MAKERS: dict[str, Callable[[Layer, Sequence[np.ndarray]], nn.Module]] = {
    "BatchNorm": _batch_norm,
    "Concat": _concat,
    "Convolution": _convolution,
    "Dropout": _dropout,
    "ElementWise": _sum,
    "InnerProduct": _inner_product,
    "LRN": _lrn,
    "Pooling": _pooling,
    "ReLU": _relu,
}


def loss_of(net: nn.Module, data: Tensor, label: Tensor) -> Tensor:
    """What a step lowers."""
    return functional.cross_entropy(net(data), label)
