"""Small ONNX models, put together by hand, and what becomes of them in graphnet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.interchange.onnx.files.reading import file_of
from graphnet.interchange.onnx.imported import ImportedOnnx
from graphnet.interchange.onnx.parity import run_file
from graphnet.interchange.onnx.translation import translate_graph
from graphnet.net.load_net import load_net

#: ``(operator, inputs, outputs, attributes)``, or with a name in front.
NodeText = tuple[Any, ...]


def model_of(
    nodes: Sequence[NodeText],
    inputs: Mapping[str, Sequence[Any]],
    constants: Mapping[str, np.ndarray] | None = None,
    outputs: Sequence[str] = ("y",),
    opset: int = 22,
) -> Any:
    """A model; inputs and outputs are floats."""
    import onnx

    made = []
    for op, read, given, *more in nodes:
        attributes = dict(more[0]) if more else {}
        name = attributes.pop("name", "")
        made.append(
            onnx.helper.make_node(op, read.split(","), given.split(","), name, **attributes)
        )
    info, kind = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    tensors = [
        onnx.numpy_helper.from_array(np.asarray(array), name)
        for name, array in (constants or {}).items()
    ]
    graph = onnx.helper.make_graph(
        made,
        "made",
        [info(name, kind, list(shape)) for name, shape in inputs.items()],
        [info(name, kind, None) for name in outputs],
        initializer=tensors,
    )
    domain = onnx.helper.make_opsetid("", opset)
    return onnx.helper.make_model(graph, opset_imports=[domain], ir_version=10)


def imported(model: Any) -> ImportedOnnx:
    """The model in graphnet."""
    return translate_graph(file_of(model, Path("m.onnx")), "m.onnx")


def run_imported(made: ImportedOnnx, fed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What an imported net gives, its axes in ONNX's order."""
    net = load_net(made.spec(), "test")
    try:
        for name, array in made.arrays():
            group, _, path = name.partition("/")
            layer, _, param = path.rpartition("/")
            if group == "params":
                net.store.params[layer][param].data[...] = array
            else:
                net.store.state[layer][param][...] = array
        for name, value in made.takes.items():
            if value.blob in made.feed["tops"]:
                turned = np.transpose(fed[name].astype(np.float32), np.argsort(value.axes))
                net.fed(value.blob)[...] = turned
        net.forward()
        found = {}
        for name, value in made.gives.items():
            order = [axis for axis in value.axes if axis is not None]
            found[name] = np.transpose(net.blobs[value.blob].data, order).reshape(value.logical)
        return found
    finally:
        net.close()


def both_give(
    model: Any, seed: int = 0, low: float = -1.0
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What graphnet and onnxruntime make of the same random inputs."""
    draw = np.random.default_rng(seed)
    constants = {tensor.name for tensor in model.graph.initializer}
    fed = {}
    for each in model.graph.input:
        if each.name not in constants:
            shape = [dim.dim_value or 1 for dim in each.type.tensor_type.shape.dim]
            fed[each.name] = draw.uniform(low, 1, shape).astype(np.float32)
    return run_imported(imported(model), fed), run_file(model.SerializeToString(), fed)


def types_of(made: ImportedOnnx) -> list[str]:
    """The types of the layers behind the inputs."""
    return [layer["type"] for layer in made.layers()[1:]]
