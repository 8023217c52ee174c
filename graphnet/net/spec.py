"""NetSpec: a net as it was declared, before any phase is chosen; parsed from YAML or Python."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from graphnet.declare.key_words import key_hint, shape_hint
from graphnet.declare.names import check_name
from graphnet.declare.repetition import expand
from graphnet.declare.user_code import import_class
from graphnet.declare.user_types import UserCode
from graphnet.declare.validation import describe, type_hint, validate
from graphnet.declare.yaml_reader import (
    TEXT,
    Document,
    KeyPath,
    Repeated,
    plain_document,
    read_source,
    write_yaml,
)
from graphnet.errors import (
    GraphnetError,
    Position,
    Problem,
    SpecError,
    did_you_mean,
    located,
    noted,
    one_of,
)
from graphnet.files.paths import placed
from graphnet.layers import LAYER_TYPES, is_in_table
from graphnet.layers.base import Kind, LayerSpec, Phase, statistic_keys
from graphnet.net.checks.arity import check_arity
from graphnet.net.other_names import hint_for
from graphnet.net.places import with_places
from graphnet.net.yaml_form import layer_dict


@dataclass(frozen=True)
class Node:
    """One layer on its way from the YAML to the graph.

    ``bottoms`` and ``tops`` are what the passes rewrite; ``spec`` stays as the user wrote it.
    ``origin`` is the text it was read from, and its place there.
    """

    name: str
    spec: LayerSpec
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    position: Position | None = None
    origin: tuple[Document, KeyPath] | None = field(default=None, compare=False, repr=False)

    @property
    def repeated(self) -> tuple[Repeated, ...]:
        """The repetitions that it is in, the outermost first."""
        if self.origin is None:
            return ()
        document, path = self.origin
        return document.repeated.get(path, ())

    @classmethod
    def of(cls, spec: LayerSpec, position: Position | None = None) -> Node:
        """The node of a spec as written; an in-place layer without tops writes its bottoms."""
        tops = spec.tops or (spec.bottoms if spec.in_place else ())
        return cls(spec.name, spec, spec.bottoms, tops, position)

    def place_of(self, blob: str) -> Position | None:
        """Where the name of one of its bottoms or tops stands, or else the layer."""
        for key, names in (("bottoms", self.spec.bottoms), ("tops", self.spec.tops)):
            if blob in names:
                return self.at((key, names.index(blob)))
        return self.position

    def at(self, key: KeyPath) -> Position | None:
        """The position of the value of one of its keys, or of the nearest one around it."""
        if self.origin is None:
            return self.position
        document, path = self.origin
        return document.at((*path, *key))

    @contextmanager
    def located(self) -> Iterator[None]:
        """Give what is raised inside a place: the key it is about, else where the layer begins."""
        try:
            yield
        except GraphnetError as error:
            with located(self.at(error.about), self.subject):
                raise

    @property
    def subject(self) -> str:
        """How a message about it begins."""
        return f"layer '{self.name}' ({type(self.spec).__name__}): "


@dataclass(frozen=True)
class NetSpec:
    """A declared net.

    Attributes:
        name: The net's, or its file's without the ending.
        nodes: Its layers in the order written, of every phase.
        solver: The solver file it names, absolute, or None.
        file: Where it was read from, for messages.
        folder: What relative paths in it were relative to.
    """

    name: str
    nodes: tuple[Node, ...]
    solver: Path | None = None
    file: str = ""
    folder: Path = field(default_factory=Path)

    @property
    def position(self) -> Position | None:
        """Where it begins, for what is wrong with all of it."""
        return Position(self.file, 1, 1) if self.file else None

    def with_nodes(self, nodes: Iterable[Node]) -> NetSpec:
        """The same net with other nodes."""
        return replace(self, nodes=tuple(nodes))

    def with_frozen(self, names: Collection[str]) -> NetSpec:
        """The same net in which just these layers are frozen, whatever was declared.

        Raises:
            SpecError: If there is no layer of such a name.
        """
        known = [node.name for node in self.nodes]
        for name in names:
            if name not in known:
                raise SpecError(
                    f"frozen: net '{self.name}' has no layer '{name}'"
                    f"{did_you_mean(name, known) or one_of(list(dict.fromkeys(known)))}"
                )
        return self.with_nodes(
            replace(n, spec=n.spec.model_copy(update={"frozen": n.name in names}))
            for n in self.nodes
        )

    def data_nodes(self) -> list[Node]:
        """The data layers, of every phase."""
        return [n for n in self.nodes if n.spec.kind is Kind.DATA]

    def has_phase(self, phase: Phase) -> bool:
        """Whether a loss or statistic exists in the phase, so that running it tells something."""
        return any(
            n.spec.kind in (Kind.LOSS, Kind.STATISTIC) and n.spec.phase in (None, phase)
            for n in self.nodes
        )

    def statistic_keys(self, phase: Phase) -> list[str] | None:
        """What a phase measures, by the names of statistics; None where a layer alone knows."""
        found: list[str] = []
        for node in self.nodes:
            if node.spec.measures and node.spec.phase in (None, phase):
                if not is_in_table(node.spec):
                    return None
                found += statistic_keys(node.name, node.spec.measures)
        return found

    def to_yaml(self) -> str:
        """The net as YAML with every default left out: the form stored in snapshots."""
        layers = [layer_dict(n.spec) for n in self.nodes]
        return write_yaml({"name": self.name, "layers": layers})


def read_net(
    source: Path | str | Mapping[str, Any] | Iterable[Any], *, user_code: bool = True
) -> NetSpec:
    """A net from a YAML file, a dict of the same form, or a list of layers (specs or dicts).

    Raises:
        SpecError: With every problem found, each at its line and column.
    """
    if isinstance(source, str | Path):
        document = read_source(source)
        name = Path(document.file).stem if document.file != TEXT else "net"
        return parse_net(document, name, user_code=user_code)
    if isinstance(source, LayerSpec):
        raise SpecError("this is one layer, and a net is a list of them\n  write [layer, …]")
    if not isinstance(source, Iterable) or isinstance(source, BaseModel | bytes):
        raise SpecError(
            f"a net is read from a file, a mapping or a list of layers, found {describe(source)}"
        )
    value = source if isinstance(source, Mapping) else list(source)
    return parse_net(plain_document(value), "net", user_code=user_code)


def parse_net(
    document: Document,
    default_name: str,
    layer_types: Mapping[str, type[LayerSpec]] = LAYER_TYPES,
    *,
    user_code: bool = True,
) -> NetSpec:
    """A net from a parsed document; see :func:`read_net`."""
    document = expand(document)
    value = document.value
    problems: list[Problem] = []
    top: Mapping[str, Any] = {}
    path: KeyPath = ()
    layers: Any = value
    if isinstance(value, Mapping):
        _check_is_net(document, value)
        top, path, layers = value, ("layers",), value.get("layers", [])
        problems += _top_problems(document, value)
        if not isinstance(layers, list | tuple):
            wrong = f"'layers' must be a list, found {describe(layers)}{_layer_hint(layers)}"
            problems.append(Problem(wrong, document.at(path)))
            layers = []
    elif not isinstance(value, list):
        raise SpecError(
            "a net is a list of layers, or a mapping with 'layers', found "
            f"{describe(value)}{shape_hint(value)}",
            document.at(()),
        )
    if not layers and not problems:
        raise SpecError("the net has no layers", document.at(path))
    parser = _LayerParser(document, layer_types, user_code)
    nodes = []
    for i, item in enumerate(layers):
        with noted(problems):
            nodes.append(parser.node(item, (*path, i)))
    if problems:
        raise SpecError.of(problems)
    solver = top.get("solver")
    return NetSpec(
        str(top.get("name", default_name)),
        tuple(nodes),
        placed(solver, document.folder_of(("solver",))) if solver else None,
        document.file,
        document.folder,
    )


def _layer_hint(layers: Any) -> str:
    """How layers are written that are given by name, if these are."""
    if not (isinstance(layers, Mapping) and layers):
        return ""
    if all(str(key).startswith("-") for key in layers):
        return (
            "\n  an item of a list begins with a dash and a space: write '- name: …', and the keys"
            " below it\n  without a dash, in the column of 'name'"
        )
    name, layer = next(iter(layers.items()))
    kind = layer.get("type", "…") if isinstance(layer, Mapping) else "…"
    return f"\n  write each of them as an item: - {{name: {name}, type: {kind}, …}}"


#: Keys that a solver alone has at its top.
_OF_A_SOLVER = frozenset(
    ("coffee_breaks", "lr_policy", "max_epoch", "max_iter", "method", "mom_policy", "regu_coef")
)


def _check_is_net(document: Document, value: Mapping[str, Any]) -> None:
    """See that a mapping is not something else that graphnet reads."""
    if "layers" in value:
        return
    if _OF_A_SOLVER & value.keys():
        found = (
            "this is a solver, not a net: it has no 'layers'\n"
            f"  graphnet solve NET --solver {document.file or 'FILE'}; in Python: load_solver(…)"
        )
    elif "type" in value:
        found = (
            "this is one layer, and a net is a list of them\n"
            "  write '- ' before it, and the same before every other layer"
        )
    elif value and all(isinstance(v, Mapping) and "type" in v for v in value.values()):
        found = f"a net is a list of layers{_layer_hint(value)}"
    else:
        return
    raise SpecError(found, document.at(()))


def _top_problems(document: Document, value: Mapping[str, Any]) -> list[Problem]:
    known = {"name": str, "solver": str, "layers": list}
    problems = [
        Problem(f"unknown key '{k}'{key_hint(str(k), known)}", document.key_at((k,)))
        for k in value
        if k not in known
    ]
    problems += [
        Problem(f"key '{k}': expected a text, found {describe(value[k])}", document.at((k,)))
        for k in ("name", "solver")
        if k in value and not isinstance(value[k], str)
    ]
    if "layers" not in value and not any("'layers'" in p.message for p in problems):
        problems.append(Problem("missing key 'layers'", document.at(())))
    return problems


@dataclass(frozen=True)
class _LayerParser:
    """Makes nodes of the layers of a document."""

    document: Document
    layer_types: Mapping[str, type[LayerSpec]]
    user_code: bool

    def node(self, item: Any, path: KeyPath) -> Node:
        """A layer that is right by itself and has the bottoms and tops it needs."""
        document = self.document
        if isinstance(item, LayerSpec):
            spec = item
            subject = f"layer {_quoted_or_nth(spec.name, path)} ({type(spec).__name__}): "
        elif isinstance(item, Mapping):
            named = f"layer {_quoted_or_nth(item.get('name'), path)}"
            spec_type = self.spec_type(item, named, (*path, "type"))
            subject = f"{named} ({item['type']}): "
            # a class of the user's own need not declare a type: it has its dotted path
            drop = () if spec_type.model_fields["type"].is_required() else ("type",)
            values = {k: v for k, v in item.items() if k not in drop}
            user_code = UserCode(document.folder, self.user_code)
            spec = validate(spec_type, values, document, path, subject, context=user_code)
        else:
            wrong = f"a layer is a mapping with 'name' and 'type', found {describe(item)}"
            raise SpecError(wrong, document.at(path))
        if not spec.name:
            raise SpecError(f"{subject}missing key 'name'", document.at(path))
        with located(document.at(path), subject):
            check_name(spec.name)
            check_name(spec.store_key)
        neuron = spec.activation
        for key in sorted(
            neuron.model_fields_set & LayerSpec.model_fields.keys() if neuron else ()
        ):
            if key != "type":
                raise SpecError(
                    f"{subject}key 'neuron': a neuron has its layer's '{key}'\n"
                    f"  remove '{key}', or write the neuron as a layer",
                    document.key_at((*path, "neuron", key)),
                )
        check_arity(spec, subject, document, path)
        node = Node.of(with_places(spec, document, path), document.at(path))
        return replace(node, origin=(document, path))

    def spec_type(self, item: Mapping[str, Any], named: str, path: KeyPath) -> type[LayerSpec]:
        """The class of a layer's ``type``: of the table, or one of the user's own."""
        kind = item.get("type")
        if not isinstance(kind, str):
            found = f"key 'type': expected a text, found {describe(kind)}"
            missing = "missing key 'type'" + type_hint(item, self.layer_types)
            wrong = found if "type" in item else missing
        elif kind in self.layer_types:
            return self.layer_types[kind]
        elif "." in kind:
            return self.user_type(kind, named, path)
        else:
            some = one_of(list(self.layer_types), all_by="graphnet schema net")
            hint = hint_for(kind, self.layer_types) or some
            wrong = f"unknown layer type '{kind}'{hint}"
        raise SpecError(f"{named}: {wrong}", self.document.at(path))

    def user_type(self, kind: str, named: str, path: KeyPath) -> type[LayerSpec]:
        """A class named by its dotted path."""
        at, folder = self.document.at(path), self.document.folder
        try:
            found = import_class(kind, LayerSpec, folder, allowed=self.user_code)  # type: ignore[type-abstract]
        except SpecError as error:
            raise SpecError(f"{named}: {error}", at) from error.__cause__
        missing = sorted(getattr(found, "__abstractmethods__", ()))
        if missing:
            cure = (
                f"derive the class that runs it from Layer[{found.__name__}], in the same file"
                if missing == ["build"]
                else "the contract of layers is in graphnet/layers/base.py"
            )
            raise SpecError(
                f"{named}: '{kind}' does not define {' and '.join(missing)}\n  {cure}", at
            )
        return found


def _quoted_or_nth(name: Any, path: KeyPath) -> str:
    is_word = isinstance(name, str | int | float) and name != ""
    return f"'{name}'" if is_word else str(int(path[-1]) + 1)
