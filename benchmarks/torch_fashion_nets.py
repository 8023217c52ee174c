"""The nets on Fashion-MNIST that normalise their batches, in PyTorch."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi

from torch import Tensor, nn
from torch.nn import functional


class Residual(nn.Module):
    """Two convolutions of 3 x 3, added to what goes past them.

    Args:
        n_in: Channels that come in.
        n_out: Channels that go out; more of them: at half the size.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        stride = 1 if n_in == n_out else 2
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.past = nn.Sequential()
        if stride > 1:
            bring = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
            self.past = nn.Sequential(bring, nn.BatchNorm2d(n_out))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, n_in, H, W)`` to ``(N, n_out, H', W')``."""
        y = self.bn2(self.conv2(functional.relu_(self.bn1(self.conv1(x)))))
        return functional.relu_(y.add_(self.past(x)))


def resnet20() -> nn.Module:
    """nets/resnet20-fashion.yaml."""
    widths = (16, 16, 16, 16, 32, 32, 32, 64, 64, 64)
    blocks = [Residual(n_in, n_out) for n_in, n_out in pairwise(widths)]
    stem = (nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True))
    pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    return filled(nn.Sequential(*stem, *blocks, *pooled))


def mobilenet() -> nn.Module:
    """nets/mobilenet-fashion.yaml."""
    layers: list[nn.Module] = [nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)]
    layers.append(nn.ReLU(inplace=True))
    for n_in, n_out in pairwise((16, 32, 64, 64, 64, 128, 128, 128)):
        stride = 2 if n_in in (32, 64) and n_in < n_out else 1
        layers += [nn.Conv2d(n_in, n_in, 3, stride, padding=1, groups=n_in, bias=False)]
        layers += [nn.BatchNorm2d(n_in), nn.ReLU(inplace=True)]
        layers += [
            nn.Conv2d(n_in, n_out, 1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
        ]
    pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))
    return filled(nn.Sequential(*layers, *pooled))


def filled(net: nn.Module) -> nn.Module:
    """The net with its params as graphnet fills them: convolutions MSRA, inner products Xavier."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.Linear):
            bound = (3 / module.in_features) ** 0.5
            nn.init.uniform_(module.weight, -bound, bound)
            nn.init.zeros_(module.bias)
    return net


def along_a_cosine(updates: int, update: int) -> float:
    """Half a cosine from 0.1 to 0, of which a rising part for a tenth of the updates."""
    risen = min(10 * update / updates, 1)
    return 0.05 * (1 + cos(pi * min(update / updates, 1))) * (0.1 + 0.9 * risen)
