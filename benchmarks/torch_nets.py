"""The nets of ``cases.py`` in PyTorch: the same arithmetic in its own idiom, at its best.

Optimizers are fused, ReLU works in place, nothing is read back to Python while training.
``python -m benchmarks verify`` holds each against graphnet's loss and params.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import cos, pi
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.cases import Case
from benchmarks.torch_fashion_nets import along_a_cosine, mobilenet, resnet20

ADAM_EPSILON = 1e-8


def relu() -> nn.Module:
    """In place: nobody reads what goes in."""
    return nn.ReLU(inplace=True)


def mnist(width: float) -> nn.Module:
    """Mocha's LeNet: two convolutions, two inner products."""
    a, b, c = (int(n * width) for n in (20, 50, 500))
    return nn.Sequential(
        nn.Conv2d(1, a, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(a, b, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * b, c),
        relu(),
        nn.Linear(c, 10),
    )


def lenet_adam() -> nn.Module:
    """32-64-128-84-10 with ReLU."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 5),
        relu(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5),
        relu(),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 4),
        relu(),
        nn.Flatten(),
        nn.Linear(128, 84),
        relu(),
        nn.Linear(84, 10),
    )


def lenet5_fashion() -> nn.Module:
    """The textbook's LeNet-5: sigmoids and mean pooling."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.Sigmoid(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Sigmoid(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Sigmoid(),
        nn.Linear(120, 84),
        nn.Sigmoid(),
        nn.Linear(84, 10),
    )


def cifar10_quick() -> nn.Module:
    """Caffe's CIFAR-10 quick net."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        relu(),
        nn.Conv2d(32, 32, 5, padding=2),
        relu(),
        nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(32, 64, 5, padding=2),
        relu(),
        nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.Flatten(),
        nn.Linear(1024, 64),
        nn.Linear(64, 10),
    )


def nielsen() -> nn.Module:
    """784-30-10 with sigmoids."""
    return nn.Sequential(nn.Linear(784, 30), nn.Sigmoid(), nn.Linear(30, 10), nn.Sigmoid())


def iris() -> nn.Module:
    """4-10-10-3 with ReLU."""
    return nn.Sequential(nn.Linear(4, 10), relu(), nn.Linear(10, 10), relu(), nn.Linear(10, 3))


class CharRNN(nn.Module):
    """Embedding, one LSTM of 128 units, scores for each step; a batch continues the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(64, 64)
        self.lstm = nn.LSTM(64, 128, batch_first=True)
        self.score = nn.Linear(128, 64)
        self.state: tuple[Tensor, Tensor] | None = None

    def forward(self, text: Tensor) -> Tensor:
        """Scores ``(N, symbols, T)`` of the symbols that follow."""
        hidden, state = self.lstm(self.embed(text), self.state if self.training else None)
        if self.training:
            self.state = (state[0].detach(), state[1].detach())
        scores: Tensor = self.score(hidden)
        return scores.transpose(1, 2)


class TinyGPTBlock(nn.Module):
    """Attention to what came before, then two layers at each position, both beside a sum."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.norm_a = nn.LayerNorm(128)
        self.attend_in, self.attend_out = (nn.Linear(128, n, bias=False) for n in (3 * 128, 128))
        self.norm_b = nn.LayerNorm(128)
        self.wide, self.narrow = nn.Linear(128, 512, bias=False), nn.Linear(512, 128, bias=False)
        self.drop = nn.Dropout(dropout)

    def forward(self, h: Tensor) -> Tensor:
        """``(N, T, 128)`` to the same."""
        n, steps, width = h.shape
        parts = self.attend_in(self.norm_a(h)).split(width, dim=2)
        heads = (part.reshape(n, steps, 4, width // 4).transpose(1, 2) for part in parts)
        seen = functional.scaled_dot_product_attention(*heads, is_causal=True)
        h = h + self.drop(self.attend_out(seen.transpose(1, 2).reshape(n, steps, width)))
        return h + self.drop(self.narrow(functional.gelu(self.wide(self.norm_b(h)))))


class TinyGPT(nn.Module):
    """nets/tiny-gpt.yaml.

    Args:
        dropout: In that file 0.1; a case has none.
    """

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.symbol, self.place = nn.Embedding(64, 128), nn.Embedding(64, 128)
        self.blocks = nn.ModuleList(TinyGPTBlock(dropout) for _ in range(4))
        self.norm, self.score = nn.LayerNorm(128), nn.Linear(128, 64, bias=False)
        for name, param in self.named_parameters():
            if name in ("symbol.weight", "place.weight"):
                nn.init.normal_(param, std=0.02)
            elif param.ndim > 1:  # graphnet's Xavier: uniform, by the inputs alone
                bound = (3 / param.shape[1]) ** 0.5
                nn.init.uniform_(param, -bound, bound)

    def forward(self, text: Tensor) -> Tensor:
        """Scores ``(N, symbols, T)`` of the symbols that follow."""
        h = self.symbol(text) + self.place.weight
        for block in self.blocks:
            h = block(h)
        scores: Tensor = self.score(self.norm(h))
        return scores.transpose(1, 2)


def deep(depth: int) -> nn.Module:
    """So many convolutions of 16 filters, pooling, 10 outputs."""
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Conv2d(16 if i else 1, 16, 3, padding=1), relu()]
    return nn.Sequential(*layers, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16 * 14 * 14, 10))


def square_loss(out: Tensor, label: Tensor) -> Tensor:
    """Half the squared distance to the one-hot label, the mean over the batch."""
    wanted = functional.one_hot(label, out.shape[1]).to(out.dtype)
    return 0.5 * functional.mse_loss(out, wanted, reduction="sum") / len(out)


def falling(update: int) -> float:
    """Caffe's inv policy: 0.01 · (1 + 0.0001 · t)^-0.75."""
    return float(0.01 * (1 + 1e-4 * update) ** -0.75)


