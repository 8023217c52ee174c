"""Well-known nets as prototxt, written from their descriptions."""

from __future__ import annotations

from support.classic_nets import INCEPTION_MODULES


class Net:
    """A net that is written layer after layer; each call names the blob it makes."""

    def __init__(self, *shape: int) -> None:
        dims = " ".join(f"dim: {n}" for n in shape)
        self.text = f'input: "data"\ninput_shape {{ {dims} }}\n'

    def layer(self, name: str, kind: str, bottom, part: str = "", keys: str = "", top="") -> str:
        """Any layer."""
        bottoms = [bottom] if isinstance(bottom, str) else bottom
        read = " ".join(f'bottom: "{b}"' for b in bottoms)
        inner = f"{part} {{ {keys} }}" if part else ""
        top = top or name
        self.text += f'layer {{ name: "{name}" type: "{kind}" {read} top: "{top}" {inner} }}\n'
        return top

    def conv(self, name, bottom, n, size, stride=1, pad=0, group=1, *, bias=True) -> str:
        """A convolution."""
        keys = f"num_output: {n} kernel_size: {size} stride: {stride} pad: {pad} group: {group}"
        keys += "" if bias else " bias_term: false"
        return self.layer(name, "Convolution", bottom, "convolution_param", keys)

    def conv_relu(self, *args, **keys) -> str:
        """A convolution and a ReLU in place."""
        made = self.conv(*args, **keys)
        return self.layer(f"{made}_relu", "ReLU", made, top=made)

    def normed(self, *args, relu: bool = True) -> str:
        """A convolution without bias, BatchNorm, Scale and ReLU, in place."""
        made = self.conv(*args, bias=False)
        self.layer(f"{made}_bn", "BatchNorm", made, top=made)
        self.layer(f"{made}_scale", "Scale", made, "scale_param", "bias_term: true", top=made)
        return self.layer(f"{made}_relu", "ReLU", made, top=made) if relu else made

    def pool(self, name, bottom, size, stride, pad=0, kind="MAX") -> str:
        """A pooling."""
        keys = f"pool: {kind} kernel_size: {size} stride: {stride} pad: {pad}"
        return self.layer(name, "Pooling", bottom, "pooling_param", keys)

    def dense(self, name, bottom, n) -> str:
        """An InnerProduct."""
        return self.layer(name, "InnerProduct", bottom, "inner_product_param", f"num_output: {n}")

    def whole(self, name, bottom) -> str:
        """The mean of the whole image."""
        keys = "pool: AVE global_pooling: true"
        return self.layer(name, "Pooling", bottom, "pooling_param", keys)

    def norm(self, name, bottom) -> str:
        """The normalisation of AlexNet."""
        return self.layer(name, "LRN", bottom, "lrn_param", "local_size: 5 alpha: 1e-4 beta: 0.75")


def caffenet() -> str:
    """AlexNet as CaffeNet has it: pooling before normalisation."""
    net = Net(1, 3, 227, 227)
    x = net.pool("pool1", net.conv_relu("conv1", "data", 96, 11, 4), 3, 2)
    x = net.conv_relu("conv2", net.norm("norm1", x), 256, 5, 1, 2, 2)
    x = net.conv_relu("conv3", net.norm("norm2", net.pool("pool2", x, 3, 2)), 384, 3, 1, 1)
    x = net.conv_relu("conv4", x, 384, 3, 1, 1, 2)
    x = net.pool("pool5", net.conv_relu("conv5", x, 256, 3, 1, 1, 2), 3, 2)
    for name in ("fc6", "fc7"):
        x = net.dense(name, x, 4096)
        net.layer(f"{name}_relu", "ReLU", x, top=x)
        net.layer(f"{name}_drop", "Dropout", x, top=x)
    net.layer("prob", "Softmax", net.dense("fc8", x, 1000))
    return net.text


def vgg16() -> str:
    """VGG-16."""
    net, x = Net(1, 3, 224, 224), "data"
    for block, (n, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), 1):
        for i in range(1, count + 1):
            x = net.conv_relu(f"conv{block}_{i}", x, n, 3, 1, 1)
        x = net.pool(f"pool{block}", x, 2, 2)
    for name, n in (("fc6", 4096), ("fc7", 4096), ("fc8", 1000)):
        x = net.dense(name, x, n)
    return net.text


