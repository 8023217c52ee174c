"""What runs were declared with, as flat tables that can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from graphnet.files.reading import read_regular
from graphnet.solver.record.claim import DECLARED

#: Values by dotted key, as ``--set`` has them: ``layers.conv1.n_filter``, ``lr_policy.base_lr``.
Settings: TypeAlias = Mapping[str, Any]

#: Where a run lies says nothing of what it is.
_NOT_COMPARED = frozenset(("exp_dir",))


def read_settings(run: Path) -> Settings:
    """What a run's ``net.yaml`` and ``solver.yaml`` say; nothing of what cannot be read."""
    found: dict[str, Any] = {}
    for name in DECLARED:
        try:
            text = read_regular(run / name).decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        found |= _flat(text)
    return found


@lru_cache(maxsize=512)  # many runs are of one net
def _flat(text: str) -> Mapping[str, Any]:
    if len(text) > _MOST_CHARACTERS:
        return {}
    try:
        # a run writes none of these, which may expand without end
        if "*" in text and any(isinstance(e, yaml.AliasEvent) for e in yaml.parse(text, _LOADER)):
            return {}
        value = yaml.load(text, _LOADER)  # noqa: S506  # a safe loader
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError):
        return {}
    return {k: v for k, v in _leaves(value, "") if k not in _NOT_COMPARED}


#: A net of 5,000 layers has fewer; more are read by no list of runs.
_MOST_CHARACTERS = 1 << 20
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Every value with its dotted key; items of a list go by name, else by type, else by number."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for name, item in zip(_names(value), value, strict=True):
            yield from _leaves(item, f"{key}.{name}")
    else:
        yield key, value


def _names(items: Sequence[Any]) -> list[str]:
    """What the items of a list are called, no two alike."""
    names: list[str] = []
    for i, item in enumerate(items):
        named = item if isinstance(item, Mapping) else {}
        name = str(named.get("name") or named.get("type") or i)
        names.append(name if name not in names else f"{name}.{i}")
    return names


def differences(all_settings: Sequence[Settings]) -> dict[str, list[Any]]:
    """The keys that not all have alike, each with its value in each; None where it is missing."""
    keys = dict.fromkeys(key for settings in all_settings for key in settings)
    values = {key: [settings.get(key) for settings in all_settings] for key in keys}
    return {key: found for key, found in values.items() if any(v != found[0] for v in found)}


def short_keys(keys: Sequence[str]) -> dict[str, str]:
    """Each key by as few of its last words as tell it from the others."""
    short = {}
    for key in keys:
        words = key.split(".")
        n = 1
        while n < len(words) and sum(_ends_in(k, words[-n:]) for k in keys) > 1:
            n += 1
        short[key] = ".".join(words[-n:])
    return short


def _ends_in(key: str, words: Sequence[str]) -> bool:
    return key.split(".")[-len(words) :] == list(words)


def value_text(value: Any) -> str:
    """A value as a table shows it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return f"[{', '.join(map(value_text, value))}]"
    return str(value)
