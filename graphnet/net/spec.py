"""NetSpec: a net as it was declared, before any phase is chosen; parsed from YAML or Python."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from graphnet.errors import GraphnetError, Position, Problem, SpecError, did_you_mean, one_of
from graphnet.layers import LAYER_TYPES
from graphnet.layers.base import Arity, Kind, LayerSpec, Phase, exactly
from graphnet.net.other_names import hint_for
from graphnet.user_code import import_class
from graphnet.validation import describe, validate
from graphnet.yaml_reader import Document, KeyPath, plain_document, read_yaml, write_yaml


@dataclass(frozen=True)
class Node:
    """One layer on its way from the YAML to the graph.

    ``bottoms`` and ``tops`` are what the passes rewrite; ``spec`` stays as the user wrote it.
    """

    name: str
    spec: LayerSpec
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    position: Position | None = None

    @classmethod
    def of(cls, spec: LayerSpec, position: Position | None = None) -> Node:
        """The node of a spec as written; an in-place layer without tops writes its bottoms."""
        tops = spec.tops or (spec.bottoms if spec.in_place else ())
        return cls(spec.name, spec, spec.bottoms, tops, position)

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

    def to_yaml(self) -> str:
        """The net as YAML with every default left out: the form stored in snapshots."""
        layers = [layer_dict(n.spec) for n in self.nodes]
        return write_yaml({"name": self.name, "layers": layers})


def layer_dict(spec: LayerSpec) -> dict[str, Any]:
    """A layer as the YAML mapping that makes it: name and type first, defaults left out."""
    written = _written(spec)
    first = {"name": spec.name, "type": _type_name(spec)}
    return {**first, **{k: v for k, v in written.items() if k not in first}}


def _type_name(spec: LayerSpec) -> str:
    """The YAML type: that of the table, or the dotted path of a class of the user's own."""
    cls = type(spec)
    return (
        spec.type if LAYER_TYPES.get(spec.type) is cls else f"{cls.__module__}.{cls.__qualname__}"
    )


def _written(model: BaseModel) -> dict[str, Any]:
    """A model's ``type`` and the fields that differ from their defaults, under their YAML keys."""
    kind = getattr(model, "type", None)
    result: dict[str, Any] = {} if kind is None else {"type": kind}
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        if name != "type" and (info.is_required() or value != info.get_default()):
            result[info.alias or name] = _plain(value)
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _written(value)
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def read_net(
    source: Path | str | Mapping[str, Any] | Iterable[Any],
    layer_types: Mapping[str, type[LayerSpec]] = LAYER_TYPES,
    *,
    user_code: bool = True,
) -> NetSpec:
    """A net from a YAML file, a dict of the same form, or a list of layers (specs or dicts).

    Raises:
        SpecError: With every problem found, each at its line and column.
    """
    if isinstance(source, str | Path):
        document = read_yaml(source)
        return parse_net(document, Path(source).stem, layer_types, user_code=user_code)
    if not isinstance(source, Iterable):
        raise SpecError(
            f"a net is read from a file, a mapping or a list of layers, found {describe(source)}"
        )
    value = source if isinstance(source, Mapping) else list(source)
    return parse_net(plain_document(value), "net", layer_types, user_code=user_code)


def parse_net(
    document: Document,
    default_name: str,
    layer_types: Mapping[str, type[LayerSpec]] = LAYER_TYPES,
    *,
    user_code: bool = True,
) -> NetSpec:
    """A net from a parsed document; see :func:`read_net`."""
    value = document.value
    problems: list[Problem] = []
    top: Mapping[str, Any] = {}
    path: KeyPath = ()
    layers: Any = value
    if isinstance(value, Mapping):
        top, path, layers = value, ("layers",), value.get("layers", [])
        problems += _top_problems(document, value)
        if not isinstance(layers, list | tuple):
            problems.append(
                Problem(f"'layers' must be a list, found {describe(layers)}", document.at(path))
            )
            layers = []
    elif not isinstance(value, list):
        raise SpecError(
            f"a net is a list of layers, or a mapping with 'layers', found {describe(value)}",
            document.at(()),
        )
    if not layers and not problems:
        raise SpecError("the net has no layers", document.at(path))
    nodes = []
    for i, item in enumerate(layers):
        try:
            nodes.append(_parse_layer(item, document, (*path, i), layer_types, user_code))
        except GraphnetError as error:
            problems += error.problems
    if problems:
        raise SpecError.of(problems)
    name = top.get("name", default_name)
    solver = top.get("solver")
    return NetSpec(
        str(name),
        tuple(nodes),
        (document.folder / solver).resolve() if solver else None,
        document.file,
        document.folder,
    )


def _top_problems(document: Document, value: Mapping[str, Any]) -> list[Problem]:
    known = {"name": str, "solver": str, "layers": list}
    problems = [
        Problem(
            f"unknown key '{k}'{did_you_mean(str(k), known) or one_of(list(known))}",
            document.key_at((k,)),
        )
        for k in value
        if k not in known
    ]
    problems += [
        Problem(f"key '{k}': expected a text, found {describe(value[k])}", document.at((k,)))
        for k in ("name", "solver")
        if k in value and not isinstance(value[k], str)
    ]
    if "layers" not in value:
        problems.append(Problem("missing key 'layers'", document.at(())))
    return problems


