"""Weights: load and save the params and persistent state of a net, by layer name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from graphnet.blob import shape_text
from graphnet.declare.arguments import expect_net, expect_path, spelled_out
from graphnet.errors import SnapshotError
from graphnet.files.bounds import check_read
from graphnet.files.paths import is_there, refuse_to_write_over, shown
from graphnet.files.reading import open_regular
from graphnet.files.writing import Advice, explained, output_file
from graphnet.params.filling import fill, parts_of
from graphnet.params.param import ParamStore
from graphnet.solver.average import AVERAGES
from graphnet.solver.record.claim import SNAPSHOTS, is_snapshot_name
from graphnet.solver.record.run_directory import newest_good
from graphnet.solver.record.snapshot_file import (
    Contents,
    Meta,
    begins_as_snapshot,
    host_arrays,
    read,
    store_arrays,
    versions,
    write_to,
)
from graphnet.solver.record.stored_array import Stored
from graphnet.solver.trainable_net import TrainableNet


@dataclass(frozen=True)
class WeightsReport:
    """What was loaded from a file and what was not.

    Attributes:
        file: The file.
        loaded: ``layer/param`` of each param that was loaded.
        missing: Params of the net that are not in the file; they keep their values.
        misshapen: Params with another shape in the file, and both shapes; they keep their values.
        unused: Params in the file that the net does not have.
    """

    file: Path
    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    misshapen: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every param of the net was loaded."""
        return not self.missing and not self.misshapen

    def __str__(self) -> str:
        n = len(self.loaded) + len(self.missing) + len(self.misshapen)
        lines = [f"loaded {len(self.loaded)} of {n} params from {shown(self.file)}"]
        for what, names in (
            ("not in the file, so they start as declared", self.missing),
            ("of another shape in the file, so they start as declared", self.misshapen),
            ("in the file but not in this net", self.unused),
        ):
            if names:
                lines.append(f"  {what}: {', '.join(names)}")
        return "\n".join(lines)


def upload(
    store: ParamStore, params: Mapping[str, Stored], state: Mapping[str, Stored], *, file: Path
) -> WeightsReport:
    """Copy into the store what fits, converted to its precision.

    Only params count in the report; state comes along where it fits.
    """
    given = {"params": params, "state": state}
    loaded, missing, misshapen = [], [], []
    for group, name, array in store_arrays(store):
        values = given[group].get(name)
        if values is None:
            missing.append((group, name))
        elif values.shape != tuple(array.shape):
            shapes = f"{shape_text(values.shape)} there, {shape_text(tuple(array.shape))} here"
            misshapen.append((group, f"{name} ({shapes})"))
        else:
            fill(store.backend, array, parts_of(values))
            loaded.append((group, name))
    known = {name for group, name, _ in store_arrays(store) if group == "params"}
    return WeightsReport(
        file,
        _params_of(loaded),
        _params_of(missing),
        _params_of(misshapen),
        tuple(name for name in params if name not in known),
    )


