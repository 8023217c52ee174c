"""Exporting weights: the params and running statistics of a net, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.errors import SnapshotError
from graphnet.files.paths import refuse_to_replace, refuse_to_write_over
from graphnet.interchange.weights.matching import Needed
from graphnet.interchange.weights.needed import NetSource, compiled_phases, needed_by, spec_of
from graphnet.net.net import Net
from graphnet.solver.record.snapshot_file import host_arrays
from graphnet.solver.record.stored_array import Stored
from graphnet.solver.record.weights import read_weights

#: What writes a format: the file, and the arrays by their names in it.
WriteFile = Callable[[Path, Mapping[str, Stored]], None]


class Written(NamedTuple):
    """An array of a file that is written.

    Attributes:
        needed: The param it is made from.
        shape: Its shape there.
        make: Makes it of the param's values; None: it is the param.
    """

    needed: Needed
    shape: Shape
    make: Callable[[np.ndarray], np.ndarray] | None = None

    def array(self, stored: Stored) -> Stored:
        """The array: the param itself, which may be in a file, where nothing is done to it."""
        if self.make is None and stored.shape == self.shape:
            return stored
        values = np.asarray(stored)
        return (self.make(values) if self.make else values).reshape(self.shape)


#: What a net's params become in a file, by name.
NameAll = Callable[[Sequence[Needed]], Mapping[str, Written]]


def plain_names(needed: Sequence[Needed]) -> dict[str, Written]:
    """``conv1.filter``: layer and param as graphnet names them."""
    return {f"{each.key}.{each.name}": Written(each, each.shape) for each in needed}


def export_weights(
    write: WriteFile,
    name: NameAll,
    net: NetSource,
    to: Path | str,
    weights: Path | str,
    *,
    force: bool,
) -> list[tuple[Needed, str]]:
    """Write the weights of a net as another format's file.

    Args:
        write: What writes the format.
        name: What it calls params.
        net: The net's YAML file.
        to: The file.
        weights: A run, a snapshot or a model.
        force: Whether a file that is there may be replaced.

    Returns:
        The params, and their names in the file.

    Raises:
        GraphnetError: If the weights are not of this net, the format cannot say all of them, or it
            cannot be written; nothing is then.
    """
    path, spec = Path(to), spec_of(net)
    read = {"the weights": Path(weights)}
    read |= {"the net's YAML": Path(spec.file)} if spec.file else {}
    refuse_to_write_over(path, read)
    refuse_to_replace([path], force=force)
    needed = needed_by(compiled_phases(spec))
    contents = read_weights(Path(weights))[1]
    named = name(needed)
    found = {**contents.params, **contents.state}
    _check(needed, found)
    _write(write, path, named, found)
    return [(each.needed, there) for there, each in named.items()]


def save_net(write: WriteFile, name: NameAll, net: Net, to: Path | str) -> None:
    """Write the weights of a loaded net; a file that is there is replaced.

    Raises:
        GraphnetError: If it cannot be written.
    """
    found = {name: array for _, name, array in host_arrays(net.store)}
    _write(write, Path(to), name(needed_by([net.compiled])), found)


def _write(
    write: WriteFile, path: Path, named: Mapping[str, Written], found: Mapping[str, Stored]
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, {name: each.array(found[each.needed.path]) for name, each in named.items()})


def _check(needed: Sequence[Needed], found: Mapping[str, Stored]) -> None:
    """See that the weights are those of the net.

    Raises:
        SnapshotError: Listing all that is missing or of another shape.
    """
    wrong = []
    for each in needed:
        array = found.get(each.path)
        if array is None or array.shape != each.shape:
            there = "is not there" if array is None else f"is {shape_text(array.shape)} there"
            wrong.append(f"'{each.path}' {there}, expected {shape_text(each.shape)}")
    if wrong:
        raise SnapshotError("the weights are not of this net:\n  " + "\n  ".join(wrong))