def _parse_layer(
    item: Any,
    document: Document,
    path: KeyPath,
    layer_types: Mapping[str, type[LayerSpec]],
    user_code: bool,
) -> Node:
    position = document.at(path)
    if isinstance(item, LayerSpec):
        subject = f"layer {_quoted_or_nth(item.name, path)} ({type(item).__name__}): "
        return _checked_node(item, subject, document, path)
    if not isinstance(item, Mapping):
        raise SpecError(
            f"a layer is a mapping with 'name' and 'type', found {describe(item)}", position
        )
    named = f"layer {_quoted_or_nth(item.get('name'), path)}"
    if not isinstance(item.get("type"), str):
        what = (
            "missing key 'type'"
            if "type" not in item
            else (f"key 'type': expected a text, found {describe(item['type'])}")
        )
        raise SpecError(f"{named}: {what}", document.at((*path, "type")))
    kind = item["type"]
    spec_type = _spec_type(kind, named, document, (*path, "type"), layer_types, user_code)
    subject = f"{named} ({kind}): "
    # a class of the user's own need not declare a type: it has its dotted path
    drop = () if spec_type.model_fields["type"].is_required() else ("type",)
    values = {k: v for k, v in item.items() if k not in drop}
    spec = validate(spec_type, values, document, path, subject)
    return _checked_node(spec, subject, document, path)


def _quoted_or_nth(name: Any, path: KeyPath) -> str:
    return f"'{name}'" if name else str(int(path[-1]) + 1)


def _checked_node(spec: LayerSpec, subject: str, document: Document, path: KeyPath) -> Node:
    """The node of a spec that is right by itself and has the bottoms and tops it needs."""
    if not spec.name:
        raise SpecError(f"{subject}missing key 'name'", document.at(path))
    neuron = spec.activation
    for key in sorted(neuron.model_fields_set & LayerSpec.model_fields.keys() if neuron else ()):
        if key != "type":
            raise SpecError(
                f"{subject}key 'neuron': a neuron has its layer's '{key}'\n"
                f"  remove '{key}', or write the neuron as a layer",
                document.key_at((*path, "neuron", key)),
            )
    _check_arity(spec, subject, document, path)
    return Node.of(spec.relative_to(document.folder), document.at(path))


def _spec_type(
    kind: str,
    named: str,
    document: Document,
    path: KeyPath,
    layer_types: Mapping[str, type[LayerSpec]],
    user_code: bool,
) -> type[LayerSpec]:
    if kind in layer_types:
        return layer_types[kind]
    if "." in kind:
        try:
            found = import_class(
                kind,
                LayerSpec,  # type: ignore[type-abstract]
                document.folder,
                allowed=user_code,
            )
        except SpecError as error:
            raise SpecError(f"{named}: {error}", document.at(path)) from error.__cause__
        missing = sorted(getattr(found, "__abstractmethods__", ()))
        if missing:
            raise SpecError(
                f"{named}: '{kind}' does not define {' and '.join(missing)}\n"
                f"  every layer needs {'it' if len(missing) == 1 else 'them'}; "
                "the contract is in graphnet/layers/base.py",
                document.at(path),
            )
        return found
    hint = hint_for(kind, layer_types) or one_of(list(layer_types))
    raise SpecError(f"{named}: unknown layer type '{kind}'{hint}", document.at(path))


def _check_arity(spec: LayerSpec, subject: str, document: Document, path: KeyPath) -> None:
    """The numbers of bottoms and tops against what the layer takes."""
    problems = {}
    bottoms, tops = len(spec.bottoms), len(spec.tops)
    tops_left_out = tops == 0 and spec.in_place
    if spec.each_bottom:
        if bottoms == 0:
            problems["bottoms"] = "needs at least one bottom, found none"
        elif tops != bottoms and not tops_left_out:
            needed = "one top for each of its bottoms" if bottoms > 1 else "1 top"
            problems["tops"] = f"needs {needed}, found {_names(spec.tops)}"
    else:
        if bottoms not in spec.n_bottoms:
            needed = _of(spec.n_bottoms, "bottom")
            problems["bottoms"] = f"needs {needed}, found {_names(spec.bottoms)}"
        if tops not in spec.n_tops and not tops_left_out:
            problems["tops"] = f"needs {_of(spec.n_tops, 'top')}, found {_names(spec.tops)}"
    if problems:
        raise SpecError.of(
            Problem(subject + problem, document.at((*path, key)))
            for key, problem in problems.items()
        )


def _of(arity: Arity, what: str) -> str:
    """``1 bottom``, ``2 or more tops``, ``no tops``."""
    if arity == exactly(1):
        return f"1 {what}"
    return f"no {what}s" if arity == exactly(0) else f"{arity} {what}s"


def _names(blobs: Sequence[str]) -> str:
    return f"{len(blobs)}: {', '.join(blobs)}" if blobs else "none"
