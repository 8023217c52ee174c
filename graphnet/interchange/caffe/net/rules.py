"""Which layers of a Caffe net run in a state: phase, level and stages, by its include rules."""

from __future__ import annotations

from dataclasses import dataclass

from graphnet.errors import SpecError
from graphnet.interchange.caffe.files.message import Message


@dataclass(frozen=True)
class State:
    """What a net is built for.

    Attributes:
        phase: ``TRAIN`` or ``TEST``.
        level: A number that rules may bound.
        stages: Words that rules may ask for.
    """

    phase: str
    level: int = 0
    stages: tuple[str, ...] = ()

    def merged(self, state: Message) -> State:
        """With what a net or solver says of its own state; stages add up."""
        return State(
            state["phase"] if state.has("phase") else self.phase,
            state["level"] if state.has("level") else self.level,
            (*self.stages, *state["stage"]),
        )


def runs(layer: Message, state: State) -> bool:
    """Whether a layer is in the net of this state.

    Raises:
        SpecError: If it has rules of both kinds.
    """
    include, exclude = layer["include"], layer["exclude"]
    if include and exclude:
        raise SpecError(
            f"layer '{layer['name']}': has both 'include' and 'exclude' rules"
            "\n  keep those of one kind",
            layer.at("exclude"),
        )
    if include:
        return any(_meets(rule, state) for rule in include)
    return not any(_meets(rule, state) for rule in exclude)


def _meets(rule: Message, state: State) -> bool:
    return (
        (not rule.has("phase") or rule["phase"] == state.phase)
        and (not rule.has("min_level") or state.level >= rule["min_level"])
        and (not rule.has("max_level") or state.level <= rule["max_level"])
        and all(stage in state.stages for stage in rule["stage"])
        and not any(stage in state.stages for stage in rule["not_stage"])
    )
