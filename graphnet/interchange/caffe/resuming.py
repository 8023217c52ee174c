"""Going on with a run of Caffe's: its .solverstate as the first snapshot of a run here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from graphnet.blob import shape_text
from graphnet.errors import DataError, SnapshotError, SpecError
from graphnet.files.writing import Advice, write_durably
from graphnet.interchange.caffe.files.blobs import StoredBlob, StoredSolverState
from graphnet.interchange.caffe.imported import Imported
from graphnet.interchange.caffe.net.phases import Translated
from graphnet.net.load_net import load_net
from graphnet.net.net import Net
from graphnet.solver.load_solver import load_solver
from graphnet.solver.methods import METHODS
from graphnet.solver.record.claim import SNAPSHOTS
from graphnet.solver.record.snapshot_file import (
    Contents,
    Meta,
    SavedState,
    download,
    to_bytes,
    versions,
)
from graphnet.solver.record.weights import load_weights
from graphnet.solver.state import SolverState
from graphnet.solver.update import Updater

#: What each method keeps, in Caffe's order, and the sign that it has there.
_SIGNS = {"velocity": -1.0}


def snapshot_path(folder: Path, made: Imported, state: StoredSolverState) -> Path:
    """Where the snapshot goes.

    Raises:
        SpecError: If there is no solver, no model, or the solver keeps no snapshots.
        SnapshotError: If the state is not of so many params.
    """
    if made.solver is None or made.weights is None:
        lacking = "solver" if made.solver is None else "weights"
        raise SpecError(f"a solver's state goes with a solver and weights\n  give --{lacking}, too")
    _, n_params = _slots(made)
    kept = METHODS[made.solver.values["method"]["type"]].history
    if len(state.history) != n_params * len(kept):
        raise SnapshotError(
            f"the solver's state has {len(state.history)} arrays, expected {n_params * len(kept)}"
            f" of {n_params} params\n  it is of another net or method"
        )
    run: str | None = made.solver.values.get("exp_dir")
    if run is None:
        raise SpecError("the solver keeps no snapshots\n  set 'snapshot' in its prototxt")
    return folder / run / SNAPSHOTS / f"snapshot-{state.iter:06d}.h5"


def write_snapshot(folder: Path, made: Imported, state: StoredSolverState) -> Path:
    """Write the snapshot that ``graphnet solve`` goes on from, beside the imported files.

    Args:
        folder: Where ``net.yaml``, ``solver.yaml`` and ``model.h5`` are.
        made: What they were made from.
        state: Of Caffe's solver.

    Returns:
        Its path.

    Raises:
        SnapshotError: If the state is of another net or method, or the net's data are not here.
    """
    path = snapshot_path(folder, made, state)
    solver = load_solver(folder / "solver.yaml")
    try:
        net = load_net(folder / "net.yaml", "train")
    except DataError as error:
        raise SnapshotError(
            f"a run goes on where its data are: {error}\n  {folder} holds the net, its solver and"
            " its weights; import again once the data are there"
        ) from error
    load_weights(net, folder / "model.h5", strict=True)
    spec = solver.spec
    updater = Updater(net.store, spec.method, spec.regu_coef, spec.clip_gradients, spec.iter_size)
    params, of_layers = download(net.store)
    history = dict(_history(net, updater, made, state))
    meta = Meta(
        versions=versions(),
        backend=net.store.backend.name,
        dtype=str(net.store.dtype),
        seed=net.context.seed,
        solver=SavedState(**{**SolverState().state_dict(), "iter": state.iter}),
        cursors=net.state_dict()["cursors"],
        data=net.data_summary(),
    )
    yaml = spec.model_copy(update={"exp_dir": "."}).to_yaml()
    contents = Contents(meta, params, of_layers, history, {}, net.yaml_text, yaml)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, to_bytes(contents), Advice(SnapshotError))
    return path


def _history(
    net: Net, updater: Updater, made: Imported, state: StoredSolverState
) -> Iterator[tuple[str, np.ndarray]]:
    """The method's memory of each param, by the names of snapshots."""
    slots, n_params = _slots(made)
    kept = list(updater.history)
    for name, array in updater.named_history():
        kind, _, rest = name.partition("/")
        key, _, param = rest.rpartition("/")
        found = slots.get((key, param))
        if found is None:
            raise SnapshotError(f"'{name}' is nowhere in the solver's state")
        entry, first = found
        start = first + n_params * kept.index(kind)
        filled = next(f for f in entry.made.filled if (f.layer, f.param) == (key, param))
        stored: Sequence[StoredBlob] = state.history[start:]
        blobs = [b.read() for b in stored[: max(filled.blobs) + 1]]
        try:
            values = filled.convert(blobs)
        except (ValueError, IndexError):  # of shapes that cannot be turned round or joined
            values = blobs[-1]
        if values.size != array.size:
            raise SnapshotError(
                f"the solver's state has {shape_text(values.shape)} for '{rest}', expected"
                f" {shape_text(array.shape)}\n  it is of another net"
            )
        signed = values.reshape(array.shape) * _SIGNS.get(kind, 1.0)
        yield name, np.ascontiguousarray(signed, dtype=net.store.dtype)


def _slots(made: Imported) -> tuple[dict[tuple[str, str], tuple[Translated, int]], int]:
    """Where each param's history begins among Caffe's, and how many params Caffe has.

    They are in the order of the layers of its training net; a layer that shares the params of
    another has none of its own.
    """
    slots: dict[tuple[str, str], tuple[Translated, int]] = {}
    n = 0
    for entry, layers in made.entries:
        if not layers or layers[0].get("phase") == "test" or not entry.made.filled:
            continue
        if not any(filled.blobs for filled in entry.made.filled):
            continue
        for filled in entry.made.filled:
            slots[filled.layer, filled.param] = entry, n
        n += len(made.stored(entry))
    return slots, n
