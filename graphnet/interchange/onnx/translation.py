"""An ONNX graph as layers of graphnet: node by node, in the order of the file.

What nodes make of constants alone is computed at once; what nobody needs is left out. A node that
graphnet has no equal of is noted, and the ones behind it are still looked at, so that all that is
unsupported is said in one go.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np

from graphnet.declare.names import check_name, free_name
from graphnet.errors import GraphnetError, Problem, SpecError, did_you_mean
from graphnet.interchange.onnx.files.reading import Attributes, OnnxFile
from graphnet.interchange.onnx.graph.constants import MOST_IN_ALL, ConstantNode, fold_all
from graphnet.interchange.onnx.graph.inputs import find_inputs
from graphnet.interchange.onnx.graph.node_reader import FromOnnx, MadeLayers, NodeReader
from graphnet.interchange.onnx.graph.time_first import batch_first, time_first
from graphnet.interchange.onnx.graph.values import Value
from graphnet.interchange.onnx.imported import ImportedOnnx, NodeEntry
from graphnet.interchange.onnx.operators.attention import find_attention, translate_attention
from graphnet.interchange.onnx.operators.attention_blocks import FoundBlock
from graphnet.interchange.onnx.operators.table import OPERATORS
from graphnet.layers import LAYER_TYPES

_OWN, _BOOL = ("", "ai.onnx"), 9  # domains; a type
#: Operators whose layer takes a bias that is added behind it, if nobody else reads what it makes.
_BIASED = ("MatMul", "Gather", "Mul")


def translate_graph(file: OnnxFile, path: str) -> ImportedOnnx:
    """A graph as a net.

    Raises:
        SpecError: With all that is wrong or has no equal, each with its node.
    """
    return _GraphTranslation(file, path).run()


class _GraphTranslation:
    """The walk through a graph."""

    def __init__(self, file: OnnxFile, path: str) -> None:
        self.file, self.graph, self.path = file, file.graph, path
        self.made = MadeLayers()
        self.found: dict[str, Value | np.ndarray | None] = {}  # None: what a wrong node makes
        self.made.values = self.found
        self.problems: list[str] = []
        self.entries: list[NodeEntry] = []
        self.taken: set[str] = set()
        self.n_folded = 0
        self.takes: dict[str, Value] = {}
        self.owners: dict[str, str] = {}
        self.reasons: dict[str, str] = {}
        self.sharing: dict[tuple[str, tuple[str, ...]], str] = {}

    def run(self) -> ImportedOnnx:
        """All nodes that are needed."""
        for tensor in self.graph.initializer:
            try:
                self.found[tensor.name] = self.file.array(tensor)
            except GraphnetError as error:
                self.problems += [problem.message for problem in error.problems]
                self.found[tensor.name] = None
        self.outputs = [output.name for output in self.graph.output]
        self.needed = self.find_needed()
        feed, notes = self.feed()
        walk = self.after_constants()
        self.readers = Counter(name for node in walk for name in node.input)
        self.readers.update(self.outputs)
        for node in walk:
            self.one(node)
        made = ImportedOnnx(clean(self.file.name), feed, self.made, self.takes, self.entries, notes)
        self.finish(made)
        if self.problems:
            listed = (Problem(f"{self.path}: {text}") for text in dict.fromkeys(self.problems))
            raise SpecError.of(listed)
        states = self.made.states
        feed["tops"] = [top for top in feed["tops"] if top not in self.state_blobs(states)]
        feed["shapes"] = {top: feed["shapes"][top] for top in feed["tops"]}
        made.join_neurons()
        return made

    def state_blobs(self, states: set[str]) -> set[str]:
        """The blobs of inputs that layers keep themselves."""
        return {value.blob for name in states if isinstance(value := self.found[name], Value)}

    def nodes(self) -> Iterator[Any]:
        """The nodes that something is needed of."""
        return (n for n in self.graph.node if any(name in self.needed for name in n.output))

    def after_constants(self) -> list[Any]:
        """Compute what is made of constants alone; the other nodes, each attention one of them."""
        others = []
        for node in self.nodes():
            if all(not name or isinstance(self.found.get(name), np.ndarray) for name in node.input):
                self.one(node)
            else:
                others.append(node)
        constants = {n: a for n, a in self.found.items() if isinstance(a, np.ndarray)}
        truths = {i.name for i in self.graph.input if i.type.tensor_type.elem_type == _BOOL}
        attention = find_attention(
            others, constants, frozenset(self.outputs), self.file.opset, truths
        )
        self.reasons = attention.reasons
        return attention.walk

    def find_needed(self) -> set[str]:
        """The values that the outputs depend on."""
        needed = set(self.outputs)
        for node in reversed(self.graph.node):
            if not needed.isdisjoint(node.output):
                needed.update(node.input)
                for attribute in node.attribute:  # of a graph within it, all that it reads
                    needed.update(name for n in attribute.g.node for name in n.input)
        needed.discard("")
        return needed

    def feed(self) -> tuple[dict[str, Any], list[str]]:
        """The layer of the inputs."""
        given = [i for i in self.graph.input if i.name not in self.found and i.name in self.needed]
        try:
            inputs = find_inputs(given, self.graph.node)
        except GraphnetError as error:
            self.problems += [problem.message for problem in error.problems]
            self.found.update(dict.fromkeys((i.name for i in given), None))
            inputs = []
        self.made.is_open = any(each.is_open for each in inputs)
        blobs, notes = {}, []
        for each in inputs:
            blob = self.made.fresh_blob(clean(each.name))
            kind: Literal["float", "whole"] = "float" if each.is_float else "whole"
            value = Value(blob, each.shape, each.axes, kind, each.name)
            self.found[each.name] = self.takes[each.name] = value
            self.made.shapes[blob] = each.shape
            self.made.fed.add(each.name)
            blobs[blob] = list(each.shape[1:])
            notes += [f"{blob}: {note}" for note in each.notes]
        size = inputs[0].shape[0] if inputs else 1
        feed = {"name": "input", "type": "Input", "batch_size": size, "shapes": blobs}
        self.taken.add("input")
        return feed | {"tops": list(blobs)}, notes

    # --- one node -----------------------------------------------------------------------

    def one(self, node: Any) -> None:
        """What a node becomes; what is wrong with it is noted."""
        block = node if isinstance(node, FoundBlock) else None
        at = block.shown if block else node
        shown = f"node '{at.name or (at.output[0] if at.output else '')}' ({at.op_type}): "
        reason = next((self.reasons[name] for name in node.output if name in self.reasons), "")
        more = f"\n  it is no attention of graphnet's: {reason}" if reason else ""
        try:
            results = self.translated(node)
        except _SilentError:
            if reason:
                self.problems.append(f"{shown}it is no attention of graphnet's: {reason}")
            results = {}
        except GraphnetError as error:
            self.problems += [shown + problem.message + more for problem in error.problems]
            results = {}
        for i, name in enumerate(node.output):
            if name:
                self.found[name] = results.get(i)

    def translated(self, node: Any) -> dict[int, Value | np.ndarray]:
        """The outputs of a node."""
        if node.domain not in _OWN:
            raise SpecError(f"is an operator of '{node.domain}', not of ONNX's own")
        translate = _translator(node)
        inputs = self.inputs_of(node, known=translate is not None)
        attributes = Attributes(node.attribute)
        if "broadcast" in attributes and "axis" in attributes:
            raise SpecError("repeats its second input from an axis on, as before opset 7")
        blobs = [x for x in inputs if isinstance(x, Value)]
        if node.op_type in ("Shape", "Size") and blobs:
            shape = blobs[0].logical
            stop = attributes.whole("end", len(shape))
            part = shape[slice(attributes.whole("start", 0), stop)]
            is_size = node.op_type == "Size"
            return {0: np.array(np.prod(shape) if is_size else part, np.int64)}
        if not blobs:
            return self.folded(node, inputs, attributes)
        if translate is None:
            hint = did_you_mean(node.op_type, OPERATORS)
            raise SpecError(f"graphnet has no layer like it{hint}")
        turned = batch_first(node.op_type, attributes, inputs, self.file.opset)
        reader = NodeReader(
            node.op_type,
            self.layer_name(node),
            attributes,
            self.file.opset,
            inputs if turned is None else turned,
            [self.blob_name(name) for name in node.output],
            self.made,
            list(node.input),
        )
        self.made.constants = {n: a for n, a in self.found.items() if isinstance(a, np.ndarray)}
        self.guarded(translate, reader)
        own = tuple(name for name in reader.own if name in self.made.layers)
        self.entries.append(
            NodeEntry(node.name or node.op_type, node.op_type, own, tuple(reader.notes))
        )
        first = reader.results.get(0)
        joins = node.op_type in (*_BIASED, "Flatten") and own
        if joins and first is not None and self.readers[node.output[0]] == 1:
            self.made.alone[first.blob] = (node.op_type, own[-1])
        self.share(node, own)
        if node.op_type == "Gemm":
            self.tie(node, attributes, own)
        if turned is not None:
            return {i: time_first(value) for i, value in reader.results.items()}
        return dict(reader.results)

    def folded(
        self, node: Any, inputs: list[Value | np.ndarray | None], attributes: Attributes
    ) -> dict[int, Value | np.ndarray]:
        """What a node makes of constants."""
        arrays = [x if isinstance(x, np.ndarray) else None for x in inputs]
        values = fold_all(node.op_type, ConstantNode(arrays, attributes), len(node.output))
        if values is None:
            raise SpecError("computes constants, by an operator that graphnet does not know")
        self.n_folded += sum(value.size for value in values)
        if self.n_folded > MOST_IN_ALL:
            raise SpecError(f"with it, computed constants have more than {MOST_IN_ALL:,} numbers")
        return dict(enumerate(values))

    def share(self, node: Any, own: tuple[str, ...]) -> None:
        """Let a layer that is filled with the same constants as another one share its params."""
        names = tuple(n for n in node.input if isinstance(self.found.get(n), np.ndarray))
        params = {key: a for key, a in self.made.params.items() if key.rpartition("/")[0] in own}
        filled = {key.rpartition("/")[0] for key in params}
        if not names or len(filled) != 1:
            return
        (name,) = filled
        layer = self.made.layers[name]
        first = self.sharing.setdefault((node.op_type, names), name)
        keys = [key for key in self.made.params if key.rpartition("/")[0] == first]
        same = {k.rpartition("/")[2]: self.made.params[k].shape for k in keys}
        shapes = {k.rpartition("/")[2]: a.shape for k, a in params.items()}
        if first == name or same != shapes or layer["type"] != self.made.layers[first]["type"]:
            return
        if "param_key" in LAYER_TYPES[layer["type"]].model_fields:
            layer["param_key"] = first
            for key in params:
                del self.made.params[key]
            for key in [k for k in self.made.state if k.rpartition("/")[0] == name]:
                del self.made.state[key]

    def tie(self, node: Any, attributes: Attributes, own: tuple[str, ...]) -> None:
        """Let a product with the transposed weight of another layer be a TiedInnerProduct."""
        name, weight = own[-1], node.input[1]
        layer = self.made.layers[name]
        if attributes.number("alpha", 1.0) != 1:
            return
        if attributes.whole("transB", 0):
            self.owners.setdefault(weight, layer.get("param_key", name))
        elif weight in self.owners and "param_key" not in layer:
            layer["type"], layer["tied_param_key"] = "TiedInnerProduct", self.owners[weight]
            del self.made.params[f"{name}/weight"]

    def guarded(self, translate: Any, reader: NodeReader) -> None:
        """Translate; a file that is not as ONNX describes it is an error like others."""
        try:
            translate(reader)
        except (ValueError, IndexError, TypeError, OverflowError, ZeroDivisionError) as error:
            raise SpecError(f"is not as ONNX describes it: {error}") from error

    def inputs_of(self, node: Any, *, known: bool) -> list[Value | np.ndarray | None]:
        """What a node reads."""
        found: list[Value | np.ndarray | None] = []
        for name in node.input:
            if not name:
                found.append(None)
            elif name not in self.found:
                raise SpecError(f"reads '{name}', which nothing above it makes")
            elif self.found[name] is None:
                if known:
                    raise _SilentError("depends on a node that is wrong")
                raise SpecError("graphnet has no layer like it")
            else:
                found.append(self.found[name])
        return found

    # --- names --------------------------------------------------------------------------

    def layer_name(self, node: Any) -> str:
        """A name for its layer, unlike all others."""
        base = clean(node.name) if node.name else node.op_type.lower()
        name = free_name(base, self.taken, self.made.layers)
        self.taken.add(name)
        return name

    def blob_name(self, output: str) -> str:
        """A name for what an output may be called; nothing if it is not needed."""
        return self.made.fresh_blob(clean(output)) if output in self.needed else ""

    # --- outputs ------------------------------------------------------------------------

    def finish(self, made: ImportedOnnx) -> None:
        """See that every output is a blob that nobody reads."""
        names = dict.fromkeys(self.outputs)
        values = [v for name in names if isinstance(v := self.found.get(name), Value)]
        self.blobs = Counter(value.blob for value in values)
        for name in names:
            value = self.found.get(name)
            if name not in self.found:
                self.problems.append(f"output '{name}': nothing makes it")
            elif isinstance(value, np.ndarray):
                self.problems.append(f"output '{name}': is a constant, which no layer gives")
            elif isinstance(value, Value) and value.kind == "cut":
                self.problems.append(f"output '{name}': is cut to whole numbers")
            elif isinstance(value, Value) and value.blob:
                self.output(name, value, made)

    def output(self, name: str, value: Value, made: ImportedOnnx) -> None:
        """One of them."""
        reader = NodeReader(
            "Identity", clean(name), Attributes(), self.file.opset, [value], [""], self.made
        )
        try:
            if value.axes[:1] == (0,):
                value = reader.straight(value)
            else:
                made.notes.append(
                    f"{value.blob}: its axes are in another order in ONNX; here the batch is first"
                )
        except GraphnetError as error:
            self.problems += [f"output '{name}': {p.message}" for p in error.problems]
            return
        wanted = clean(name)
        is_own = value.blob == wanted or value.blob not in map(clean, self.outputs)
        is_own = is_own and self.blobs[value.blob] == 1
        is_read = any(value.blob in layer["bottoms"] for layer in self.made.layers.values())
        if not is_read and is_own and value.source not in self.made.fed:
            blob = self.rename(value.blob, wanted)
        else:
            blob = wanted if wanted not in self.made.shapes else self.made.fresh_blob(wanted)
            reader.layer("Identity", value, word="output", tops=[blob])
        made.gives[name] = replace(value, blob=blob)

    def rename(self, blob: str, name: str) -> str:
        """Call a blob that nobody reads by the name of the output that it is, if that is free."""
        if blob == name or name in self.made.shapes:
            return blob
        for layer in self.made.layers.values():
            if blob in layer.get("tops", ()):
                layer["tops"] = [name if top == blob else top for top in layer["tops"]]
        self.made.shapes[name] = self.made.shapes.pop(blob)
        return name


def _translator(node: Any) -> FromOnnx | None:
    """What translates a node; None if graphnet has no layer like it."""
    if isinstance(node, FoundBlock):
        return partial(translate_attention, node)
    return OPERATORS.get(node.op_type)


class _SilentError(SpecError):
    """A node that depends on a wrong one."""


def clean(name: str) -> str:
    """A name that graphnet can take."""
    found = re.sub(r"/+", "/", name).strip("/") or "net"
    found = "".join(c if c.isprintable() else "_" for c in found)[:200]
    try:
        check_name(found)
    except SpecError:
        found = found.replace("/", "_").replace(".", "_")
    return found
