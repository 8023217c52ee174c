"""Nets of the classics as YAML, at their full size: nothing here is ever run, only looked at."""

from __future__ import annotations

#: GoogLeNet's modules: how many filters of 1×1; before 3×3, of 3×3; before 5×5, of 5×5; behind
#: the pooling.
INCEPTION_MODULES = {
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}  # fmt: skip


class _Lines:
    """Collects layers, one a line."""

    def __init__(self, channels: int, size: int, n_classes: int = 1000) -> None:
        shapes = f"{{data: [{channels}, {size}, {size}], label: []}}"
        tops = "tops: [data, label], batch_size: 2"
        self._lines = [f"  - {{name: data, type: MemoryData, {tops}, shapes: {shapes}}}"]
        self.n_classes = n_classes

    def add(self, name: str, type_: str, bottoms: str, properties: str = "", top: str = "") -> str:
        tops = f", tops: [{top or name}]" if top != "-" else ""
        more = f", {properties}" if properties else ""
        self._lines.append(f"  - {{name: {name}, type: {type_}, bottoms: [{bottoms}]{tops}{more}}}")
        return top or name

    def conv(self, name: str, bottom: str, n: int, kernel: int, stride: int = 1) -> str:
        sizes = f"kernel: [{kernel}, {kernel}], stride: [{stride}, {stride}]"
        pad = kernel // 2
        return self.add(
            name, "Convolution", bottom,
            f"n_filter: {n}, {sizes}, pad: [{pad}, {pad}], neuron: ReLU",
        )  # fmt: skip

    def pool(self, name: str, bottom: str, kernel: int, stride: int, pad: int = 0) -> str:
        sizes = f"kernel: [{kernel}, {kernel}], stride: [{stride}, {stride}], pad: [{pad}, {pad}]"
        return self.add(name, "Pooling", bottom, sizes)

    def head(self, name: str, bottom: str, weight: str = "") -> None:
        self.add(f"{name}-classifier", "InnerProduct", bottom, f"output_dim: {self.n_classes}")
        both = f"{name}-classifier, label"
        self.add(f"{name}-loss", "SoftmaxLoss", both, weight, "-")
        self.add(f"{name}-top1", "Accuracy", both, "phase: test", "-")
        self.add(f"{name}-top5", "Accuracy", both, "phase: test, top_k: 5", "-")

    def yaml(self, name: str) -> str:
        return "\n".join([f"name: {name}", "layers:", *self._lines, ""])


def googlenet() -> str:
    """Szegedy et al. 2014, as Caffe's model zoo has it, with both auxiliary heads."""
    net = _Lines(3, 224)
    x = net.conv("conv1", "data", 64, 7, 2)
    x = net.add("norm1", "LRN", net.pool("pool1", x, 3, 2))
    x = net.conv("conv2", net.conv("conv2-reduce", x, 64, 1), 192, 3)
    x = net.pool("pool2", net.add("norm2", "LRN", x), 3, 2)
    for name, (n1, n3r, n3, n5r, n5, n_pool) in INCEPTION_MODULES.items():
        parts = (
            net.conv(f"{name}-1x1", x, n1, 1),
            net.conv(f"{name}-3x3", net.conv(f"{name}-3x3-reduce", x, n3r, 1), n3, 3),
            net.conv(f"{name}-5x5", net.conv(f"{name}-5x5-reduce", x, n5r, 1), n5, 5),
            net.conv(f"{name}-pool-proj", net.pool(f"{name}-pool", x, 3, 1, 1), n_pool, 1),
        )
        x = net.add(f"{name}-output", "Concat", ", ".join(parts))
        if name in ("4a", "4d"):
            side = net.conv(f"{name}-side-conv", net.pool(f"{name}-side-pool", x, 5, 3), 128, 1)
            side = net.add(
                f"{name}-side-fc", "InnerProduct", side, "output_dim: 1024, neuron: ReLU"
            )
            net.add(f"{name}-side-drop", "Dropout", side, "ratio: 0.7", side)
            net.head(f"{name}-side", side, "loss_weight: 0.3")
        if name in ("3b", "4e"):
            x = net.pool(f"pool-{name}", x, 3, 2)
    x = net.pool("pool5", x, 7, 1)
    net.add("drop5", "Dropout", x, "ratio: 0.4", x)
    net.head("loss3", x)
    return net.yaml("googlenet")


def resnet(n_blocks: tuple[int, int, int, int]) -> str:
    """He et al. 2015 with bottlenecks: ResNet-50 is (3, 4, 6, 3), ResNet-152 (3, 8, 36, 3)."""
    net = _Lines(3, 224)
    x = net.pool("pool1", net.conv("conv1", "data", 64, 7, 2), 3, 2)
    for stage, n in enumerate(n_blocks):
        width = 64 * 2**stage
        for block in range(n):
            at = f"res{stage + 2}-{block + 1}"
            stride = 2 if block == 0 and stage else 1
            shortcut = x
            if block == 0:
                shortcut = _normalised(net, f"{at}-shortcut", x, 4 * width, 1, stride)
            x = _normalised(net, f"{at}a", x, width, 1, stride)
            x = _normalised(net, f"{at}b", x, width, 3)
            x = _normalised(net, f"{at}c", x, 4 * width, 1)
            x = net.add(at, "ElementWise", f"{shortcut}, {x}", "operation: Add")
            net.add(f"{at}-relu", "ReLU", x, "", x)
    x = net.pool("pool5", x, 7, 1)
    net.head("loss", x)
    return net.yaml(f"resnet-{2 + 3 * sum(n_blocks)}")


def _normalised(net: _Lines, name: str, bottom: str, n: int, kernel: int, stride: int = 1) -> str:
    """A convolution without bias, and behind it BatchNorm and Scale."""
    pad = kernel // 2
    sizes = f"kernel: [{kernel}, {kernel}], stride: [{stride}, {stride}], pad: [{pad}, {pad}]"
    net.add(name, "Convolution", bottom, f"n_filter: {n}, {sizes}, bias: false")
    x = net.add(f"{name}-bn", "BatchNorm", name)
    return net.add(f"{name}-scale", "Scale", x, "bias: true")


def densenet_block(n: int) -> str:
    """Huang et al. 2016: each layer reads what all before it have made."""
    net = _Lines(16, 8, 10)
    made = ["data"]
    for i in range(n):
        x = net.add(f"cat{i}", "Concat", ", ".join(made)) if i else "data"
        made.append(net.conv(f"conv{i}", x, 12, 3))
    net.head("loss", net.add("cat", "Concat", ", ".join(made)))
    return net.yaml("densenet")


def unet(depth: int) -> str:
    """Ronneberger et al. 2015, with Deconvolution on the way up."""
    net = _Lines(1, 2 ** (depth + 3), 5)
    x, kept = "data", []
    for i in range(depth):
        x = net.conv(f"down{i}b", net.conv(f"down{i}a", x, 8 * 2**i, 3), 8 * 2**i, 3)
        kept.append(x)
        x = net.pool(f"pool{i}", x, 2, 2)
    x = net.conv("middle", x, 8 * 2**depth, 3)
    for i in reversed(range(depth)):
        x = net.add(
            f"up{i}", "Deconvolution", x, f"n_filter: {8 * 2**i}, kernel: [2, 2], stride: [2, 2]"
        )
        x = net.add(f"cat{i}", "Concat", f"{kept[i]}, {x}")
        x = net.conv(f"out{i}b", net.conv(f"out{i}a", x, 8 * 2**i, 3), 8 * 2**i, 3)
    net.head("loss", net.conv("last", x, 5, 1))
    return net.yaml("unet")
