"""Which stored arrays fill which params: by a map, by name, else by order and shape.

All that is found is returned, and so is all that is left over on both sides: nothing is filled in
part.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from graphnet.blob import Shape, shape_text
from graphnet.interchange.weights.layouts import (
    TURNS,
    Layout,
    as_stored_or_turned,
    fits,
    is_turned,
)
from graphnet.interchange.weights.stored import StoredArray, WeightFile
from graphnet.interchange.weights.words import says_layout, split_name, words_for

BY_MAP, BY_NAME, BY_ORDER = "the map", "name", "order and shape"


@dataclass(frozen=True)
class Needed:
    """A param, or a running statistic, that a net has.

    Attributes:
        key: Of its layer in the store.
        name: Its name.
        group: ``params`` or ``state``.
        shape: Its shape.
        layer_type: The type of the layer.
        index: Its place among what the layer declares.
    """

    key: str
    name: str
    group: str
    shape: Shape
    layer_type: str
    index: int

    @property
    def path(self) -> str:
        """``conv1/filter``."""
        return f"{self.key}/{self.name}"

    def __str__(self) -> str:
        return f"{self.path} ({shape_text(self.shape)})"


@dataclass(frozen=True)
class Fill:
    """What fills a param.

    Attributes:
        arrays: The names of the arrays; none for the value that is declared as its first.
        layout: How they become it.
        by: How that was found: a word of this module.
    """

    arrays: tuple[str, ...]
    layout: Layout = ()
    by: str = BY_NAME


@dataclass
class Match:
    """What fills a net.

    Attributes:
        needed: All that the net has, in its order.
        fills: By the path of the param.
        problems: What does not fit, each a text.
        unused: The arrays that fill nothing.
    """

    needed: Sequence[Needed]
    fills: dict[str, Fill] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    unused: list[StoredArray] = field(default_factory=list)

    @property
    def missing(self) -> list[Needed]:
        """What nothing fills."""
        return [each for each in self.needed if each.path not in self.fills]


def match(needed: Sequence[Needed], file: WeightFile, given: Mapping[str, Fill]) -> Match:
    """Find what fills each param.

    Args:
        needed: What the net has.
        file: What there is.
        given: What a map says; nothing else is looked for to fill these.
    """
    found = Match(needed, dict(given))
    stored = _by_layer(file)
    layers = _layers(each for each in needed if each.path not in given)
    taken = _used(found)
    partners = _partners(layers, stored)
    for key, params in layers.items():
        partner = partners[key]
        if partner is not None:
            arrays = {n: a for n, a in stored[partner].items() if a.name not in taken}
            _fill(found, params, arrays, BY_NAME, file)
    _by_order(found, layers, stored, file)
    _explain(found, partners, stored)
    _refuse_doubtful(found, file)
    used = _used(found)
    found.unused = [array for array in file.arrays.values() if array.name not in used]
    return found


def _by_layer(file: WeightFile) -> dict[str, dict[str, StoredArray]]:
    """The arrays of each stored layer, by the name of its param."""
    found: dict[str, dict[str, StoredArray]] = defaultdict(dict)
    for array in file.arrays.values():
        layer, param = split_name(array.name)
        found[layer].setdefault(param, array)
    return found


def _layers(needed: Iterable[Needed]) -> dict[str, list[Needed]]:
    found: dict[str, list[Needed]] = defaultdict(list)
    for each in needed:
        found[each.key].append(each)
    return found


def _used(found: Match) -> set[str]:
    return {name for fill in found.fills.values() for name in fill.arrays}


def _partners(keys: Iterable[str], stored: Iterable[str]) -> dict[str, str | None]:
    """The stored layer of each name, or the only one whose name ends in it after a mark.

    None is for two: one that has a layer's very name is that layer's.
    """
    keys, names = list(keys), list(stored)
    free = [name for name in names if name not in keys]
    found: dict[str, str | None] = {}
    for key in keys:
        ends = [name for name in free if name.endswith((f".{key}", f"/{key}"))]
        found[key] = key if key in names else ends[0] if len(ends) == 1 else None
    counts = Counter(found.values())
    return {key: name if counts[name] == 1 else None for key, name in found.items()}


def _fill(
    found: Match,
    params: Sequence[Needed],
    arrays: Mapping[str, StoredArray],
    by: str,
    file: WeightFile,
) -> bool:
    """Fill the params of a layer from a stored one; whether all are."""
    fills = {each.path: _fitting(each, arrays, by, file) for each in params}
    found.fills |= {path: fill for path, fill in fills.items() if fill is not None}
    return None not in fills.values()


def _fitting(
    needed: Needed, arrays: Mapping[str, StoredArray], by: str, file: WeightFile
) -> Fill | None:
    """The arrays and the layout that make a param."""
    for words, layout in words_for(needed.layer_type, needed.name, needed.index, arrays):
        if is_turned(layout) and not file.may_be_turned:
            continue
        taken = [arrays[word] for word in words if word in arrays and arrays[word].is_float]
        shapes = [array.shape for array in taken]
        if len(taken) == len(words) and fits(layout, shapes, needed.shape):
            return Fill(tuple(array.name for array in taken), layout, by)
    return None


def _by_order(
    found: Match,
    layers: Mapping[str, Sequence[Needed]],
    stored: Mapping[str, Mapping[str, StoredArray]],
    file: WeightFile,
) -> None:
    """Fill what is left, if as much is left over there and each fits: layer by layer, or flat.

    Only layers of which no array was found by name are filled so.
    """
    used = _used(found)
    empty = [p for p in layers.values() if not any(each.path in found.fills for each in p)]
    left = {
        name: [array for array in arrays.values() if array.is_float and array.name not in used]
        for name, arrays in stored.items()
    }
    names = [name for name, arrays in left.items() if arrays]
    if not file.in_order:
        names.sort(key=_natural)
    if len(names) == len(empty):
        trial = Match(found.needed)
        pairs = zip(empty, names, strict=True)
        if all(_fill(trial, params, stored[name], BY_ORDER, file) for params, name in pairs):
            found.fills |= trial.fills
            return
    flat = [each for params in empty for each in params]
    arrays = [array for name in names for array in left[name]]
    if len(flat) != len(arrays):
        return
    layouts = [as_stored_or_turned([a.shape], n.shape) for n, a in zip(flat, arrays, strict=True)]
    turns = any(layout is not None and is_turned(layout) for layout in layouts)
    if None not in layouts and (file.may_be_turned or not turns):
        found.fills |= {
            each.path: Fill((array.name,), layout or (), BY_ORDER)
            for each, array, layout in zip(flat, arrays, layouts, strict=True)
        }


def _refuse_doubtful(found: Match, file: WeightFile) -> None:
    """Take back what would fit turned round as well, where others had to be turned round.

    What says by its name in which layout it is, or stands in a map, is not in doubt.
    """
    by_shape = {
        each: fill
        for each in found.needed
        if (fill := found.fills.get(each.path)) is not None
        and len(fill.arrays) == 1
        and fill.by != BY_MAP
        and not says_layout(fill.arrays[0])
    }
    if not any(is_turned(fill.layout) for fill in by_shape.values()):
        return
    for each, fill in by_shape.items():
        shapes = [file.arrays[fill.arrays[0]].shape]
        turned = TURNS.get(len(shapes[0]), "")
        if not is_turned(fill.layout) and turned and fits((turned,), shapes, each.shape):
            del found.fills[each.path]
            found.problems.append(
                f"{each}: {file.arrays[fill.arrays[0]]} fits as it is and {turned}, and others are"
                " turned round: say in a map which of them it is"
            )


def _natural(name: str) -> list[tuple[int, str]]:
    """A key by which ``a.2`` comes before ``a.10``."""
    parts = re.split(r"(\d+)", name)
    return [(int(part[:18]), "") if part.isdecimal() else (0, part) for part in parts]


def _explain(
    found: Match,
    partners: Mapping[str, str | None],
    stored: Mapping[str, Mapping[str, StoredArray]],
) -> None:
    """Say of each param that nothing fills what there was of its layer."""
    for each in found.missing:
        partner = partners.get(each.key)
        if partner is None:
            said = f"no array is named after '{each.key}'"
        else:
            there = list(stored[partner].values())
            # those that its words name come first
            words = {
                word
                for words, _ in words_for(each.layer_type, each.name, each.index, stored[partner])
                for word in words
            }
            named = [array for name, array in stored[partner].items() if name in words]
            said = "of its layer there is " + ", ".join(str(array) for array in named or there)
        found.problems.append(f"{each}: {said}")
