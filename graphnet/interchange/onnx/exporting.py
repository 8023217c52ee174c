"""Exporting to ONNX: a net and its params in one file that other runtimes run.

graphnet export onnx nets/lenet5.yaml --weights runs/lenet5 -o lenet5.onnx
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import graphnet
from graphnet.blob import shape_text
from graphnet.errors import GraphnetError, SpecError
from graphnet.files.paths import refuse_to_replace, refuse_to_write_over
from graphnet.files.writing import Advice, output_file
from graphnet.interchange.onnx.deploying import Deployed, all_problems, deployed
from graphnet.interchange.onnx.files.building import OnnxGraph, with_batch
from graphnet.interchange.onnx.files.library import MOST_BYTES, library, runtime
from graphnet.interchange.onnx.parity import Parity, compare
from graphnet.interchange.onnx.writers.layer_writer import LayerWriter, Values
from graphnet.interchange.onnx.writers.layers import write_layer
from graphnet.layers.base import Kind, Phase
from graphnet.net.graph import BlobVertex, LayerVertex
from graphnet.net.load_net import load_net
from graphnet.net.net import Net
from graphnet.net.spec import NetSpec, read_net
from graphnet.solver.record.weights import load_weights

#: Bytes of constants: from so many on they are not handed to onnxruntime as a file.
_MUCH = 1 << 26


@dataclass(frozen=True)
class ExportedOnnx:
    """What was written.

    Attributes:
        net: As it was deployed.
        graph: What it is in ONNX.
        parity: How far onnxruntime's numbers are from graphnet's; None where it is not installed.
        n_bytes: Of the file, and of that beside it.
        beside: A file with the large constants; None where one file holds all.
        notes: What is otherwise than in the net.
    """

    net: Deployed
    graph: OnnxGraph
    parity: Parity | None
    n_bytes: int
    beside: Path | None
    notes: list[str]

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Each layer: its name, its type, its operators, its params."""
        found = []
        for vertex in self.net.graph.layers:
            ops = [node.op for node in self.graph.nodes if self._is_of(node.name, vertex)]
            decls = vertex.spec.param_decls(vertex.bottom_shapes)
            shapes = ", ".join(shape_text(decl.shape) for decl in decls.values())
            found.append((vertex.name, vertex.type, " + ".join(ops) or "input", shapes))
        return found

    def _is_of(self, name: str, layer: LayerVertex) -> bool:
        """Whether an operator belongs to a layer, and not to one whose name goes on from there."""
        names = [v.name for v in self.net.graph.layers]
        owners = [n for n in names if name == n or name.startswith(f"{n}.")]
        return layer.name == max(owners, key=len, default="")