def warmed_up(update: int) -> float:
    """Half a cosine from 0.002 to 0 at update 600, of which a rising part up to update 60."""
    return 0.001 * (1 + cos(pi * min(update / 600, 1))) * (0.1 + 0.9 * min(update / 60, 1))


@dataclass(frozen=True)
class Peer:
    """How a net is trained.

    Attributes:
        build: The net.
        lr: The learning rate of update ``t``, from 1.
        fixed_lr: Whether that is the same for all.
        momentum: Of SGD; None: Adam.
        decay: Of the weights, not the biases.
        decoupled: Whether that shrinks the weights directly: AdamW.
        bias_lr: The rate of the biases relative to that of the weights.
        loss: Of what the net gives and the last of the rows' tops.
        squashes: Whether probabilities are wanted of what the net gives, to predict.
        clip: The largest norm of a gradient.
        updates: How long a recipe is that ``torch_fashion.py`` runs.
    """

    build: Callable[[], nn.Module]
    lr: Callable[[int], float]
    fixed_lr: bool = True
    momentum: float | None = 0.0
    decay: float = 0.0
    decoupled: bool = False
    bias_lr: float = 1.0
    loss: Callable[[Tensor, Tensor], Tensor] = functional.cross_entropy
    squashes: bool = True
    clip: float | None = None
    updates: int = 0

    def optimizer(self, net: nn.Module) -> torch.optim.Optimizer:
        """Weights and biases, each with their rate and decay.

        The biases of an LSTM go at the rate of weights: there are two where graphnet has one, and
        their sum moves twice as fast.
        """
        named = list(net.named_parameters())
        biases = [p for name, p in named if p.ndim == 1 and not name.startswith("lstm.")]
        weights = [p for _, p in named if all(p is not bias for bias in biases)]
        lr = self.lr(1)
        groups: list[dict[str, Any]] = [
            {"params": weights, "lr": lr, "weight_decay": self.decay, "times": 1.0},
            {"params": biases, "lr": lr * self.bias_lr, "times": self.bias_lr},
        ]
        if self.decoupled:
            groups[1]["weight_decay"] = 0.0
            return torch.optim.AdamW(groups, lr, eps=ADAM_EPSILON, fused=True)
        if self.momentum is None:
            return torch.optim.Adam(groups, lr, eps=ADAM_EPSILON, fused=True)
        return torch.optim.SGD(groups, lr, momentum=self.momentum, fused=True)


#: The nets on Fashion-MNIST that normalise their batches, and the updates of their recipes.
FASHION = {"resnet20-fashion": (resnet20, 469), "mobilenet-fashion": (mobilenet, 469)}


def fashion(build: Callable[[], nn.Module], updates: int) -> Peer:
    """How they are trained."""
    lr = partial(along_a_cosine, updates)
    return Peer(build, lr, fixed_lr=False, momentum=0.9, decay=0.0005, updates=updates)


def peer_of(case: Case) -> Peer:
    """The peer of a case."""
    if case.name in FASHION:
        peer = fashion(*FASHION[case.name])
    else:
        peer = _peer_of(case.name, case.width, case.depth)
    if case.lr:
        return replace(peer, lr=lambda _: case.lr, fixed_lr=True)
    return peer


def _peer_of(name: str, width: float, depth: int) -> Peer:
    caffe = partial(Peer, lr=falling, fixed_lr=False, momentum=0.9, decay=2 * 0.0005, bias_lr=2.0)
    match name:
        case "mnist":
            return caffe(partial(mnist, width))
        case "deep":
            return caffe(partial(deep, depth))
        case "lenet-adam":
            return Peer(lenet_adam, lambda _: 0.001, momentum=None, bias_lr=2.0)
        case "lenet5-fashion":
            return Peer(lenet5_fashion, lambda _: 0.9)
        case "cifar10-quick":
            return Peer(cifar10_quick, lambda _: 0.001, momentum=0.9, decay=2 * 0.002, bias_lr=2.0)
        case "nielsen":
            return Peer(nielsen, lambda _: 1.25, loss=square_loss, squashes=False)
        case "iris":
            return Peer(iris, lambda _: 0.01, momentum=0.9, decay=2 * 0.0005, bias_lr=2.0)
        case "char-rnn":
            return Peer(CharRNN, lambda _: 0.003, momentum=None, bias_lr=2.0, clip=5.0)
        case "tiny-gpt":
            return Peer(
                TinyGPT,
                warmed_up,
                fixed_lr=False,
                momentum=None,
                decay=0.1,
                decoupled=True,
                clip=1.0,
            )
    raise ValueError(f"there is no PyTorch net for {name}")
