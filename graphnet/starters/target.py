"""What a net is to learn: one of some classes, several labels that are 0 or 1, or numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

from graphnet.data.text_file import one_line
from graphnet.data.tools.survey import Survey
from graphnet.starters.seen import SeenData

_MOST_NAMED = 10
#: Numbers up to this far from a mean of 0 and a deviation of 1 are learned as they are.
_NEAR = 3.0


@dataclass(frozen=True)
class Target:
    """What is to be learned.

    Attributes:
        name: Of the data set.
        kind: ``classes``: one whole number a row; ``tags``: several that are 0 or 1; ``numbers``.
        n_outputs: How many the net gives.
        text: What it is, to follow a description of the rows.
        mean: To be subtracted from numbers; 0 where that makes no difference.
        std: That they are to be divided by; 1 where that makes no difference.
    """

    name: str
    kind: Literal["classes", "tags", "numbers"]
    n_outputs: int
    text: str
    mean: float = 0.0
    std: float = 1.0


def target_of(seen: SeenData, label: Survey) -> Target:
    """What a column of labels asks for.

    Whole numbers from 0 are classes, unless most of those up to the largest do not occur, as of
    years; what is no whole number is a number to be learned as such.
    """
    n_values = prod(label.shape[1:])
    if label.classes and label.low >= 0:
        n_classes = max(int(seen.highest(label.name)) + 1, len(seen.train.class_names), 2)
        if n_classes <= 2 * len(label.classes) or seen.train.class_names:
            text = f" in {n_classes} classes{_named(seen.train.class_names)}"
            return Target(label.name, "classes", n_classes, text)
    if n_values > 1 and label.dtype.kind in "biu" and label.low >= 0 and label.high <= 1:
        return Target(label.name, "tags", n_values, f" with {n_values} labels of 0 or 1")
    text = " with a number to each" if n_values == 1 else f" with {n_values} numbers to each"
    is_near = abs(label.mean) <= _NEAR and 1 / _NEAR <= label.std <= _NEAR
    if is_near or not label.std > 0:
        return Target(label.name, "numbers", n_values, text)
    return Target(label.name, "numbers", n_values, text, label.mean, label.std)


def _named(names: tuple[str, ...]) -> str:
    """Their names in brackets, where there are not too many."""
    if not 0 < len(names) <= _MOST_NAMED:
        return ""
    return f" ({', '.join(map(one_line, names))})"
