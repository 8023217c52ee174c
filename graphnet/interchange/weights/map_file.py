"""The map of params to stored arrays, as YAML that is printed, edited and read again.

conv1/filter: features.0.weight
lstm/bias: {from: [rnn.bias_ih_l0, rnn.bias_hh_l0], layout: [sum, gates ifgo]}
ip2/bias: null                    # as its initializer fills it
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphnet.blob import shape_text
from graphnet.declare.validation import describe
from graphnet.declare.yaml_reader import Document, read_yaml
from graphnet.errors import Problem, SpecError, did_you_mean, one_of
from graphnet.interchange.weights.layouts import (
    STEPS,
    as_stored_or_turned,
    fits,
    made_shape,
)
from graphnet.interchange.weights.matching import BY_MAP, Fill, Match, Needed
from graphnet.interchange.weights.stored import WeightFile
from graphnet.interchange.yaml_text import comment, document, inline


def read_map(path: Path, needed: Sequence[Needed], file: WeightFile) -> dict[str, Fill]:
    """What a map says of a net and a file; it need not speak of all params.

    Raises:
        SpecError: With all that is wrong, each at its line and column.
    """
    text = read_yaml(path)
    if not isinstance(text.value, Mapping):
        raise SpecError(
            f"expected a mapping of params to arrays, found {describe(text.value)}"
            "\n  write lines such as conv1/filter: conv1.weight",
            text.at(()),
        )
    known = {each.path: each for each in needed}
    fills: dict[str, Fill] = {}
    problems: list[Problem] = []
    for key, value in text.value.items():
        if key not in known:
            hint = did_you_mean(str(key), known) or one_of(list(known))
            problems.append(Problem(f"the net has no param '{key}'{hint}", text.key_at((key,))))
            continue
        try:
            fills[key] = _fill(text, key, value, known[key], file)
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError.of(problems)
    return fills


def _fill(text: Document, key: str, value: Any, needed: Needed, file: WeightFile) -> Fill:
    """One entry of a map."""
    at = text.at((key,))
    if value is None:
        return Fill((), (), BY_MAP)
    whole = value if isinstance(value, Mapping) else {"from": value}
    unknown = [name for name in whole if name not in ("from", "layout")]
    if unknown or "from" not in whole:
        said = f"unknown key '{unknown[0]}'" if unknown else "missing key 'from'"
        raise SpecError(f"{key}: {said}\n  expected {{from: ARRAY, layout: STEP}}", at)
    names = _texts(whole["from"], f"{key}: from: expected the name of an array", at)
    layout = _texts(whole.get("layout", []), f"{key}: layout: expected the name of a step", at)
    for step in layout:
        if step not in STEPS:
            raise SpecError(f"{key}: there is no layout '{step}'{one_of(list(STEPS))}", at)
    for name in names:
        if name not in file.arrays:
            hint = did_you_mean(name, file.arrays)
            raise SpecError(f"{key}: there is no array '{name}' in {file.path}{hint}", at)
        if not file.arrays[name].is_float:
            kind = file.arrays[name].dtype
            raise SpecError(
                f"{key}: array '{name}' holds {kind}, and params are made from floating-point"
                " numbers",
                at,
            )
    shapes = [file.arrays[name].shape for name in names]
    if "layout" not in whole:
        layout = as_stored_or_turned(shapes, needed.shape) or ()
    if not fits(layout, shapes, needed.shape):
        made = made_shape(layout, shapes)
        there = " and ".join(map(shape_text, shapes))
        becomes = "" if not layout else f", which {' + '.join(layout)} makes {_shape(made)}"
        raise SpecError(
            f"{key}: the param is {shape_text(needed.shape)}, and {' and '.join(names)}"
            f" {'is' if len(names) == 1 else 'are'} {there}{becomes}",
            at,
        )
    return Fill(names, layout, BY_MAP)


def _shape(shape: tuple[int, ...] | None) -> str:
    return "nothing" if shape is None else shape_text(shape)


def _texts(value: Any, expected: str, at: Any) -> tuple[str, ...]:
    """A text or a list of them."""
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in found):
        raise SpecError(f"{expected}, found {describe(value)}", at)
    return tuple(found)


def map_text(found: Match, net: str, file: WeightFile) -> str:
    """A map as YAML; what fills nothing stands in comments."""
    return document(_lines(found, net, file))


def _lines(found: Match, net: str, file: WeightFile) -> Iterator[str]:
    yield from comment(f"What fills the params of {net}, from {file.path.name}.")
    yield from comment(
        "After a param: the name of an array; {from: [NAMES], layout: [STEPS]}; or null: it starts"
        " as its initializer fills it."
    )
    for each in found.needed:
        fill = found.fills.get(each.path)
        shape = shape_text(each.shape)
        if fill is None:
            yield f"# {inline(each.path)}: ?  # {shape}: nothing was found"
            continue
        yield f"{inline(each.path)}: {inline(_value(fill))}  # {shape}, by {fill.by}"
    if found.unused:
        yield from comment("Not used:")
        yield from (f"#   {inline(array.name)}  {_kind(array)}" for array in found.unused)


def _kind(array: Any) -> str:
    return str(array).removeprefix(array.name).strip(" ()")


def _value(fill: Fill) -> Any:
    if not fill.arrays:
        return None
    names = fill.arrays[0] if len(fill.arrays) == 1 else list(fill.arrays)
    return names if not fill.layout else {"from": names, "layout": list(fill.layout)}
