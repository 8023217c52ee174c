"""The nets, from the prototxts of the tests, and what peers are told of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.interchange import export_onnx
from graphnet.interchange.caffe.importing import translate
from graphnet.layers import Flatten, MemoryData, SoftmaxLoss
from graphnet.net.load_net import load_net
from graphnet.net.spec import NetSpec, Node
from graphnet.net.yaml_form import layer_dict
from graphnet.params.initializers import MSRA
from graphnet.solver.record.weights import save_model

sys.path.append(str(Path(__file__).parents[2] / "tests"))

from support import caffe_architectures

#: The nets by their function in the tests, as their papers call them.
NAMES = {
    "caffenet": "CaffeNet (AlexNet)",
    "squeezenet": "SqueezeNet 1.1",
    "mobilenet": "MobileNet",
    "googlenet": "GoogLeNet",
    "resnet50": "ResNet-50",
    "vgg16": "VGG-16",
}
N_CLASSES = 1000
#: The random numbers that params start from, and those of the images.
SEED = 0


def classic(name: str, folder: Path) -> NetSpec:
    """The net up to its scores, its params drawn so that signals keep their size."""
    file = folder / f"{name}.prototxt"
    file.write_text(getattr(caffe_architectures, name)(), encoding="utf-8")
    spec = translate(file, None, phases=("test",)).spec()
    return spec.with_nodes(
        list(_one_norm(_drawn(n) for n in spec.nodes if n.spec.type != "Softmax"))
    )


def _drawn(node: Node) -> Node:
    """The layer with a weight to start from: the prototxt has none."""
    keys = {"filter_init", "weight_init"} & type(node.spec).model_fields.keys()
    return Node.of(node.spec.model_copy(update=dict.fromkeys(keys, MSRA())), node.position)


def _one_norm(nodes: Iterator[Node]) -> Iterator[Node]:
    """Caffe's BatchNorm and Scale as the one layer that they are elsewhere."""
    for node in nodes:
        if node.spec.type == "BatchNorm":
            scale = next(nodes)
            update = {"affine": True, "tops": scale.spec.tops}
            node = Node.of(node.spec.model_copy(update=update), node.position)  # noqa: PLW2901
        yield node


def shape_of(spec: NetSpec) -> tuple[int, ...]:
    """Of one image."""
    (shape,) = spec.nodes[0].spec.shapes.values()
    return tuple(shape)


def with_batch(spec: NetSpec, batch: int) -> NetSpec:
    """The net for so many images at once."""
    first, *rest = spec.nodes
    return spec.with_nodes([Node.of(first.spec.model_copy(update={"batch_size": batch})), *rest])


def training(spec: NetSpec, batch: int) -> NetSpec:
    """The net that learns from images in memory."""
    shapes = {"data": shape_of(spec), "label": ()}
    rows = MemoryData(name="rows", batch_size=batch, shapes=shapes, tops=("data", "label"))
    flat = Flatten(name="scores", bottoms=spec.nodes[-1].tops, tops=("scores",))
    loss = SoftmaxLoss(name="loss", bottoms=("scores", "label"))
    return spec.with_nodes([Node.of(rows), *spec.nodes[1:], Node.of(flat), Node.of(loss)])


def images(shape: tuple[int, ...], batch: int) -> dict[str, np.ndarray]:
    """Random images and their classes."""
    rng = np.random.default_rng(SEED)
    labels = rng.integers(0, N_CLASSES, batch).astype(np.float32)
    return {"data": rng.standard_normal((batch, *shape), dtype=np.float32), "label": labels}


def write_files(name: str, folder: Path, batches: tuple[int, ...]) -> dict[str, str]:
    """What the workers read, in a folder.

    Returns:
        ``net``: graphnet's YAML; ``weights``: its model; ``layers``: a list for PyTorch;
        ``arrays``: its params, an .npz; ``images``: those of the largest batch;
        ``onnx``: the exported file.
    """
    spec = classic(name, folder)
    names = {
        "net": "net.yaml", "weights": "model.h5", "layers": "layers.json", "arrays": "params.npz",
        "images": "images.npz", "onnx": "net.onnx",
    }  # fmt: skip
    files = {key: str(folder / file) for key, file in names.items()}
    Path(files["net"]).write_text(spec.to_yaml(), encoding="utf-8")
    with closing(load_net(spec, "test", threads=1)) as net:
        arrays = {f"{at}/{key}": np.array(p.data) for at, key, p in net.store.items()}
        save_model(net, files["weights"])
    np.savez(files["arrays"], **arrays)
    np.savez(files["images"], **images(shape_of(spec), max(batches)))
    listed = [_told(n) for n in spec.nodes[1:]]
    Path(files["layers"]).write_text(json.dumps(listed), encoding="utf-8")
    export_onnx(files["net"], files["onnx"], files["weights"], force=True)
    return files


def _told(node: Node) -> dict[str, Any]:
    """A layer as PyTorch's worker is told of it: what differs from the defaults, as in YAML."""
    return json.loads(json.dumps(layer_dict(node.spec)))
