"""Mutations of nets and solvers: of their text, and of the tree that it holds."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from random import Random
from typing import Any

import yaml

from graphnet.declare.yaml_reader import parse_yaml, write_yaml
from graphnet.layers import LAYER_TYPES
from graphnet.solver.coffee import BREAK_MODELS
from graphnet.solver.spec import SolverSpec
from tests.fuzz.mutate_bytes import mutated_bytes

#: Values that some key somewhere may not be ready for.
ODD_VALUES: tuple[Any, ...] = (
    *(0, 1, -1, 2, 3, 7, 64, 1000, 2**31 - 1, 2**31, 2**32, 2**63, -(2**63), 2**64, 10**30),
    *(0.0, -0.0, 0.5, 1.5, -0.5, 1e-3, 1e-320, 1e38, 1e300, float("inf"), float("nan")),
    *(None, True, False, "", " ", "x", "data", "label", "a/b", "../..", "/", ".", "~", "a.b"),
    *("json.JSONDecoder", "os.path", ".x", "é", "\0", "\u2028", "1", "1e5", "null", "x" * 3000),
    *("dataset:", "dataset:iris/train", "dataset:iris/mean", "*.h5", "[", "a\nb", "${x}", "ﬁ"),
    *([], [0], [1, 2], [1, 2, 3, 4], [-1], ["data"], ["data", "data"], [[1]], [None], [[]], [{}]),
    *({}, {"type": "x"}, {"type": 1}, {"x": 1}, {"type": "ReLU"}, {"type": "Xavier"}, {"": {}}),
    *({"type": "Constant", "value": 1e300}, [10**9] * 3, [2**40] * 8, [1] * 40, {"a": {"b": []}}),
)

_ODD_TEXTS = (
    *("&a", "*a", "!!python/object:os.system x", "!!binary x", "!!set {a}", "- ", "{", "[", "}"),
    *("---", "...", "%YAML 9.9", "<<: *a", "? ", "|", ">", "'", '"', "\t", ": ", "#", "@", "`"),
    *(
        "9" * 5000,
        "-" + "9" * 5000,
        "0x" + "f" * 5000,
        "1e" + "9" * 400,
        "0o8",
        "0x",
        "\0",
        "\ufeff",
    ),
    *("[" * 50, "[" * 2000, "{a: " * 300, "- " * 400, "&b [*b]", "&c {x: *c}", "\x85", "\u2029"),
    *("[" * 90 + "1" + "]" * 90, "[" * 900 + "1" + "]" * 900, "{a: " * 150 + "1" + "}" * 150),
    *("!!float 1", "!!int x", "!!str 1", "!!null x", "!x y", "1e400", "-.inf", ".nan", "0x10", "٣"),
)


def bomb(depth: int, width: int) -> str:
    """A list of lists of aliases: ``width`` to the power of ``depth`` values in a few lines."""
    lines = ["[" + ", ".join(["1"] * width) + "]"]
    lines += ["[" + ", ".join([f"*bomb{i}"] * width) + "]" for i in range(depth - 1)]
    return "[" + ", ".join(f"&bomb{i} {line}" for i, line in enumerate(lines)) + "]"


def mutated_yaml(rng: Random, seeds: Sequence[str]) -> bytes:
    """One of the texts after one to four mutations."""
    text = rng.choice(sorted(seeds, key=len)[:6] if rng.random() < 0.5 else seeds)
    if rng.random() < 0.7:
        text = _mutated_tree(rng, text, seeds)
    else:
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            text = rng.choice(_TEXT_MUTATIONS)(rng, text)
    content = text.encode("utf-8", "surrogatepass")
    return mutated_bytes(rng, content) if rng.random() < 0.05 else content


# --- the tree ---------------------------------------------------------------------------


@cache
def _tree(text: str) -> Any:
    return parse_yaml(text, "seed").value


def _mutated_tree(rng: Random, text: str, seeds: Sequence[str]) -> str:
    tree, other = copy.deepcopy(_tree(text)), _tree(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 1, 1, 1, 2, 4))):
        _change(rng, tree, other)
    if rng.random() < 0.8:
        return json.dumps(tree, ensure_ascii=False, indent=rng.choice((None, 1)))
    try:
        return write_yaml(tree)
    except (yaml.YAMLError, RecursionError):  # what PyYAML cannot write
        return text


def _change(rng: Random, tree: Any, other: Any) -> None:
    """One structural edit, in place."""
    places = list(_places(tree))
    if not places:
        return
    match rng.randrange(15):
        case 0 | 1:
            _odd_number(rng, places)
        case 2 | 3:
            _odd_key(rng, tree)
        case 4:
            _swap_blobs(rng, tree)
        case 5 | 6:
            _add_layer(rng, tree, other)
        case _:
            holder, key = rng.choice(places)
            _change_at(rng, holder, key, [places, places, list(_places(other))])


def _change_at(rng: Random, holder: Any, key: Any, sources: list[list[tuple[Any, Any]]]) -> None:
    """An edit of one value, or of its key."""
    match rng.randrange(9):
        case 0 | 1:
            holder[key] = _odd(rng)
        case 2:
            del holder[key]
        case 3 if isinstance(holder, dict):
            holder[_typo(rng, str(key))] = holder.pop(key)
        case 3:
            holder.insert(rng.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
        case 4:
            holder[key] = [holder[key]] if rng.random() < 0.5 else {"type": holder[key]}
        case 5 if isinstance(holder, list):
            rng.shuffle(holder)
        case 6:
            _nest(rng, holder, key)
        case _:
            source, from_key = rng.choice(rng.choice(sources))
            holder[key] = copy.deepcopy(source[from_key])


def _odd(rng: Random) -> Any:
    likely = (rng.randrange(6), rng.random(), [1, rng.randrange(3)], True, False)
    return copy.deepcopy(rng.choice(likely if rng.random() < 0.3 else ODD_VALUES))


def _odd_number(rng: Random, places: list[tuple[Any, Any]]) -> None:
    """Another number where there is one."""
    numbers = [(h, k) for h, k in places if isinstance(h[k], int | float)]
    if numbers:
        holder, key = rng.choice(numbers)
        old = holder[key]
        holder[key] = rng.choice(
            (0, -old, old + 1, old - 1, old * 10, old * 1000, old / 3, 2**31, 10**12, 1e-30, 1e30)
        )


def _nest(rng: Random, holder: Any, key: Any) -> None:
    """Put a value into lists and mappings, one in another."""
    for _ in range(rng.choice((3, 20, 60))):
        holder[key] = [holder[key]] if rng.random() < 0.5 else {"a": holder[key]}


def _swap_blobs(rng: Random, tree: Any) -> None:
    """Two layers read or write each other's blobs: often a cycle."""
    layers = [i for i in _layers(tree) if isinstance(i, dict)]
    if layers:
        one, two = rng.choice(layers), rng.choice(layers)
        key, with_key = rng.choice(("bottoms", "tops")), rng.choice(("bottoms", "tops", "name"))
        one[key], two[with_key] = two.get(with_key), one.get(key)


