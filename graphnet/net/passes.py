"""The passes: sugar rewritten into plain layers, before the graph exists.

Each is a pure function from a list of nodes to a list of nodes, and can be read, tested and
broken alone. After the last one every layer has the bottoms and tops it will run with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from graphnet.errors import Problem, TopologyError, did_you_mean
from graphnet.layers.base import Phase
from graphnet.layers.neurons import ReLU
from graphnet.layers.pooling import Pooling
from graphnet.layers.split import Split
from graphnet.net.spec import Node

#: Marks the versions of a blob that in-place layers replace: ``conv1#0``. Not allowed in names.
VERSION_MARK = "#"


def select_phase(nodes: Iterable[Node], phase: Phase) -> list[Node]:
    """The layers of one phase: those that name it, and those that name none."""
    return [n for n in nodes if n.spec.phase in (None, phase)]


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
    problems += [
        Problem(node.subject + _no_maker(bottom, makers, declared), node.position)
        for node in nodes
        for bottom in dict.fromkeys(node.bottoms)
        if bottom not in makers
    ]
    if problems:
        raise TopologyError.of(problems)


def _no_maker(bottom: str, makers: Iterable[str], declared: Iterable[Node]) -> str:
    """That nobody makes a bottom, and who might have been meant."""
    for node in declared:
        if bottom in node.tops:
            return (
                f"no layer of this phase makes its bottom '{bottom}'\n"
                f"  layer '{node.name}' does, but only in phase {node.spec.phase}"
            )
    hint = did_you_mean(bottom, makers) or "\n  there is: " + ", ".join(makers)
    return f"no layer makes its bottom '{bottom}'{hint}"


def _name_problems(nodes: Sequence[Node]) -> Iterator[Problem]:
    seen: dict[str, Node] = {}
    for node in nodes:
        if node.name in seen:
            message = f"the layer name '{node.name}' is used twice in this phase"
            yield Problem(node.subject + message + _also(seen[node.name]), node.position)
        seen[node.name] = node
        for name in (node.name, *node.tops):
            if VERSION_MARK in name:
                message = f"'{name}': a name must not contain '{VERSION_MARK}'"
                yield Problem(node.subject + message, node.position)


def _top_problems(nodes: Sequence[Node], makers: dict[str, Node]) -> Iterator[Problem]:
    """What is wrong with the tops; fills ``makers`` with the layer that makes each."""
    for node in nodes:
        for top in node.tops:
            if top in node.bottoms:
                if not node.spec.in_place:
                    yield Problem(
                        f"{node.subject}cannot write its top over its bottom '{top}'\n"
                        "  give the top a name of its own",
                        node.position,
                    )
            elif top in makers:
                yield Problem(
                    f"{node.subject}the top '{top}' is already a top of layer "
                    f"'{makers[top].name}'{_also(makers[top])}",
                    node.position,
                )
            else:
                makers[top] = node


def _also(node: Node) -> str:
    return f"\n  first in line {node.position.line}" if node.position else ""


def expand_bottoms(nodes: Iterable[Node]) -> list[Node]:
    """A layer of several bottoms and as many tops becomes a copy for each, sharing the params."""
    result = []
    for node in nodes:
        if not node.spec.each_bottom or len(node.bottoms) == 1:
            result.append(node)
            continue
        for i, (bottom, top) in enumerate(zip(node.bottoms, node.tops, strict=True)):
            name = node.name if i == 0 else f"{node.name}.{i + 1}"
            result.append(replace(node, name=name, bottoms=(bottom,), tops=(top,)))
    return result


def expand_neurons(nodes: Iterable[Node]) -> list[Node]:
    """``neuron: ReLU`` becomes an in-place layer right behind the layer that has it."""
    result = []
    for node in nodes:
        result.append(node)
        neuron = getattr(node.spec, "neuron", None)
        if neuron is None or neuron.type == "Identity":
            continue
        for i, top in enumerate(node.tops):
            name = f"{node.name}.neuron" + (f".{i + 1}" if i else "")
            spec = neuron.model_copy(update={"name": name, "bottoms": (top,), "tops": (top,)})
            result.append(Node(name, spec, (top,), (top,), node.position))
    return result


def name_inplace(nodes: Sequence[Node]) -> list[Node]:
    """Give every version of a blob that in-place layers replace a name of its own.

    The layers on one blob apply in list order, the producer's own neuron first; every other
    reader sees the last version, which keeps the plain name. Earlier ones become ``NAME#0``,
    ``NAME#1`` …
    """
    chains = _inplace_chains(nodes)

    def version(blob: str, k: int) -> str:
        return blob if k == len(chains[blob]) else f"{blob}{VERSION_MARK}{k}"

    result = []
    for node in nodes:
        both = set(node.bottoms) & set(node.tops)
        place = {blob: chains[blob].index(node.name) for blob in both}
        bottoms = [version(b, place[b]) if b in both else b for b in node.bottoms]
        tops = [
            version(t, place[t] + 1 if t in both else 0) if t in chains else t for t in node.tops
        ]
        result.append(replace(node, bottoms=tuple(bottoms), tops=tuple(tops)))
    return result


def _inplace_chains(nodes: Sequence[Node]) -> dict[str, list[str]]:
    """For each blob that in-place layers replace, their names in the order they apply."""
    makers = {top: n.name for n in nodes for top in n.tops if top not in n.bottoms}
    chains: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        for blob in dict.fromkeys(node.tops):
            if blob in node.bottoms:
                chains[blob].append(node.name)
    for blob, chain in chains.items():
        own = f"{makers[blob]}.neuron"
        chain.sort(key=lambda name: not name.startswith(own))  # stable
    return chains


def rectify_pooled(nodes: Sequence[Node], kept: Callable[[str], bool]) -> list[Node]:
    """Let a ReLU that only a max pooling reads run behind the pooling, on fewer elements.

    The result is the same: the maximum of what is cut off at a bound is the maximum, cut off; and
    a window all below the bound passes no gradient on either way. The blob between, which then
    holds what is not cut off yet, must not be ``kept``.
    """
    readers: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        for blob in node.bottoms:
            readers[blob].append(node)
    replaced: dict[str, list[Node]] = {}
    for node in nodes:
        if not isinstance(node.spec, ReLU) or kept(node.tops[0]):
            continue
        match readers[node.tops[0]]:
            case [Node(spec=Pooling(pooling="Max"), tops=(top,)) as pooling]:
                between = (f"{top}{VERSION_MARK}{node.name}",)
                replaced[node.name] = []
                replaced[pooling.name] = [
                    replace(pooling, bottoms=node.bottoms, tops=between),
                    replace(node, bottoms=between, tops=(top,)),
                ]
    return [new for node in nodes for new in replaced.get(node.name, [node])]


def insert_splits(nodes: Sequence[Node]) -> list[Node]:
    """A blob that several layers may send a gradient to gets a Split, which adds them up.

    Readers that send none (Accuracy, a loss's label) keep reading the blob itself.
    """
    readers: dict[str, list[tuple[int, int]]] = defaultdict(list)  # blob -> (node, bottom) indices
    for n, node in enumerate(nodes):
        differentiable = node.spec.differentiable(len(node.bottoms))
        for b, blob in enumerate(node.bottoms):
            if b in differentiable:
                readers[blob].append((n, b))
    bottoms = [list(node.bottoms) for node in nodes]
    splits: dict[str, Node] = {}
    for blob, places in readers.items():
        if len(places) < 2:  # noqa: PLR2004  # one reader needs no Split
            continue
        tops = tuple(
            f"{blob}{VERSION_MARK}to-{nodes[n].name}" + (f"-{b}" if b else "") for n, b in places
        )
        for (n, b), top in zip(places, tops, strict=True):
            bottoms[n][b] = top
        spec = Split(name=f"{blob}.split", bottoms=(blob,), tops=tops)
        splits[blob] = Node(spec.name, spec, (blob,), tops)
    result = []
    for n, node in enumerate(nodes):
        result.append(replace(node, bottoms=tuple(bottoms[n])))
        result += [replace(splits[t], position=node.position) for t in node.tops if t in splits]
    return result