def googlenet() -> str:
    """GoogLeNet without its side branches."""
    net = Net(1, 3, 224, 224)
    x = net.pool("pool1", net.conv_relu("conv1/7x7", "data", 64, 7, 2, 3), 3, 2)
    x = net.conv_relu("conv2/reduce", net.norm("norm1", x), 64, 1)
    x = net.pool("pool2", net.norm("norm2", net.conv_relu("conv2/3x3", x, 192, 3, 1, 1)), 3, 2)
    for name, (one, r3, three, r5, five, pooled) in INCEPTION_MODULES.items():
        if name in ("4a", "5a"):
            x = net.pool(f"pool_{name}", x, 3, 2)
        at = f"inception_{name}"
        branches = [
            net.conv_relu(f"{at}/1x1", x, one, 1),
            net.conv_relu(f"{at}/3x3", net.conv_relu(f"{at}/3x3_r", x, r3, 1), three, 3, 1, 1),
            net.conv_relu(f"{at}/5x5", net.conv_relu(f"{at}/5x5_r", x, r5, 1), five, 5, 1, 2),
            net.conv_relu(f"{at}/proj", net.pool(f"{at}/pool", x, 3, 1, 1), pooled, 1),
        ]
        x = net.layer(f"{at}/output", "Concat", branches)
    net.dense("classifier", net.pool("pool5", x, 7, 1, 0, "AVE"), 1000)
    return net.text


def resnet50() -> str:
    """ResNet-50."""
    net = Net(1, 3, 224, 224)
    x = net.pool("pool1", net.normed("conv1", "data", 64, 7, 2, 3), 3, 2)
    for stage, (n, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 2):
        for i in range(count):
            at, stride = f"res{stage}{'abcdef'[i]}", 2 if i == 0 and stage > 2 else 1
            short = x if i else net.normed(f"{at}_short", x, 4 * n, 1, stride, relu=False)
            y = net.normed(f"{at}_1", x, n, 1, stride)
            y = net.normed(f"{at}_3", net.normed(f"{at}_2", y, n, 3, 1, 1), 4 * n, 1, relu=False)
            x = net.layer(at, "Eltwise", [short, y])
            net.layer(f"{at}_relu", "ReLU", x, top=x)
    net.dense("fc1000", net.whole("pool5", x), 1000)
    return net.text


def squeezenet() -> str:
    """SqueezeNet 1.1."""
    net = Net(1, 3, 227, 227)
    x = net.pool("pool1", net.conv_relu("conv1", "data", 64, 3, 2), 3, 2)
    for i, n in enumerate((16, 16, 32, 32, 48, 48, 64, 64), 2):
        if i in (4, 6):
            x = net.pool(f"pool{i}", x, 3, 2)
        s = net.conv_relu(f"fire{i}/squeeze", x, n, 1)
        wide = net.conv_relu(f"fire{i}/1x1", s, 4 * n, 1)
        deep = net.conv_relu(f"fire{i}/3x3", s, 4 * n, 3, 1, 1)
        x = net.layer(f"fire{i}/concat", "Concat", [wide, deep])
    net.whole("pool10", net.conv_relu("conv10", x, 1000, 1))
    return net.text


def mobilenet() -> str:
    """MobileNet, of width 1."""
    net, n = Net(1, 3, 224, 224), 32
    x = net.normed("conv1", "data", n, 3, 2, 1)
    for i, (wide, stride) in enumerate(
        ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2),
         (1024, 1)), 2,
    ):  # fmt: skip
        x = net.normed(f"conv{i}/dw", x, n, 3, stride, 1, n)
        x, n = net.normed(f"conv{i}/sep", x, wide, 1), wide
    net.dense("fc7", net.whole("pool6", x), 1000)
    return net.text