def export_onnx(
    net: Path | str | NetSpec,
    to: Path | str,
    weights: Path | str | None = None,
    phase: Phase = "test",
    *,
    gives: Sequence[str] = (),
    force: bool = False,
) -> ExportedOnnx:
    """Write a net as ONNX: opset 22, IR 10, the batch axis open, looked at by onnx's checker.

    Where onnxruntime is installed, the file is run and compared with graphnet before it gets its
    name. What is larger than a file of ONNX can be, 2 GiB, becomes two: the large constants are in
    ``NAME.onnx.data`` beside it.

    Args:
        net: Its YAML file.
        to: The .onnx.
        weights: A run, snapshot or model; by default params are as their initializers make them.
        phase: Which of its layers.
        gives: The blobs that it gives. Default: those that nobody reads.
        force: Whether a file that is there may be replaced.

    Returns:
        What was written.

    Raises:
        SpecError: With all layers that ONNX has no equal of; nothing is then written.
    """
    path = Path(to)
    if path.suffix != ".onnx":
        raise SpecError(f"{path}: a net of ONNX is a .onnx file\n  give it a name that ends so")
    read = {"the net's YAML": net, "the weights": weights}
    refuse_to_write_over(
        path, {what: Path(p) for what, p in read.items() if isinstance(p, str | Path)}
    )
    refuse_to_replace([path], force=force)
    library()
    spec = net if isinstance(net, NetSpec) else read_net(Path(net))
    made = deployed(spec, phase, gives)
    notes = list(made.notes)
    with closing(load_net(made.spec, phase, keep=made.outputs)) as running:
        if weights is not None:
            load_weights(running, Path(weights), strict=True)
        else:
            notes.append("no weights were given: params are as their initializers make them")
        graph = onnx_graph(made, phase, values_of(running))
        graph.check(graphnet.__version__)
        content, beside = graph.file(graphnet.__version__), None
        if content.n_bytes > MOST_BYTES:
            beside = path.with_name(f"{path.name}.data")
            refuse_to_replace([beside], force=force)
            content = graph.file(graphnet.__version__, beside.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:  # the file beside it gets its name first
            output = stack.enter_context(output_file(path, Advice(SpecError)))
            content.write(output)
            n_bytes = output.tell()
            if beside is not None:
                values = stack.enter_context(output_file(beside, Advice(SpecError)))
                n_bytes += content.write_values(values)
            parity = None
            if runtime() is not None:
                given, outside = _to_run(graph, output.unfinished, is_split=beside is not None)
                parity = compare(given, made, graph.given, running, outside)
    return ExportedOnnx(made, graph, parity, n_bytes, beside, notes)


def _to_run(
    graph: OnnxGraph, file: Path, *, is_split: bool
) -> tuple[Path | bytes, Mapping[str, np.ndarray]]:
    """What onnxruntime is given: the file; of a large one all but the large constants, and these.

    It would have them in memory a second time.
    """
    large = graph.large
    if not is_split and sum(array.nbytes for array in large.values()) < _MUCH:
        return file, {}
    return graph.without_large(graphnet.__version__).SerializeToString(), large


def values_of(net: Net) -> Values:
    """The values of params and of state, on the host."""

    def values(key: str) -> np.ndarray:
        layer, _, name = key.rpartition("/")
        is_param = name in net.store.params.get(layer, ())
        array = net.store.params[layer][name].data if is_param else net.store.state[layer][name]
        if not isinstance(array, np.ndarray):
            array = net.backend.download(array)
        return np.asarray(array, np.float32)  # those of the net itself where they are on the host

    return values


def onnx_graph(net: Deployed, phase: Phase, values: Values) -> OnnxGraph:
    """What a deployed net is in ONNX.

    Raises:
        GraphnetError: With all layers that ONNX has no equal of.
    """
    blobs = net.graph.all_blobs
    fed = {blob.name for blob in blobs if blob.producer.kind is Kind.DATA}
    made = OnnxGraph(net.spec.name, (blob.name for blob in blobs))
    names = {blob: _name_of(blob, fed, made) for blob in blobs}
    for blob in blobs:
        shape = with_batch(blob.shape)
        if blob.producer.kind is Kind.DATA:
            made.inputs[names[blob]] = shape
        elif not blob.is_internal and blob.name in net.outputs:
            made.outputs[names[blob]] = shape
            made.given[blob.name] = names[blob]
        elif not blob.is_internal:
            made.known[names[blob]] = shape
    stored: dict[str, str] = {}
    problems: list[GraphnetError] = []
    for vertex in net.graph.layers:
        if vertex.kind is Kind.DATA:
            continue
        inputs, outputs = ([names[b] for b in part] for part in (vertex.bottoms, vertex.tops))
        try:
            write_layer(LayerWriter(vertex, made, inputs, outputs, values, phase, stored))
        except GraphnetError as error:
            problems.append(error)
    if problems:
        raise all_problems(problems)
    return made


def _name_of(blob: BlobVertex, fed: set[str], graph: OnnxGraph) -> str:
    """The name of a value: the blob's.

    Of a blob that layers in place change, an input's first version has it, else the last one; the
    others have that of the layer, too.
    """
    if blob.name in fed:
        is_first = blob.producer.kind is Kind.DATA
        return blob.name if is_first else graph.fresh(f"{blob.name}.{blob.producer.name}")
    if not blob.is_internal:
        return blob.name
    over = (layer for layer in blob.readers if any(top.name == blob.name for top in layer.tops))
    return graph.fresh(f"{blob.name}.before-{next(over).name}")
