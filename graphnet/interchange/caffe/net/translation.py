"""A Caffe net as layers of graphnet: which run in each phase, and what each becomes.

Layer by layer, in the order of the file: is it in the phase, are its bottoms there, what is it in
graphnet, and which shapes come out. A blob that is changed in place where graphnet's layer does not
run in place is several blobs here; the last one has its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from graphnet.blob import Shape
from graphnet.declare.names import check_name, free_name
from graphnet.errors import DataError, GraphnetError, SpecError, did_you_mean, located
from graphnet.interchange.caffe.files.blobs import StoredBlob
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers.reading import Files, LayerDict, Reader
from graphnet.interchange.caffe.layers.table import LAYER_TYPES
from graphnet.interchange.caffe.net.batch_axis import translated
from graphnet.interchange.caffe.net.phases import PhaseNet, Translated
from graphnet.interchange.caffe.net.rules import State, runs
from graphnet.interchange.caffe.net.sharing import SharedParams
from graphnet.interchange.caffe.net.time_first import check_time_first, time_first
from graphnet.interchange.caffe.net.versions import Versions, is_automatic_split
from graphnet.net.spec import Node, read_net
from graphnet.params.param import ParamDecl


def translate_net(
    net: Message,
    state: State,
    files: Files,
    stored: Mapping[str, list[StoredBlob]] | None,
    decay: str = "L2Regu",
) -> PhaseNet:
    """The layers of a net in one state.

    Args:
        net: In the present form.
        state: Phase, level and stages.
        files: Where named files are looked for.
        stored: The arrays of the model; None without one.
        decay: The regularizer that weight decay is.
    """
    return _Translation(net, state, files, stored, decay).run()


class _Translation:
    """The walk through a net."""

    def __init__(
        self,
        net: Message,
        state: State,
        files: Files,
        stored: Mapping[str, list[StoredBlob]] | None,
        decay: str,
    ) -> None:
        self.net, self.files, self.stored, self.decay = net, files, stored, decay
        self.state = state.merged(net["state"]) if net.has("state") else state
        if net.has("state"):
            self.state = State(state.phase, self.state.level, self.state.stages)
        self.done = PhaseNet()
        self.current: dict[str, str] = {}  # Caffe's blob → its present name in graphnet
        self.shapes: dict[str, Shape | None] = {}
        self.numbers: dict[str, str] = {}  # tops that are reported, and by which layer
        self.learns: set[str] = set()  # blobs that a param lies below
        self.shared = SharedParams()
        self.names: set[str] = set()

    def run(self) -> PhaseNet:
        """All layers; each one's problems are kept, and those behind it are still looked at."""
        chosen = []
        for index, layer in enumerate(self.net["layer"]):
            try:
                if runs(layer, self.state):
                    chosen.append((index, layer))
            except GraphnetError as error:
                self.done.problems += error.problems
                self.done.lacks_inputs = False
        versions = Versions([layer for _, layer in chosen])
        self.done.time_first = time_first(layer for _, layer in chosen)
        for step, (index, layer) in enumerate(chosen):
            try:
                self.one(index, layer, versions, step)
            except GraphnetError as error:
                self.done.problems += error.problems
                self.done.lacks_inputs &= isinstance(error, _UnknownBottomError)
                for top in layer["top"]:
                    self.current.setdefault(top, top)
                    self.shapes.setdefault(self.current[top], None)
        return self.done

    def one(self, index: int, layer: Message, versions: Versions, step: int) -> None:
        """One layer of the phase."""
        kind, subject = layer["type"] or "", f"layer '{layer['name'] or ''}' ({layer['type']}): "
        known = LAYER_TYPES.get(kind)
        if known is None:
            hint = did_you_mean(kind, LAYER_TYPES)
            said = (
                f"has the type '{kind}', which Caffe 1.0 does not know" if kind else "has no type"
            )
            raise SpecError(f"layer '{layer['name'] or ''}': {said}{hint}", layer.at("type"))
        self.check_counts(layer, subject)
        self.check_tops(layer, subject)
        bottoms = self.bottoms_of(layer, subject)
        if is_automatic_split(layer):
            self.current.update(dict.fromkeys(layer["top"], bottoms[0]))
            return
        tops = tuple(versions.top(step, i) for i in range(len(layer["top"])))
        name, notes = self.name_for(layer)
        bottoms, stops = self.stopped(layer, name, bottoms, subject)
        reader = Reader(
            layer,
            name,
            bottoms,
            tops,
            tuple(self.shapes.get(b) for b in bottoms),
            self.state.phase,
            self.files,
            None if self.stored is None else self.stored.get(layer["name"] or "", []),
            self.decay,
            self.done.time_first,
        )
        check_time_first(reader)
        if isinstance(known.translate, str):
            reader.refuse(known.translate, layer.at("type"))
        made = translated(known.translate, reader, gives_blobs=not known.is_loss)
        made.before = [*stops, *made.before]
        is_loss = known.is_loss or [layer["type"] for layer in made.layers[-1:]] == ["SumLoss"]
        made.notes = [*notes, *made.notes]
        found = Translated(index, layer, made)
        for top, new in zip(layer["top"], tops, strict=True):
            self.current[top] = new
        self.current.update(made.renamed)
        self.shared.share(found, subject)
        with located(layer.position):
            self.infer(found, [*made.before, *made.layers, *made.after])
            if not is_loss:
                objectives = self.objectives(layer, name, tops, subject)
                self.infer(found, objectives)
                made.after = [*made.after, *objectives]
        self.shared.check_shapes(found, subject)
        if is_loss:
            given = {top for one in made.layers for top in one["tops"]}
            numbers = [t for t, new in zip(layer["top"], tops, strict=True) if new not in given]
            self.numbers.update(dict.fromkeys(numbers, name))
        learns = known.learns and not made.layers[-1].get("frozen")
        if learns or any(bottom in self.learns for bottom in layer["bottom"]):
            self.learns.update(layer["top"])
        self.done.layers.append(found)

    # --- what Caffe sees to -------------------------------------------------------------

    def check_counts(self, layer: Message, subject: str) -> None:
        """As many bottoms, tops and loss weights as the type allows."""
        known = LAYER_TYPES[layer["type"]]
        for what, (least, most) in (("bottom", known.bottoms), ("top", known.tops)):
            n = len(layer[what])
            if not least <= n <= most:
                wanted = f"{least}" if least == most else f"{least} to {most}"
                wanted = f"{least} or more" if most == float("inf") else wanted
                raise SpecError(
                    f"{subject}has {n} {what}s, expected {wanted}",
                    layer.at(what, int(min(n, most))),
                )
        n_weights, n_tops = len(layer["loss_weight"]), len(layer["top"])
        if n_weights and n_weights != max(n_tops, int(known.is_loss)):
            raise SpecError(
                f"{subject}has {n_weights} loss weights and {n_tops} tops\n  expected one for each",
                layer.at("loss_weight"),
            )
        if (
            layer["type"] in ("Convolution", "Deconvolution", "Im2col")
            and len(layer["bottom"]) != n_tops
        ):
            raise SpecError(
                f"{subject}has {len(layer['bottom'])} bottoms and {n_tops} tops"
                "\n  expected as many of both",
                layer.at("top"),
            )

    def check_tops(self, layer: Message, subject: str) -> None:
        """No top is written over another blob, but one in place over its own bottom."""
        for i, top in enumerate(layer["top"]):
            in_place = layer["bottom"][i : i + 1] == [top]
            if in_place and layer["type"] in ("Reshape", "Flatten", "Split"):
                raise SpecError(
                    f"{subject}cannot run in place\n  give its top a name of its own",
                    layer.at("top", i),
                )
            if top in self.current and not in_place:
                raise SpecError(
                    f"{subject}its top '{top}' is already the top of another layer"
                    "\n  give it a name of its own",
                    layer.at("top", i),
                )

    def bottoms_of(self, layer: Message, subject: str) -> tuple[str, ...]:
        """The names in graphnet of what it reads."""
        found = []
        for i, bottom in enumerate(layer["bottom"]):
            if bottom in self.numbers:
                if layer["type"] == "Silence":
                    continue
                raise SpecError(
                    f"{subject}reads '{bottom}', the value of layer '{self.numbers[bottom]}'"
                    "\n  graphnet reports it, and no layer can read it",
                    layer.at("bottom", i),
                )
            if bottom not in self.current:
                hint = did_you_mean(bottom, self.current)
                raise _UnknownBottomError(
                    f"{subject}no layer above makes its bottom '{bottom}'{hint}",
                    layer.at("bottom", i),
                )
            found.append(self.current[bottom])
        return tuple(found)

    def stopped(
        self, layer: Message, name: str, bottoms: tuple[str, ...], subject: str
    ) -> tuple[tuple[str, ...], list[LayerDict]]:
        """What it reads, where ``propagate_down`` stops gradients that would go through."""
        flags = layer["propagate_down"]
        if flags and len(flags) != len(layer["bottom"]):
            raise SpecError(
                f"{subject}has 'propagate_down' {len(flags)} times for {len(layer['bottom'])}"
                " bottoms\n  expected once for each",
                layer.at("propagate_down"),
            )
        if self.net["force_backward"] or len(bottoms) != len(layer["bottom"]):
            return bottoms, []
        read, stops = list(bottoms), []
        for i, flag in enumerate(flags):
            if not flag and layer["bottom"][i] in self.learns:
                suffix = f"stop{i}" if len(flags) > 1 else "stop"
                read[i] = f"{name}.{suffix}"
                stops.append(
                    {
                        "name": read[i],
                        "type": "StopGradient",
                        "bottoms": [bottoms[i]],
                        "tops": [read[i]],
                    }
                )
                self.shapes[read[i]] = self.shapes.get(bottoms[i])
        return tuple(read), stops

    def objectives(
        self, layer: Message, name: str, tops: Sequence[str], subject: str
    ) -> list[LayerDict]:
        """Losses that are the sums of those tops which have a loss weight."""
        found: list[LayerDict] = []
        for i, (top, weight) in enumerate(zip(tops, layer["loss_weight"], strict=False)):
            shape = self.shapes.get(top)
            if not weight:
                continue
            if not shape:
                raise SpecError(
                    f"{subject}has a loss_weight and a top whose batch size is not known here"
                    "\n  give the shapes of the inputs",
                    layer.at("loss_weight", i),
                )
            suffix = f"loss{i}" if len(tops) > 1 else "loss"
            found.append(
                {
                    "name": f"{name}.{suffix}",
                    "type": "SumLoss",
                    "bottoms": [top],
                    "tops": [],
                    "loss_weight": float(weight) * shape[0],  # a mean over the samples
                }
            )
        return found

    # --- names and shapes ---------------------------------------------------------------

    def name_for(self, layer: Message) -> tuple[str, list[str]]:
        """A name for it in graphnet, unlike all others, and what is said of it."""
        wanted = layer["name"] or ""
        name = re.sub(r"/+", "/", wanted).strip("/") or layer["type"].lower()
        name = "".join(c if c.isprintable() else "_" for c in name)
        try:
            check_name(name)
        except SpecError:
            name = name.replace("/", "_").replace(".", "_")
        name = free_name(name, self.names)
        self.names.add(name)
        return name, [] if name == wanted else [f"Caffe's name of it is '{wanted}'"]

    def infer(self, found: Translated, layers: Sequence[LayerDict]) -> None:
        """Check the layers as graphnet does, and find the shapes of their tops."""
        for layer in layers:
            node = read_net({"name": "n", "layers": [layer]}).nodes[0]
            self.infer_node(node, found)

    def infer_node(self, node: Node, found: Translated) -> None:
        bottoms = [self.shapes.get(bottom) for bottom in node.bottoms]
        known = [shape for shape in bottoms if shape is not None]
        if len(known) < len(bottoms):
            self.shapes.update(dict.fromkeys(node.tops, None))
            return
        spec, name = node.spec, node.name
        pairs = spec.each_bottom and len(bottoms) == len(node.tops) > 1
        groups = [[shape] for shape in known] if pairs else [known]
        shapes: list[Shape] = []
        with located(None, node.subject):
            try:
                for group in groups:
                    shapes += spec.top_shapes(group)
            except DataError:  # a file that is not here, of which a note tells
                self.shapes.update(dict.fromkeys(node.tops, None))
                return
            decls: dict[str, Any] = {}
            for group in groups:
                decls = {**spec.param_decls(group), **spec.state_decls(group)}
            for param, decl in decls.items():
                if isinstance(decl, ParamDecl):
                    decl.init.check(decl.shape)
                found.params[name, param] = decl
        self.shapes.update(zip(node.tops, shapes, strict=True))


class _UnknownBottomError(SpecError):
    """A bottom that no layer of the phase makes."""
