"""A trained net from a run's directory, a snapshot or a model, each of which holds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphnet.data.record import DataRecord
from graphnet.declare.overrides import Override
from graphnet.declare.repetition import overridden
from graphnet.declare.yaml_reader import parse_yaml
from graphnet.errors import SnapshotError
from graphnet.files.paths import shown
from graphnet.files.reading import open_regular
from graphnet.net.sources import data_record
from graphnet.net.spec import NetSpec, parse_net
from graphnet.solver.record.claim import BEST, SNAPSHOTS
from graphnet.solver.record.snapshot_file import Contents, begins_as_snapshot, read
from graphnet.solver.record.weights import read_weights


@dataclass(frozen=True)
class Trained:
    """A net and what it has learned.

    Attributes:
        spec: The net.
        file: The snapshot or model, or a file of another format.
        contents: What is in a snapshot or model; None for a file of another format.
        format: The other format; blank for graphnet's own.
    """

    spec: NetSpec
    file: Path
    contents: Contents | None
    format: str = ""

    @property
    def record(self) -> DataRecord:
        """What is known of its data: as recorded, else as its data files say, if they are here."""
        recorded = self.contents.data if self.contents else None
        return recorded if recorded and recorded.layers else data_record(self.spec)

    @property
    def recorded_data(self) -> Mapping[str, Any]:
        """The data that the run used, as far as that is known."""
        data = self.contents.meta.data if self.contents else None
        return data if isinstance(data, dict) else {}


def holds_net(path: Path) -> bool:
    """Whether a path is a folder, or a snapshot or model: not the YAML file of a net."""
    if path.is_dir():
        return True
    try:
        with open_regular(path) as file:
            return begins_as_snapshot(file.read(64))
    except OSError:
        return False


def read_best(path: Path) -> tuple[Path, Contents]:
    """The best snapshot of a run's directory, else its newest good one; or the file named.

    Raises:
        SnapshotError: If there is none.
    """
    best = path / SNAPSHOTS / BEST
    if path.is_dir() and best.is_file():
        try:
            return best, read(best)
        except SnapshotError:
            return read_weights(path)
    return read_weights(path)


def read_trained(
    path: Path, overrides: Iterable[Override] = (), *, user_code: bool = True
) -> Trained:
    """The net that a run, a snapshot or a model holds, with what it has learned.

    Args:
        path: A run's directory, of which the best snapshot is taken, else the newest; or a file.
        overrides: For the net.
        user_code: Whether classes may be named by a dotted path.

    Raises:
        SnapshotError: If there is none, or it holds no net.
        SpecError: If the net needs what is not here.
    """
    file, contents = read_best(path)
    where = f"{shown(file)}: net.yaml"
    if not contents.net_yaml.strip():
        raise SnapshotError(f"{shown(file)}: holds no net\n  give its YAML file, and --weights")
    folder = path if path.is_dir() else file.parent
    document = overridden(parse_yaml(contents.net_yaml, where, folder), overrides)
    return Trained(parse_net(document, "net", user_code=user_code), file, contents)
