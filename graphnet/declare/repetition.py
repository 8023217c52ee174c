"""Repetition in a declaration: ``repeat: N`` over a list of layers, ``include: FILE``, and words.

Both are written out before anything else looks at the layers, so that whatever follows knows plain
lists alone. A word in braces stands for a value: ``{i}`` in a repetition for its number, from 1,
and ``{i-1}`` for the one before; ``{blocks}`` behind a repetition of that name for how often it was
repeated; ``{width}`` in an included file for its parameter. There is nothing else to it: no
expressions, no conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from graphnet.declare.included import parameters, parts_of, path_of
from graphnet.declare.overrides import Override, override
from graphnet.declare.validation import describe
from graphnet.declare.words import NAME, WORD, ListPlace, check_keys
from graphnet.declare.yaml_reader import Document, KeyPath, Repeated, read_yaml
from graphnet.errors import Position, Problem, SpecError, noted

#: The most repetitions of one block, and layers of a net.
MOST_REPETITIONS, MOST_LAYERS = 1000, 10_000
_MOST_VALUES = 200_000
_DEEPEST = 20  # repetitions and included files within each other
_OF_REPEAT = ("repeat", "name", "index", "layers")
_OF_INCLUDE = ("include", "name", "with")


def overridden(document: Document, overrides: Iterable[Override]) -> Document:
    """A net's document with the new values, and repetitions written out.

    A path such as ``layers.blocks.repeat`` leads to a repetition (or to an included file's
    parameters) by its name; one such as ``layers.attend3.n_heads`` to a layer once all are there.

    Raises:
        SpecError: If a path leads nowhere, or a repetition cannot be written out.
    """
    written: list[Override] = []
    later: list[Override] = []
    items = [item for item in _items(document) if isinstance(item, Mapping)]
    names = {name for item in items if isinstance(name := item.get("name"), str)}
    for one in overrides:
        reached = {".".join(one.path[1:n]) for n in range(2, len(one.path) + 1)}
        needs_all = one.path[0] == "layers" and reached and not reached & names
        (later if needs_all and _repeats(document) else written).append(one)
    return override(expand(override(document, written)), later)


def expand(document: Document) -> Document:
    """A net's document whose layers are a plain list; itself, where they are that.

    Raises:
        SpecError: With every repetition and included file that cannot be written out.
    """
    if not _repeats(document):
        return document
    outer: KeyPath = ("layers",) if isinstance(document.value, Mapping) else ()
    writer = _Writer(document)
    layers = writer.layers(_items(document), ListPlace(document, outer, "", {}))
    if writer.problems:
        raise SpecError.of(writer.problems)
    kept = {p: at for p, at in document.values.items() if p[: len(outer)] != outer or p == outer}
    keys = {p: at for p, at in document.keys.items() if p[: len(outer)] != outer or p == outer}
    for i, layer in enumerate(layers):
        kept |= {(*outer, i, *path): at for path, at in layer.values.items()}
        keys |= {(*outer, i, *path): at for path, at in layer.keys.items()}
    plain = [layer.value for layer in layers]
    return replace(
        document,
        value={**document.value, "layers": plain} if outer else plain,
        values=kept,
        keys=keys,
        repeated={(*outer, i): layer.repeated for i, layer in enumerate(layers) if layer.repeated},
    )


def _items(document: Document) -> list[Any]:
    value = document.value
    layers = value.get("layers") if isinstance(value, Mapping) else value
    return layers if isinstance(layers, list) else []


def _repeats(document: Document) -> bool:
    return any(_is_repeat(item) or _is_include(item) for item in _items(document))


def _is_repeat(item: Any) -> bool:
    return isinstance(item, Mapping) and "repeat" in item and "type" not in item


def _is_include(item: Any) -> bool:
    return isinstance(item, Mapping) and "include" in item and "type" not in item


@dataclass
class _Layer:
    """A layer written out: its value, and the position of all that is in it."""

    value: Any
    values: dict[KeyPath, Position] = field(default_factory=dict)
    keys: dict[KeyPath, Position] = field(default_factory=dict)
    repeated: tuple[Repeated, ...] = ()


class _Writer:
    """Writes out the repetitions of one net, and counts what comes of them."""

    def __init__(self, document: Document) -> None:
        self.folder = document.folder
        self.problems: list[Problem] = []
        self.n_layers = self.n_values = 0
        self.read: dict[Path, Document] = {}

    def layers(self, items: list[Any], place: ListPlace) -> list[_Layer]:
        """The layers of a list."""
        if place.depth > _DEEPEST:
            place.refuse(f"more than {_DEEPEST} repetitions and files within each other")
        found: list[_Layer] = []
        words = dict(place.words)
        for i, item in enumerate(items):
            here = replace(place, path=(*place.path, i), words=words)
            with noted(self.problems):
                if _is_repeat(item):
                    found += self.repetition(item, here)
                    words = {**words, str(item["name"]): _n_times(item, here)}
                elif _is_include(item):
                    found += self.included(item, here)
                else:
                    found.append(self.layer(item, here, i))
            is_too_much = self.n_layers > MOST_LAYERS
            if self.problems and (place.repeated or place.files or is_too_much):
                break  # the same would be said of each repetition
        return found

    # --- what may stand in a list -------------------------------------------------------

    def layer(self, item: Any, place: ListPlace, index: int) -> _Layer:
        """A copy of a layer, its words replaced."""
        self.n_layers += 1
        if self.n_layers > MOST_LAYERS:
            place.refuse(f"the repetitions make more than {MOST_LAYERS:,} layers")
        within = place.repeated
        if within:
            within = (*within[:-1], replace(within[-1], item=(*within[-1].item, index)))
        layer = _Layer(None, repeated=within)
        layer.value = self.copy(item, place, (), layer)
        return layer

    def repetition(self, item: Mapping[str, Any], place: ListPlace) -> Iterator[_Layer]:
        """The layers of a block, as often as it is repeated."""
        check_keys(item, _OF_REPEAT, "a repetition", place)
        name = item.get("name")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            found = "has no name" if name is None else f"has the name {describe(name)}"
            place.refuse(
                f"a repetition {found}\n  write name: blocks, a word of letters: behind it"
                " {blocks} is how often it was repeated",
                *(() if name is None else ("name",)),
            )
        n = _n_times(item, place)
        index = item.get("index", "i")
        if not isinstance(index, str) or not NAME.fullmatch(index):
            place.refuse(f"key 'index': expected a word, found {describe(index)}", "index")
        if index in place.words:
            place.refuse(
                f"'{{{index}}}' stands for the repetition around this one\n"
                "  write index: j, and {j} in this repetition",
                *(("index",) if "index" in item else ()),
            )
        if name in place.words or name == index:
            place.refuse(
                f"'{{{name}}}' stands for something else here already\n"
                "  give the repetition another name",
                "name",
            )
        layers = item.get("layers")
        if not isinstance(layers, list) or not layers:
            found = "" if "layers" not in item else f", found {describe(layers)}"
            place.refuse(f"repetition '{name}': expected a list of layers{found}", "layers")
        for number in range(1, n + 1):
            block = Repeated(name, number, n, place.at())
            yield from self.layers(
                layers,
                place.deeper(
                    f"repetition {number} of {n} of '{name}'",
                    path=(*place.path, "layers"),
                    words={**place.words, index: number, f"{index}-1": number - 1},
                    is_strict=True,
                    repeated=(*place.repeated, block),
                ),
            )
            if self.problems:
                return

    def included(self, item: Mapping[str, Any], place: ListPlace) -> list[_Layer]:
        """The layers of a file, with values for its parameters."""
        check_keys(item, _OF_INCLUDE, "an include", place)
        given = item.get("with", {})
        if not isinstance(given, Mapping):
            place.refuse(
                f"key 'with': expected parameters and values, found {describe(given)}", "with"
            )
        given = {
            name: place.text(value, "with", name) if isinstance(value, str) else value
            for name, value in given.items()
        }
        path = path_of(item["include"], self.folder, place)
        if path in place.files:
            chain = " → ".join(file.name for file in (*place.files, path))
            place.refuse(f"the files include each other: {chain}", "include")
        if path not in self.read:
            self.read[path] = read_yaml(path)
        document = self.read[path]
        layers, inner = parts_of(document)
        words = parameters(document, given, place)
        where = place.document.at(place.path)
        return self.layers(
            layers,
            place.deeper(
                f"included at {where}" if where else "included",
                document=document,
                path=inner,
                words=words,
                is_strict=True,
                files=(*place.files, path),
            ),
        )

    # --- values -------------------------------------------------------------------------

    def copy(self, value: Any, place: ListPlace, inner: KeyPath, layer: _Layer) -> Any:
        """A value with its words replaced; where it stands is noted."""
        self.n_values += 1
        if self.n_values > _MOST_VALUES:
            place.refuse(f"the repetitions make more than {_MOST_VALUES:,} values", *inner)
        path = (*place.path, *inner)
        for known, noting in (
            (place.document.values, layer.values),
            (place.document.keys, layer.keys),
        ):
            position = place.marked(known.get(path))
            if position is not None:
                noting[inner] = position
        if isinstance(value, Mapping):
            return {k: self.copy(v, place, (*inner, k), layer) for k, v in value.items()}
        if isinstance(value, list):
            return [self.copy(v, place, (*inner, i), layer) for i, v in enumerate(value)]
        return place.text(value, *inner) if isinstance(value, str) else value


def _n_times(item: Mapping[str, Any], place: ListPlace) -> int:
    """How often a block is repeated: a number, or a word that stands for one."""
    n = item["repeat"]
    word = WORD.fullmatch(n) if isinstance(n, str) else None
    if word and word[1] in place.words:
        n = place.words[word[1]]
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MOST_REPETITIONS:
        place.refuse(
            f"key 'repeat': expected a whole number from 1 to {MOST_REPETITIONS:,}, "
            f"found {describe(n)}",
            "repeat",
        )
    return n