def _odd_key(rng: Random, tree: Any) -> None:
    """Give a layer, a coffee break or the solver one of its keys with an odd value."""
    if isinstance(tree, dict) and "layers" not in tree and rng.random() < 0.5:
        tree[rng.choice(sorted(SolverSpec.model_fields))] = _odd(rng)
        return
    items = [i for i in _items(tree) if isinstance(i, dict) and _fields(i.get("type"))]
    if items:
        item = rng.choice(items)
        item[rng.choice(_fields(item["type"]))] = _odd(rng)


def _add_layer(rng: Random, tree: Any, other: Any) -> None:
    """Add a layer of another net, or one of any type behind some layer's top."""
    layers, others = _items(tree), _items(other)
    if not others or not isinstance(layers, list):
        return
    at = rng.randrange(len(layers) + 1)
    if rng.random() < 0.3 or "coffee_breaks" in tree:
        layers.insert(at, copy.deepcopy(rng.choice(others)))
        return
    tops = [t for i in layers if isinstance(i, dict) for t in _texts(i.get("tops"))] or ["data"]
    kind = rng.choice(list(LAYER_TYPES))
    layer: dict[str, Any] = {"name": f"added{at}", "type": kind}
    layer["bottoms"] = [rng.choice(tops) for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3)))]
    layer["tops"] = [f"added{at}_{i}" for i in range(rng.choice((0, 1, 1, 1, 2)))]
    for key, info in LAYER_TYPES[kind].model_fields.items():
        if key not in layer and (info.is_required() or rng.random() < 0.1):
            layer[key] = _odd(rng) if rng.random() < 0.6 else rng.randrange(6)
    layers.insert(at, layer)


