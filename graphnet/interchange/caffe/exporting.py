"""Exporting to Caffe: a net's .prototxt and .caffemodel.

graphnet export caffe nets/lenet5.yaml --weights runs/lenet5 -o lenet5.prototxt
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.declare.arguments import expect_one_of, expect_path, spelled_out
from graphnet.errors import Problem, SnapshotError, SpecError, noted
from graphnet.files.paths import refuse_to_replace, refuse_to_write_over
from graphnet.files.writing import Advice, output_file, write_durably
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.files.text_writer import write_text
from graphnet.interchange.caffe.files.wire_writer import Blobs, write_model
from graphnet.interchange.caffe.writers.exported_layer import Part
from graphnet.interchange.caffe.writers.layers import parts_of
from graphnet.interchange.plain_graph import plain_graph
from graphnet.layers.base import Phase
from graphnet.net.graph import LayerVertex
from graphnet.net.spec import NetSpec, read_net
from graphnet.solver.record.snapshot_file import Contents
from graphnet.solver.record.weights import read_weights


@dataclass(frozen=True)
class Exported:
    """One layer of Caffe's, and what fills it.

    Attributes:
        of: The layer of graphnet.
        part: The layer of Caffe.
        shapes: Of its blobs.
    """

    of: LayerVertex
    part: Part
    shapes: list[Shape]


@spelled_out
def export_caffe(
    net: Path | str | NetSpec,
    to: Path | str,
    weights: Path | str | None = None,
    phase: Phase = "test",
    *,
    force: bool = False,
) -> list[Exported]:
    """Write a net as Caffe's: ``NAME.prototxt``, and ``NAME.caffemodel`` with weights.

    Args:
        net: Its YAML file.
        to: The .prototxt; the model lies beside it.
        weights: A run, snapshot or model. Default: the .prototxt alone is written.
        phase: Which of its layers. Data layers become an Input.
        force: Whether files that are there may be replaced.

    Returns:
        What was written, layer by layer.

    Raises:
        SpecError: With all layers that Caffe does not have; nothing is then written.
        SnapshotError: If the weights cannot be read or do not fit.
    """
    if not isinstance(net, NetSpec):
        expect_path("net", net, call="export_caffe(NET, NAME.prototxt)")
    expect_path("to", to, call="export_caffe(NET, NAME.prototxt)")
    expect_one_of("phase", phase, get_args(Phase))
    path = Path(to)
    if path.suffix != ".prototxt":
        raise SpecError(f"{path}: a net of Caffe is a .prototxt\n  give it a name that ends so")
    targets = [path, *([path.with_suffix(".caffemodel")] if weights is not None else [])]
    given = {"the net's YAML": net, "the weights": weights}
    read = {what: Path(path) for what, path in given.items() if isinstance(path, str | Path)}
    for target in targets:
        refuse_to_write_over(target, read)
    refuse_to_replace(targets, force=force)
    spec = net if isinstance(net, NetSpec) else read_net(Path(net))
    found = exported(spec, phase)
    contents = None if weights is None else read_weights(Path(weights))[1]
    whole = Message.of("NetParameter", name=spec.name)
    layers = Message.of("NetParameter", layer=[each.part.message for each in found])
    text = write_text(whole) + write_text(layers)
    path.parent.mkdir(parents=True, exist_ok=True)
    if contents is not None:
        filled = [(each.part.message, _blobs(each, contents)) for each in found]
        with output_file(path.with_suffix(".caffemodel"), Advice(SnapshotError)) as output:
            write_model(output, whole, filled)
    write_durably(path, text.encode(), Advice(SpecError))
    return found


def exported(spec: NetSpec, phase: Phase) -> list[Exported]:
    """What a net is in Caffe.

    Raises:
        GraphnetError: With all layers that Caffe does not have.
    """
    graph = plain_graph(spec, phase)
    keys = Counter(v.spec.store_key for v in graph.layers if _decls(v))
    found: list[Exported] = []
    problems: list[Problem] = []
    for vertex in graph.layers:
        parts: Sequence[Part] = ()
        with noted(problems):
            parts = parts_of(vertex, vertex.name)
        decls = _decls(vertex)
        for part in parts:
            shapes = [decls[name] for name in part.params]
            shapes += [constant.shape for constant in part.constants]
            if keys[vertex.spec.store_key] > 1:
                _share(part, vertex.spec.store_key)
            found.append(Exported(vertex, part, shapes))
    if problems:
        raise SpecError.of(problems)
    return found


def _decls(vertex: LayerVertex) -> Mapping[str, Shape]:
    """The shapes of its params and state."""
    bottoms = vertex.bottom_shapes
    params, state = vertex.spec.param_decls(bottoms), vertex.spec.state_decls(bottoms)
    shapes: dict[str, Shape] = {name: decl.shape for name, decl in params.items()}
    return shapes | {name: decl.shape for name, decl in state.items()}


def _share(part: Part, key: str) -> None:
    """Name the params that several layers share."""
    for name, param in zip(part.params, part.message["param"], strict=False):
        param.put("name", f"{key}.{name}")


def _blobs(each: Exported, contents: Contents) -> Blobs:
    """The arrays of a layer.

    Raises:
        SnapshotError: If the model lacks one, or has it in another shape.
    """
    found: list[tuple[Shape, Callable[[], np.ndarray]]] = []
    key = each.of.spec.store_key
    for name, shape in zip(each.part.params, each.shapes, strict=False):
        array = contents.params.get(f"{key}/{name}", contents.state.get(f"{key}/{name}"))
        if array is None or array.shape != shape:
            there = "is not there" if array is None else f"is {shape_text(array.shape)} there"
            raise SnapshotError(
                f"the weights are not of this net: '{key}/{name}' {there}, expected"
                f" {shape_text(shape)}"
            )
        written = () if each.part.is_scalar else shape
        found.append((written, partial(np.asarray, array)))
    return [*found, *((c.shape, partial(np.asarray, c)) for c in each.part.constants)]
