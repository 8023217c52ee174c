"""The large nets of the prediction, as specs: CaffeNet and VGG-16, on rows of random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: VGG-16 (Simonyan & Zisserman 2014, arXiv 1409.1556, configuration D): filters, pooled after each.
VGG_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))

Layer = dict[str, Any]


def caffenet(batch: int) -> list[Layer]:
    """CaffeNet: AlexNet (Krizhevsky et al. 2012) with pooling before normalisation, 227 × 227."""
    chain = [
        _conv("conv1", 96, 11, stride=4),
        *_pool_and_norm("1"),
        _conv("conv2", 256, 5, pad=2, n_group=2),
        *_pool_and_norm("2"),
        _conv("conv3", 384, 3, pad=1),
        _conv("conv4", 384, 3, pad=1, n_group=2),
        _conv("conv5", 256, 3, pad=1, n_group=2),
        {"name": "pool5", "type": "Pooling", "kernel": 3, "stride": 2},
        *_head(),
    ]
    return list(_chained(chain, batch, 227))


def vgg16(batch: int) -> list[Layer]:
    """VGG-16, 224 × 224."""
    chain = []
    for stage, (n_filter, depth) in enumerate(VGG_STAGES, 1):
        chain += [_conv(f"conv{stage}_{i}", n_filter, 3, pad=1) for i in range(1, depth + 1)]
        chain.append({"name": f"pool{stage}", "type": "Pooling", "kernel": 2, "stride": 2})
    return list(_chained([*chain, *_head()], batch, 224))


def _conv(name: str, n_filter: int, kernel: int, **more: int) -> Layer:
    init = {"type": "Gaussian", "std": 0.01}
    return {
        "name": name,
        "type": "Convolution",
        "n_filter": n_filter,
        "kernel": kernel,
        "neuron": "ReLU",
        "filter_init": init,
        **more,
    }


def _pool_and_norm(stage: str) -> list[Layer]:
    return [
        {"name": f"pool{stage}", "type": "Pooling", "kernel": 3, "stride": 2},
        {"name": f"norm{stage}", "type": "LRN", "kernel": 5, "scale": 1e-4, "power": 0.75},
    ]


def _head() -> list[Layer]:
    """Two layers of 4,096 with dropout, and 1,000 classes."""
    init = {"type": "Gaussian", "std": 0.005}
    layers: list[Layer] = []
    for name in ("fc6", "fc7"):
        layers += [
            {
                "name": name,
                "type": "InnerProduct",
                "output_dim": 4096,
                "neuron": "ReLU",
                "weight_init": init,
            },
            {"name": f"drop-{name}", "type": "Dropout"},
        ]
    return [*layers, {"name": "fc8", "type": "InnerProduct", "output_dim": 1000}]


def _chained(layers: list[Layer], batch: int, size: int) -> Iterator[Layer]:
    """Each layer reads what the one before it wrote; data before them, a loss behind."""
    yield {
        "name": "data",
        "type": "MemoryData",
        "batch_size": batch,
        "shapes": {"data": [3, size, size], "label": []},
        "tops": ["data", "label"],
    }
    bottom = "data"
    for layer in layers:
        if layer["type"] == "Dropout":
            yield layer | {"bottoms": [bottom]}
            continue
        yield layer | {"bottoms": [bottom], "tops": [layer["name"]]}
        bottom = layer["name"]
    yield {"name": "loss", "type": "SoftmaxLoss", "bottoms": [bottom, "label"]}
