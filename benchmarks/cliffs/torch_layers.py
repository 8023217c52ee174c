"""The layers of the search for cliffs as PyTorch says them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Call = Callable[..., Any]
Made = Callable[[Mapping[str, Any], list[Tensor]], Call]


def _window(p: Mapping[str, Any]) -> dict[str, Any]:
    return {key: p.get(key, default) for key, default in (("stride", 1), ("dilation", 1))} | {
        "padding": p.get("pad", 0)
    }


def _convolution(p: Mapping[str, Any], x: list[Tensor]) -> Call:
    groups = p.get("n_group", 1)
    return nn.Conv2d(x[0].shape[1], p["n_filter"], p["kernel"], groups=groups, **_window(p))


def _deconvolution(p: Mapping[str, Any], x: list[Tensor]) -> Call:
    return nn.ConvTranspose2d(x[0].shape[1], p["n_filter"], p["kernel"], **_window(p))


def _pooling(p: Mapping[str, Any], x: list[Tensor]) -> Call:
    is_max = p.get("pooling", "Max") == "Max"
    if p.get("global"):
        return (lambda v: v.amax((2, 3))) if is_max else (lambda v: v.mean((2, 3)))
    kernel, stride, pad = p["kernel"], p.get("stride", 1), p.get("pad", 0)
    pool = functional.max_pool2d if is_max else functional.avg_pool2d
    return lambda v: pool(v, kernel, stride, pad, ceil_mode=True)


def _lrn(p: Mapping[str, Any], x: list[Tensor]) -> Call | None:
    return nn.LocalResponseNorm(5) if p.get("mode") is None else None


def _crop(p: Mapping[str, Any], x: list[Tensor]) -> Call:
    """Each sample by itself, as the layer does; the places are drawn as well."""
    height, width = p["crop_size"]

    def crop(v: Tensor) -> Tensor:
        n, _, h, w = v.shape
        top, left = torch.randint(h - height + 1, (n,)), torch.randint(w - width + 1, (n,))
        rows = top[:, None] + torch.arange(height)
        columns = left[:, None] + torch.arange(width)
        turned = torch.randint(2, (n, 1)) > 0
        columns = torch.where(turned, columns.flip(1), columns)
        each = torch.arange(n)[:, None, None]
        return v[each, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)

    return crop


def _mvn(v: Tensor) -> Tensor:
    return functional.instance_norm(v)


def _laid_out(v: Tensor) -> Tensor:
    """A copy, although ``channels_last`` may have it in this order already."""
    return v.clone(memory_format=torch.contiguous_format)


def _scale(p: Mapping[str, Any], x: list[Tensor]) -> Call:
    scale = nn.Parameter(torch.ones(x[0].shape[1], 1, 1))
    return _Product(scale)


class _Product(nn.Module):
    def __init__(self, scale: nn.Parameter) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, v: Tensor) -> Tensor:
        return v * self.scale


def _inner_product(p: Mapping[str, Any], x: list[Tensor]) -> Call:
    return nn.Linear(x[0].shape[-1], p["output_dim"])


def _recurrent(kind: type[nn.RNNBase]) -> Made:
    def make(p: Mapping[str, Any], x: list[Tensor]) -> Call:
        module = kind(x[0].shape[-1], p["output_dim"], batch_first=True)
        return _First(module)

    return make


class _First(nn.Module):
    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, v: Tensor) -> Tensor:
        output: Tensor = self.module(v)[0]
        return output


def _element_wise(p: Mapping[str, Any], x: list[Tensor]) -> Call:
    op = {"Add": torch.add, "Multiply": torch.mul, "Max": torch.maximum}[p["operation"]]

    def fold(*values: Tensor) -> Tensor:
        total = op(values[0], values[1])
        for value in values[2:]:
            total = op(total, value)
        return total

    return fold


def _plain(function: Call) -> Made:
    return lambda p, x: function


def _power(p: Mapping[str, Any], x: list[Tensor]) -> Call:
    return lambda v: (v + p["shift"]) ** p["power"]


#: By type; a type or setting that is missing, or gives None, has no peer.
PEERS: dict[str, Made] = {
    "Convolution": _convolution,
    "Deconvolution": _deconvolution,
    "Pooling": _pooling,
    "LRN": _lrn,  # type: ignore[dict-item]
    "BatchNorm": lambda p, x: nn.BatchNorm2d(x[0].shape[1]),
    "Crop": _crop,
    "Upsample": lambda p, x: nn.Upsample(scale_factor=p["scale"]),
    "Interp": lambda p, x: nn.UpsamplingBilinear2d(scale_factor=p["scale"]),
    "PixelShuffle": lambda p, x: nn.PixelShuffle(p["scale"]),
    "PixelUnshuffle": lambda p, x: nn.PixelUnshuffle(p["scale"]),
    "AdaptivePooling": lambda p, x: (
        nn.AdaptiveMaxPool2d(p["size"])
        if p["pooling"] == "Max"
        else nn.AdaptiveAvgPool2d(p["size"])
    ),
    "Permute": lambda p, x: lambda v: _laid_out(v.permute(0, *p["axes"])),
    "MVN": _plain(_mvn),
    "Scale": _scale,
    "Pad": lambda p, x: lambda v: functional.pad(v, (p["pad"],) * 4),
    "Tile": lambda p, x: lambda v: v.repeat(1, p["tiles"], 1, 1),
    "Normalize": _plain(functional.normalize),
    "PoolingMask": lambda p, x: (
        lambda v: functional.max_pool2d(
            v, p["kernel"], p["stride"], ceil_mode=True, return_indices=True
        )[1]
    ),
    "Exp": lambda p, x: lambda v: torch.exp2(v * p["scale"]),
    "Log": lambda p, x: lambda v: torch.log(v + p["shift"]),
    "Threshold": lambda p, x: lambda v: (v > p["threshold"]).to(v.dtype),
    "SumLoss": _plain(torch.sum),
    "Convolution1D": lambda p, x: nn.Conv1d(
        x[0].shape[1], p["n_filter"], p["kernel"], padding=p["pad"]
    ),
    "Convolution3D": lambda p, x: nn.Conv3d(
        x[0].shape[1], p["n_filter"], p["kernel"], padding=p["pad"]
    ),
    "MultinomialLogisticLoss": lambda p, x: lambda v, y: functional.nll_loss(v.log(), y.long()),
    "Accuracy": lambda p, x: lambda v, y: (v.argmax(1) == y).float().mean(),
    "MeanIoU": lambda p, x: _mean_iou,
    "Within": lambda p, x: lambda v, y: ((v - y).abs() < p["tolerance"]).float().mean(),
    "BinaryCrossEntropyLoss": _plain(functional.binary_cross_entropy),
    "BinaryAccuracy": lambda p, x: lambda v, y: ((v > 0) == (y > 0)).float().mean(),
    "HingeLoss": lambda p, x: lambda v, y: (1 - v * y).relu().sum() / len(v),
    "SoftlabelSoftmaxLoss": lambda p, x: lambda v, y: functional.cross_entropy(v, y),
    "Index2Onehot": lambda p, x: lambda y: functional.one_hot(y.long(), p["n_class"]).float(),
    "GELU": _plain(functional.gelu),
    "Hardswish": _plain(functional.hardswish),
    "Mish": _plain(functional.mish),
    "Softplus": _plain(functional.softplus),
    "LayerNorm": lambda p, x: nn.LayerNorm(x[0].shape[p.get("axis", 1) :]),
    "GroupNorm": lambda p, x: nn.GroupNorm(p["n_group"], x[0].shape[1]),
    "InstanceNorm": lambda p, x: nn.InstanceNorm2d(x[0].shape[1], affine=True),
    "Im2col": lambda p, x: nn.Unfold(p["kernel"], padding=p["pad"]),
    "HuberLoss": _plain(functional.huber_loss),
    "L1Loss": _plain(functional.l1_loss),
    "Pooling1D": lambda p, x: nn.MaxPool1d(p["kernel"], p["stride"], ceil_mode=True),
    "Pooling3D": lambda p, x: nn.MaxPool3d(p["kernel"], p["stride"], ceil_mode=True),
    "MultiHeadAttention": lambda p, x: _Attention(x[0].shape, p["n_heads"], p["causal"]),
    "PReLU": lambda p, x: nn.PReLU(x[0].shape[1]),
    "InnerProduct": _inner_product,
    "ReLU": _plain(functional.relu),
    "LReLU": _plain(functional.leaky_relu),
    "Sigmoid": _plain(torch.sigmoid),
    "Tanh": _plain(torch.tanh),
    "ELU": _plain(functional.elu),
    "Swish": _plain(functional.silu),
    "BNLL": _plain(functional.softplus),
    "AbsVal": _plain(torch.abs),
    "Exponential": _plain(torch.exp),
    "Softmax": lambda p, x: lambda v: v.softmax(p.get("axis", 1)),
    "Dropout": _plain(functional.dropout),
    "Power": _power,
    "Reduction": lambda p, x: lambda v: v.flatten(1).sum(1),
    "Argmax": lambda p, x: lambda v: v.argmax(1),
    "Clip": lambda p, x: lambda v: v.clamp(p["min"], p["max"]),
    "Concat": lambda p, x: lambda *v: torch.cat(v, 1),
    "Slice": lambda p, x: lambda v: [part.contiguous() for part in v.chunk(2, 1)],
    "SoftmaxLoss": lambda p, x: lambda v, y: functional.cross_entropy(v, y.long()),
    "SquareLoss": lambda p, x: lambda v, y: ((v - y) ** 2).sum() / (2 * len(v)),
    "SigmoidCrossEntropyLoss": _plain(functional.binary_cross_entropy_with_logits),
    "ElementWise": _element_wise,
    "LSTM": _recurrent(nn.LSTM),
    "GRU": _recurrent(nn.GRU),
    "RNN": _recurrent(nn.RNN),
    "Embed": lambda p, x: _Looked(nn.Embedding(p["input_dim"], p["output_dim"])),
}


def _mean_iou(v: Tensor, y: Tensor) -> Tensor:
    said, label, n = v.argmax(1), y.long(), v.shape[1]
    both = torch.bincount(label[said == label], minlength=n)
    either = torch.bincount(said, minlength=n) + torch.bincount(label, minlength=n) - both
    return (both / either).nanmean()


class _Attention(nn.Module):
    def __init__(self, shape: torch.Size, n_heads: int, causal: bool) -> None:
        super().__init__()
        self.module = nn.MultiheadAttention(shape[2], n_heads, batch_first=True)
        self.causal = causal
        self.mask = nn.Transformer.generate_square_subsequent_mask(shape[1]) if causal else None

    def forward(self, v: Tensor) -> Tensor:
        output: Tensor = self.module(
            v, v, v, need_weights=False, attn_mask=self.mask, is_causal=self.causal
        )[0]
        return output


class _Looked(nn.Module):
    def __init__(self, table: nn.Embedding) -> None:
        super().__init__()
        self.table = table

    def forward(self, index: Tensor) -> Tensor:
        found: Tensor = self.table(index.long())
        return found


def peer(layer: Mapping[str, Any], x: list[Tensor]) -> Call | None:
    """The layer as a module or function of its bottoms; None where PyTorch has none."""
    made = PEERS.get(layer["type"])
    return made(layer, x) if made else None
