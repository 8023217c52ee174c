"""What the commands begin with: the net, and the solver that trains it, read with overrides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphnet.net.spec import NetSpec, parse_net
from graphnet.overrides import Override, override
from graphnet.yaml_reader import read_yaml


def read_declared_net(
    path: Path, overrides: Sequence[Override] = (), *, user_code: bool = True
) -> NetSpec:
    """A net from its YAML file, with the overrides that are meant for it.

    Raises:
        SpecError: With every problem at its line and column.
    """
    document = override(read_yaml(path), [one for one in overrides if one.for_net])
    return parse_net(document, path.stem, user_code=user_code)