def cifar_quick() -> str:
    """The quick net for CIFAR-10."""
    net = Net(1, 3, 32, 32)
    x = net.pool("pool1", net.conv("conv1", "data", 32, 5, 1, 2), 3, 2)
    x = net.pool("pool2", net.conv_relu("conv2", x, 32, 5, 1, 2), 3, 2, 0, "AVE")
    x = net.pool("pool3", net.conv_relu("conv3", x, 64, 5, 1, 2), 3, 2, 0, "AVE")
    net.dense("ip2", net.dense("ip1", x, 64), 10)
    return net.text


def cifar_full() -> str:
    """The full net for CIFAR-10."""
    net = Net(1, 3, 32, 32)
    within = "local_size: 3 alpha: 5e-5 beta: 0.75 norm_region: WITHIN_CHANNEL"
    x = net.pool("pool1", net.conv("conv1", "data", 32, 5, 1, 2), 3, 2)
    x = net.conv_relu("conv2", net.layer("norm1", "LRN", x, "lrn_param", within), 32, 5, 1, 2)
    x = net.layer("norm2", "LRN", net.pool("pool2", x, 3, 2, 0, "AVE"), "lrn_param", within)
    x = net.pool("pool3", net.conv_relu("conv3", x, 64, 5, 1, 2), 3, 2, 0, "AVE")
    net.dense("ip1", x, 10)
    return net.text


def fcn() -> str:
    """The end of an FCN: scores are enlarged, cut to fit, added, and enlarged to the image."""
    net = Net(1, 3, 64, 64)
    x = net.pool("pool1", net.conv_relu("conv1", "data", 16, 3, 1, 20), 2, 2)
    coarse = net.pool("pool2", net.conv_relu("conv2", x, 24, 3, 1, 1), 2, 2)
    up = (
        "num_output: 5 group: 5 kernel_size: 4 stride: 2 bias_term: false"
        ' weight_filler { type: "bilinear" }'
    )
    score = net.layer(
        "up", "Deconvolution", net.conv("score", coarse, 5, 1), "convolution_param", up
    )
    fine = net.conv("score1", x, 5, 1)
    cut = net.layer("cut", "Crop", [score, fine], "crop_param", "offset: 1")
    both = net.layer("sum", "Eltwise", [cut, fine])
    whole = net.layer("up2", "Deconvolution", both, "convolution_param", up)
    net.layer("image", "Crop", [whole, "data"], "crop_param", "axis: 2 offset: 17")
    return net.text


def siamese() -> str:
    """Two LeNets that share all they learn, and how far apart they put a pair of digits."""
    net = Net(2, 2, 28, 28)
    net.text += 'input: "sim"\ninput_shape { dim: 2 }\n'
    net.text += 'layer { name: "pair" type: "Slice" bottom: "data" top: "left" top: "right" }\n'
    tops = []
    for side in ("left", "right"):
        x, end = side, "" if side == "left" else "_p"
        for name, kind, keys in (
            ("conv1", "Convolution", "convolution_param { num_output: 20 kernel_size: 5 }"),
            ("pool1", "Pooling", "pooling_param { pool: MAX kernel_size: 2 stride: 2 }"),
            ("conv2", "Convolution", "convolution_param { num_output: 50 kernel_size: 5 }"),
            ("pool2", "Pooling", "pooling_param { pool: MAX kernel_size: 2 stride: 2 }"),
            ("ip1", "InnerProduct", "inner_product_param { num_output: 500 }"),
            ("ip2", "InnerProduct", "inner_product_param { num_output: 10 }"),
            ("feat", "InnerProduct", "inner_product_param { num_output: 2 }"),
        ):
            shared = ""
            if kind != "Pooling":
                shared = f'param {{ name: "{name}_w" }} param {{ name: "{name}_b" lr_mult: 2 }}'
            net.text += (
                f'layer {{ name: "{name}{end}" type: "{kind}" bottom: "{x}" top: "{name}{end}"'
                f" {shared} {keys} }}\n"
            )
            x = f"{name}{end}"
        tops.append(x)
    net.layer("loss", "ContrastiveLoss", [*tops, "sim"], "contrastive_loss_param", "margin: 1")
    return net.text