def _params_of(found: list[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(name for group, name in found if group == "params")


def read_weights(path: Path) -> tuple[Path, Contents]:
    """The newest good snapshot of a run's directory, or the snapshot or model named.

    Raises:
        SnapshotError: If there is none.
    """
    check_read(path)
    if not is_there(path):
        raise SnapshotError(
            f"{shown(path)}: there is no such run, snapshot or model\n"
            "  expected a run's directory, or a file that graphnet has written"
        )
    if not path.is_dir():
        return path, read(path)
    found = newest_good(path)
    if found is None:
        where = shown(path / "snapshots")
        raise SnapshotError(f"{shown(path)}: holds no run: there is no snapshot in {where}")
    return found


def averaged_params(contents: Contents, file: Path) -> Contents:
    """A snapshot's contents with the average of its params in their place.

    Raises:
        SnapshotError: If it has none.
    """
    found = {}
    for name, array in contents.history.items():
        average, _, param = name.partition("/")
        if average in AVERAGES and param in contents.params:
            found[param] = array
    if not found or not contents.iter:
        raise SnapshotError(
            f"{shown(file)}: holds no average of its params\n"
            "  a run keeps one if its solver says ema: 0.999"
        )
    return replace(contents, params={**contents.params, **found})


@spelled_out
def load_weights(
    net: TrainableNet, path: Path | str, *, strict: bool = False, averaged: bool = False
) -> WeightsReport:
    """Load params and persistent state by layer name from a run, a snapshot or a model.

    Args:
        net: The net, of either phase.
        path: A run's directory, of which the newest good snapshot is taken, or a file.
        strict: Whether every param of the net must be in the file, in its shape.
        averaged: Whether to load the average of the params (``ema`` or ``swa`` of the solver, or
            that of a schedule-free method) in their place.

    Returns:
        What was loaded and what was not.

    Raises:
        SnapshotError: If the file is missing or damaged, or nothing in it fits; with
            ``strict``, if not everything does, and then nothing is loaded.

    Example:
        >>> net = gn.load_net("iris/net.yaml")
        >>> gn.save_model(net, "model.h5")
        >>> print(gn.load_weights(net, "model.h5"))
        loaded 6 of 6 params from model.h5
    """
    expect_net("load_weights", net, call="load_weights(net, FILE)")
    expect_path("load_weights", path, call="load_weights(net, FILE)")
    file, contents = read_weights(Path(path))
    if averaged:
        contents = averaged_params(contents, file)
    store = net.store
    if strict:
        check_fits(store, contents, file)
    report = upload(store, contents.params, contents.state, file=file)
    if not report.loaded and any(True for _ in store.items()):
        raise SnapshotError(f"{shown(file)}: has no param that this net could use\n{report}")
    return report


def check_fits(store: ParamStore, contents: Contents, file: Path) -> None:
    """See that a file has every param of the store, in its shape.

    Raises:
        SnapshotError: Listing all that are missing or have another shape.
    """
    wrong = []
    for key, name, param in store.items():
        values = contents.params.get(f"{key}/{name}")
        here = tuple(param.data.shape)
        if values is None:
            wrong.append(f"'{key}/{name}' is not in the file")
        elif values.shape != here:
            wrong.append(
                f"'{key}/{name}' is {shape_text(values.shape)} there, {shape_text(here)} here"
            )
    if wrong:
        raise SnapshotError(f"{shown(file)}: is not of this net:\n  " + "\n  ".join(wrong))


def save_model_of(source: Path, path: Path, *, averaged: bool) -> Path:
    """Write the params and persistent state of a run, snapshot or model as a model.

    Args:
        source: A run's directory, of which the newest good snapshot is taken, or a file.
        path: The model; one that is there is replaced when the new one is on the disk.
        averaged: Whether the average of the params takes their place.

    Returns:
        The file that was read.

    Raises:
        SnapshotError: If one cannot be read or the other not written.
    """
    file, contents = read_weights(source)
    if averaged:
        contents = averaged_params(contents, file)
    refuse_to_write_over(path, {"the file that is read": file})
    was = contents.meta
    meta = Meta(
        kind="model",
        versions=was.versions,
        backend=was.backend,
        dtype=was.dtype,
        seed=was.seed,
    )
    model = Contents(meta, contents.params, contents.state, net_yaml=contents.net_yaml)
    _write_model(path, replace(model, data=contents.data))
    return file


@spelled_out
def save_model(net: TrainableNet, path: Path | str) -> None:
    """Write the params and persistent state alone: a model.

    Args:
        net: The net.
        path: The file; one that is there is replaced when the new one is on the disk.

    Raises:
        DivergedError: If one of them is not finite.
        SnapshotError: If it cannot be written, or a file that is no model or snapshot has the
            name; what was there before stays.

    Example:
        >>> gn.save_model(gn.load_net("iris/net.yaml"), "model.h5")
    """
    expect_net("save_model", net, call="save_model(net, FILE)")
    expect_path("save_model", path, call="save_model(net, FILE)")
    found: dict[str, dict[str, np.ndarray]] = {"params": {}, "state": {}}
    for group, name, array in host_arrays(net.store):
        found[group][name] = array
    meta = Meta(
        kind="model",
        versions=versions(),
        backend=net.store.backend.name,
        dtype=str(net.store.dtype),
        seed=net.context.seed,
    )
    _write_model(
        Path(path),
        Contents(
            meta, found["params"], found["state"], net_yaml=net.yaml_text, data=net.data_record()
        ),
    )


def _write_model(path: Path, contents: Contents) -> None:
    advice = Advice(SnapshotError)
    with explained(path, advice):
        refuse_other(path)
    with output_file(path, advice) as output:
        write_to(output, contents)


def refuse_other(path: Path) -> None:
    """Refuse to replace a file that is not empty and no model, or a run's snapshot."""
    if path.parent.name == SNAPSHOTS and is_snapshot_name(path.name):
        raise SnapshotError(
            f"{path}: is the name of a run's snapshot, without which it could not go on\n"
            "  choose another name"
        )
    if not path.is_file():
        return
    with open_regular(path, SnapshotError) as file:
        beginning = file.read(64)
    if beginning and not begins_as_snapshot(beginning):
        raise SnapshotError(
            f"{path}: is not a model, so it is not replaced by one\n  choose another name"
        )
