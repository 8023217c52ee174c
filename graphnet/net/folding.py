"""Folding: which layers of a repeated block are as those of its first repetition."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from graphnet.net.spec import Node


@dataclass(frozen=True)
class Folded:
    """A repetition whose blocks are all alike.

    Attributes:
        name: The repetition's.
        count: How often its block is repeated.
        first: The layers of the first block.
        others: The layers of the other blocks, and the layer of the first that each is like.
    """

    name: str
    count: int
    first: tuple[Node, ...]
    others: tuple[tuple[Node, Node], ...]


def foldable(nodes: Iterable[Node], look: Callable[[Node], Any]) -> list[Folded]:
    """The repetitions whose blocks are alike, in the order of the net.

    Of repetitions within each other the outermost is folded.

    Args:
        nodes: A net's layers.
        look: What must be equal for two layers to be alike.
    """
    blocks: dict[Any, dict[int, dict[Any, Node]]] = {}
    for node in nodes:
        if not node.repeated:
            continue
        outer, *inner = node.repeated
        place = (
            outer.item,
            *((r.at and (r.at.line, r.at.column), r.number, r.item) for r in inner),
        )
        numbered = blocks.setdefault((outer.name, outer.count, outer.at), {})
        numbered.setdefault(outer.number, {})[place] = node
    found = []
    for (name, count, _), numbered in blocks.items():
        first, *others = numbered.values()
        looks = {place: look(node) for place, node in first.items()}
        if others and all(looks == {p: look(n) for p, n in other.items()} for other in others):
            pairs = tuple((node, first[p]) for other in others for p, node in other.items())
            found.append(Folded(name, count, tuple(first.values()), pairs))
    return found
