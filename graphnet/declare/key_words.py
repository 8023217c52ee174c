"""What users of Caffe, Mocha, Keras and PyTorch write, and what it is here: the hints."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from graphnet.declare.key_table import KEYS_ELSEWHERE, KIND_WORDS, NUMBER_FORMS, PHRASES
from graphnet.errors import did_you_mean, nearest, one_of


def key_hint(
    key: str, known: Collection[str], value: Any = None, under: Collection[str] = ()
) -> str:
    """A line on what to write instead of a key that is unknown (with its newline and indent).

    Args:
        key: What was written.
        known: The keys that may stand there.
        value: What was given to it.
        under: The type it is given to, or the key it stands under: they tell what was meant.
    """
    if spacing := _spacing_hint(key, known):
        return spacing
    if key in ("dim", "channel_dim") and "axis" in known:
        return "\n  " + _axis_for(key, value)
    theirs = key.lower()
    words = [ours for ours in known if theirs in KEYS_ELSEWHERE.get(ours, "").split()]
    if words:
        return "\n  write " + " or ".join(f"'{ours}'" for ours in words)
    phrases = [p for p in PHRASES.get(theirs, ()) if place_of(p) in {*known, *under}]
    if phrases:
        sentence = phrases[0].startswith("(")
        return "\n  " + (phrases[0].partition(") ")[2] if sentence else f"write {phrases[0]}")
    if key.endswith("_param") and "bottoms" in known:
        return f"\n  write its keys beside 'type', without '{key}'"
    return did_you_mean(key, known) or (one_of(list(known)) if known else "")


def _spacing_hint(key: str, known: Collection[str]) -> str:
    """A line on the blank that is missing in ``-name`` and in ``name:x``."""
    if key.startswith("-") and key[1:] in known:
        return f"\n  write '- {key[1:]}', with a blank behind the dash"
    name, colon, value = key.partition(":")
    if colon and value and name in known:
        return f"\n  write '{name}: {value}', with a blank behind the colon"
    return ""


def shape_hint(found: Any) -> str:
    """A line on what is wrong with a text or list where keys and values are wanted, or nothing."""
    if isinstance(found, list) and found and all(isinstance(item, Mapping) for item in found):
        return "\n  leave out the dashes: this is no list"
    if not isinstance(found, str):
        return ""
    key = re.match(r"[A-Za-z_]\w*(?=\s*=|:\S)", found)
    return f"\n  write '{key[0]}: …', with a colon and a blank" if key else ""


def place_of(phrase: str) -> str:
    """The key of ours that a phrase begins with."""
    found = re.match(r"\(?(\w+)", phrase)
    return found[1] if found else ""


def kind_meant(found: str, known: Collection[str]) -> str:
    """Which of the ``known`` kinds was meant by a name that may be theirs; nothing if none was."""
    if found in known:
        return found
    # Mocha's Neurons.ReLU(), Pooling.Max(), XavierInitializer()
    plain = re.sub(r"\(.*\)$", "", found.strip()).rpartition(".")[2].removesuffix("Initializer")
    words = KIND_WORDS.get(re.sub(r"[_\W]", "", plain).lower(), ())
    meant = [word for word in words if word in known]
    return meant[0] if meant else nearest(plain, known)


def kind_hint(found: str, known: Collection[str]) -> str:
    """A line on which of ``known`` was meant (with its newline and indent), or nothing."""
    meant = kind_meant(found, known)
    return f"\n  did you mean '{meant}'?" if meant else ""


def number_hint(key: str, value: Any) -> str:
    """A line on how a bare number is written as keys and values, where that can be told."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    forms = [form for end, form in NUMBER_FORMS.items() if key.endswith(end)]
    return f"\n  write {key}: {forms[0].format(value)}" if forms else ""


def _axis_for(key: str, value: Any) -> str:
    """Mocha counts axes from the other end, from 1; graphnet as NumPy does, from 0."""
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