def _texts(value: Any) -> list[str]:
    return [t for t in value if isinstance(t, str)] if isinstance(value, list) else []


def _layers(tree: Any) -> list[Any]:
    layers = tree.get("layers") if isinstance(tree, dict) else tree
    return layers if isinstance(layers, list) else []


def _items(tree: Any) -> list[Any]:
    """A net's layers, or a solver's coffee breaks."""
    breaks = tree.get("coffee_breaks") if isinstance(tree, dict) else None
    return breaks if isinstance(breaks, list) else _layers(tree)


@cache
def _fields_of(kind: str) -> list[str]:
    model = LAYER_TYPES.get(kind) or BREAK_MODELS.get(kind)
    return sorted(f.alias or n for n, f in model.model_fields.items()) if model else []


def _fields(kind: Any) -> list[str]:
    return _fields_of(kind) if isinstance(kind, str) else []


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every value in a tree as what holds it and the key or index there."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in list(pairs) if isinstance(tree, dict | list) else ():
        yield tree, key
        if isinstance(value, dict | list):
            yield from _places(value)


# --- the text ---------------------------------------------------------------------------


def _typo(rng: Random, word: str) -> str:
    at = rng.randrange(len(word) or 1)
    return rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + rng.choice("aeiostx_-. ") + word[at:],
            word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
            word.upper(),
            "",
        )
    )


def _byte(rng: Random, text: str) -> str:
    at = rng.randrange(len(text) or 1)
    return text[:at] + chr(ord(text[at]) ^ 1 << rng.randrange(7)) + text[at + 1 :] if text else "x"


def _cut(rng: Random, text: str) -> str:
    at = rng.randrange(len(text) or 1)
    return text[:at] + text[at + rng.choice((1, 1, 3, 20, len(text))) :]


def _insert(rng: Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(_ODD_TEXTS) + text[at:]


def _lines(rng: Random, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            lines[i], lines[j] = lines[j], lines[i]
        case 1:
            del lines[i]
        case 2:
            lines.insert(j, lines[i])
        case _:
            lines[i] = " " * rng.randrange(5) + lines[i].lstrip(" ")
    return "".join(lines)


def _value(rng: Random, text: str) -> str:
    """Another value behind some key."""
    found = list(re.finditer(r"(?<=: )[^,\n}]+", text))
    if not found:
        return _insert(rng, text)
    one = rng.choice(found)
    odd = rng.choice((*_ODD_TEXTS, *map(str, ODD_VALUES), _some_bomb(rng)))
    return text[: one.start()] + odd + text[one.end() :]


def _some_bomb(rng: Random) -> str:
    return bomb(*rng.choice(((2, 5), (4, 20), (9, 9), (30, 2))))


def _alias(rng: Random, text: str) -> str:
    """Two values become one: an anchor at the first, an alias for the second."""
    found = list(re.finditer(r"(?<=: )[\[{][^\n]*[\]}](?=\n)", text))
    if not found:
        return _insert(rng, text)
    one, two = sorted((rng.choice(found), rng.choice(found)), key=lambda m: m.start())
    alias = "*one" if one is not two else "[*one]"
    return f"{text[: one.start()]}&one {text[one.start() : two.start()]}{alias}{text[two.end() :]}"


def _key(rng: Random, text: str) -> str:
    found = list(re.finditer(r"\w+(?=:)", text))
    if not found:
        return _byte(rng, text)
    one = rng.choice(found)
    return text[: one.start()] + _typo(rng, one[0]) + text[one.end() :]


_TEXT_MUTATIONS: tuple[Callable[[Random, str], str], ...] = (
    *(_byte, _cut, _insert, _lines, _lines, _value, _value, _alias, _key),
)
