"""The rules of names: every layer and top is named once, and every bottom is somebody's top."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from graphnet.errors import Problem, TopologyError, did_you_mean, listed
from graphnet.net.spec import Node

#: For how many misspelt bottoms it is looked what was meant; each is compared with all names.
_MOST_HINTS = 20


def check_names(nodes: Sequence[Node], declared: Sequence[Node] = ()) -> None:
    """Every layer name and every top is given once, and every bottom is somebody's top.

    Args:
        nodes: Of one phase.
        declared: Of all phases, for messages.

    Raises:
        TopologyError: With all such problems.
    """
    makers: dict[str, Node] = {}
    problems = [*_name_problems(nodes), *_top_problems(nodes, makers)]
    phase_of = {top: node for node in reversed(declared) for top in node.tops}
    unknown = [
        (node, bottom)
        for node in nodes
        for bottom in dict.fromkeys(node.bottoms)
        if bottom not in makers
    ]
    for i, (node, bottom) in enumerate(unknown):
        hint = _meant(bottom, makers, phase_of) if i < _MOST_HINTS else ""
        said = f"no layer makes its bottom '{bottom}'{hint}"
        if bottom in phase_of:
            said = said.replace("no layer makes", "no layer of this phase makes", 1)
        problems.append(Problem(node.subject + said, node.place_of(bottom)))
    if problems:
        raise TopologyError.of(problems)


def _meant(bottom: str, makers: Iterable[str], phase_of: Mapping[str, Node]) -> str:
    """What may have been meant by a bottom that no layer makes."""
    if bottom in phase_of:
        node = phase_of[bottom]
        return f"\n  layer '{node.name}' does, but only in phase {node.spec.phase}"
    return did_you_mean(bottom, makers) or f"\n  there is: {listed(makers)}"


def _name_problems(nodes: Sequence[Node]) -> Iterator[Problem]:
    seen: dict[str, Node] = {}
    for node in nodes:
        if node.name in seen:
            message = f"the layer name '{node.name}' is used twice in this phase"
            yield Problem(node.subject + message + _also(seen[node.name]), node.position)
        seen[node.name] = node


def _top_problems(nodes: Sequence[Node], makers: dict[str, Node]) -> Iterator[Problem]:
    """What is wrong with the tops; fills ``makers`` with the layer that makes each."""
    for node in nodes:
        for top in node.tops:
            if top in node.bottoms:
                if not node.spec.in_place:
                    yield Problem(
                        f"{node.subject}cannot write its top over its bottom '{top}'\n"
                        "  give the top a name of its own",
                        node.place_of(top),
                    )
            elif top in makers:
                yield Problem(
                    f"{node.subject}the top '{top}' is already a top of layer "
                    f"'{makers[top].name}'{_also(makers[top])}",
                    node.place_of(top),
                )
            else:
                makers[top] = node


def _also(node: Node) -> str:
    return f"\n  first in line {node.position.line}" if node.position else ""
