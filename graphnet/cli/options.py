"""The values of options that several commands have."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from graphnet.declare.overrides import Override
    from graphnet.layers.base import Phase
    from graphnet.net.net import Net
    from graphnet.net.spec import NetSpec


class PhaseName(StrEnum):
    """The phases of a net."""

    TRAIN = "train"
    TEST = "test"


class SchemaName(StrEnum):
    """What there is a JSON Schema of."""

    NET = "net"
    SOLVER = "solver"


@dataclass(frozen=True)
class NetOptions:
    """Where and how a net runs.

    Attributes:
        threads: None for one per processor.
        backend: Its name.
        offline: Do not download data.
        user_code: Whether classes may be named by a dotted path.
        memory_limit: The most bytes a net may need; None for what the machine has free.
    """

    threads: int | None
    backend: str
    offline: bool = False
    user_code: bool = True
    memory_limit: int | None = None

    def open_net(self, spec: NetSpec, phase: Phase, **more: Any) -> closing[Net]:
        """Load a net, which is closed when the ``with`` block ends."""
        from graphnet.net.load_net import load_net

        more |= {"threads": self.threads, "memory_limit": self.memory_limit}
        return closing(load_net(spec, phase, self.backend, **more))


def parse_overrides(texts: Sequence[str] | None) -> list[Override]:
    """What ``--set`` says.

    Raises:
        typer.BadParameter: If a text is no ``KEY.PATH=VALUE``.
    """
    from graphnet.declare.overrides import parse_override

    try:
        return [parse_override(text) for text in texts or ()]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--set") from None
