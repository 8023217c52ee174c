"""The values of options that more than one command has."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from graphnet.declare.overrides import Override


class PhaseName(StrEnum):
    """The phases of a net."""

    TRAIN = "train"
    TEST = "test"


class HeatName(StrEnum):
    """What the boxes of a drawing may be coloured by."""

    KIND = "kind"
    MACS = "macs"
    BYTES = "bytes"
    TIME = "time"


class OverName(StrEnum):
    """What the x axis of a chart may be."""

    ITER = "iter"
    EPOCH = "epoch"
    TIME = "time"


class SchemaName(StrEnum):
    """What there is a JSON Schema of."""

    NET = "net"
    SOLVER = "solver"


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
