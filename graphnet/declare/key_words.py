"""Hints for users of Caffe, Mocha, Keras and PyTorch: what to write instead of their keys."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from graphnet.declare.key_table import KEYS_ELSEWHERE, KINDS_ELSEWHERE, NUMBER_FORMS, PHRASES
from graphnet.errors import did_you_mean, nearest, one_of


def key_hint(
    key: str, known: Collection[str], value: Any = None, under: Collection[str] = ()
) -> str:
    """A line that says what to write instead of an unknown key, with its newline and indent.

    Args:
        key: What was written.
        known: The keys that may stand there.
        value: Its value.
        under: The type that the key was given to, or the key above it: these may tell what was
            meant.
    """
    if spacing := _spacing_hint(key, known):
        return spacing
    if key in ("dim", "channel_dim") and "axis" in known:
        return "\n  " + _axis_for(key, value)
    theirs = key.lower()
    words = [ours for ours in known if theirs in KEYS_ELSEWHERE.get(ours, "").split()]
    if words:
        return "\n  write " + " or ".join(f"'{ours}'" for ours in words)
    for phrase, keys in PHRASES.items():
        if theirs in keys.split() and place_of(phrase) in {*known, *under}:
            sentence = phrase.startswith("(")
            return "\n  " + (phrase.partition(") ")[2] if sentence else f"write {phrase}")
    if key.endswith("_param") and "bottoms" in known:
        return f"\n  write its keys beside 'type', without '{key}'"
    return did_you_mean(key, known) or (one_of(list(known)) if known else "")


def _spacing_hint(key: str, known: Collection[str]) -> str:
    """A line on the space that is missing in ``-name`` or ``name:x``, or nothing."""
    if key.startswith("-") and key[1:] in known:
        return f"\n  write '- {key[1:]}', with a space after the dash"
    name, colon, value = key.partition(":")
    if colon and value and name in known:
        return f"\n  write '{name}: {value}', with a space after the colon"
    return ""


def shape_hint(found: Any) -> str:
    """A line on how a text or list is written as keys and values, or nothing if that is unclear."""
    if isinstance(found, list) and found and all(isinstance(item, Mapping) for item in found):
        return "\n  leave out the dashes: this is not a list"
    if not isinstance(found, str):
        return ""
    key = re.match(r"[A-Za-z_]\w*(?=\s*=|:\S)", found)
    return f"\n  write '{key[0]}: …', with a colon and a space" if key else ""


def place_of(phrase: str) -> str:
    """The key of ours that a phrase begins with."""
    found = re.match(r"\(?(\w+)", phrase)
    return found[1] if found else ""


def kind_meant(found: str, known: Collection[str]) -> str:
    """The kind among ``known`` that a name of another framework means, or nothing."""
    if found in known:
        return found
    # Mocha's Neurons.ReLU(), Pooling.Max(), XavierInitializer()
    plain = re.sub(r"\(.*\)$", "", found.strip()).rpartition(".")[2].removesuffix("Initializer")
    theirs = re.sub(r"[_\W]", "", plain).lower()
    meant = [ours for ours in known if theirs in KINDS_ELSEWHERE.get(ours, "").split()]
    return meant[0] if meant else nearest(plain, known)


def kind_hint(found: str, known: Collection[str]) -> str:
    """The line ``did you mean 'x'?`` for a kind (with its newline and indent), or nothing."""
    meant = kind_meant(found, known)
    return f"\n  did you mean '{meant}'?" if meant else ""


def number_hint(key: str, value: Any) -> str:
    """A line on how a bare number is written as keys and values, or nothing if that is unclear."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    forms = [form for end, form in NUMBER_FORMS.items() if key.endswith(end)]
    return f"\n  write {key}: {forms[0].format(value)}" if forms else ""


def _axis_for(key: str, value: Any) -> str:
    """Mocha counts axes from the last one, which is 1; graphnet from the first one, which is 0."""
    if not isinstance(value, int) or value == 0:
        return (
            f"graphnet's key is 'axis', counted as in NumPy's (N, C, H, W); Mocha's '{key}' is not"
        )
    others = f"\n  PyTorch's is 'axis: {value}'" if key == "dim" else ""
    if value < 0:
        said = f"Mocha's '{key}: {value}' is 'axis: {-value - 1}' here (NumPy's order, from 0)"
        return said + others
    return (
        f"Mocha's '{key}: {value}' is 'axis: n - {value}' here for a blob of n axes"
        f" (NumPy's order, from 0): 'axis: {4 - value}' for an image blob (N, C, H, W){others}"
    )
