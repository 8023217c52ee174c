"""Layers that share params, and what each of them says of these.

The first layer with a key declares its params; what another said of how they start, learn and are
bound would be ignored. So another may leave that out or say the same, and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from graphnet.errors import Problem, SpecError
from graphnet.net.spec import Node


def check_contradictions(nodes: Iterable[Node]) -> None:
    """See that layers with one key, of whatever phases, do not contradict each other.

    Args:
        nodes: Of one or several nets that share params, in order.

    Raises:
        SpecError: With every contradiction, at the layer that would be ignored.
    """
    users: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        users[node.spec.store_key].append(node)
    problems = [
        problem
        for of_key in users.values()
        if len(of_key) > 1
        for problem in _contradictions(of_key)
    ]
    if problems:
        raise SpecError.of(problems)


def _contradictions(users: list[Node]) -> Iterator[Problem]:
    # params learn as the training net says
    owner = next((node for node in users if node.spec.phase != "test"), users[0])
    where = f" ({owner.position})" if owner.position else ""
    for node in users:
        if node is owner or node.spec is owner.spec:
            continue
        said, counts = node.spec.param_keys(), owner.spec.param_keys()
        for key in sorted(node.spec.model_fields_set & said.keys() & counts.keys()):
            if said[key] != counts[key]:
                yield Problem(
                    f"{node.subject}key '{key}' says {_text(said[key])}, but it shares the params"
                    f" of layer '{owner.name}'{where}, which has {_text(counts[key])}\n"
                    "  leave it out in one of them, or say the same in both",
                    node.position,
                )


def _text(value: object) -> str:
    """A number, or ``Gaussian(mean=0.0, std=2.0)``."""
    if isinstance(value, int | float):
        return f"{value:g}"
    fields = {name: v for name, v in vars(value).items() if name != "type"}
    inside = ", ".join(f"{name}: {v}" for name, v in fields.items())
    return type(value).__name__ + (f" ({inside})" if inside else "")
