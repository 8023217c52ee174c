"""The further test nets of a solver, where they are the first one on other data.

Caffe gives each test net a state of its own. Here a net has one test phase, and a further one is
the same layers with another source: a ValidationPerformance that names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers.reading import LayerDict
from graphnet.interchange.caffe.net.phases import PhaseNet
from graphnet.interchange.caffe.net.rules import State

_OWN = ("name", "source", "batch_size", "shuffle")  # of a data layer, which another may have


@dataclass(frozen=True)
class FurtherTest:
    """A test net beside the first.

    Attributes:
        name: Stands before what it measures.
        source: What it reads; None where it differs in more than that.
    """

    name: str
    source: str | None


def further_tests(
    solver: Message, first: PhaseNet, state: State, translate: Callable[[State], PhaseNet]
) -> list[FurtherTest]:
    """The second and further test nets of a solver.

    Args:
        solver: In the present form.
        first: The first test net.
        state: That of the test phase, without what the solver says of one.
        translate: The net in a state.
    """
    said: Sequence[Message] = solver["test_state"]
    n = max(len(solver["test_iter"]), len(said), len(solver["test_net"]))
    found: list[FurtherTest] = []
    for i in range(1, n):
        own = said[i] if i < len(said) else None
        stages = [re.sub(r"[^\w-]", "-", stage) for stage in own["stage"]] if own else []
        name = "-".join(stages) or f"test{i + 1}"
        while name in [each.name for each in found]:
            name += "-2"
        source = None
        if own is not None and not solver["test_net"] and not solver["test_net_param"]:
            merged = state.merged(own)
            source = _source_in(translate(State("TEST", merged.level, merged.stages)), first)
        found.append(FurtherTest(name, source))
    return found


def _source_in(net: PhaseNet, first: PhaseNet) -> str | None:
    """What a net reads, if that is all in which it differs from another."""
    if net.problems or first.problems:
        return None
    (data, rest), (first_data, first_rest) = _parted(net), _parted(first)
    if len(data) != 1 or len(first_data) != 1 or rest != first_rest:
        return None
    kept = [{k: v for k, v in one[0].items() if k not in _OWN} for one in (data, first_data)]
    source = data[0].get("source")
    return source if kept[0] == kept[1] and isinstance(source, str) else None


def _parted(net: PhaseNet) -> tuple[list[LayerDict], list[LayerDict]]:
    """The layers that read stored samples, and all others."""
    layers = [layer for entry in net.layers for layer in entry.made.all_layers()]
    data = [layer for layer in layers if layer["type"] == "HDF5Data"]
    return data, [layer for layer in layers if layer not in data]
