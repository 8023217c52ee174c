"""``graphnet predict``: run a net on the rows of a file and write its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from graphnet.blob import shape_text
from graphnet.cli.given_weights import read_given
from graphnet.cli.net_and_solver import read_net_alone
from graphnet.cli.options import NetOptions
from graphnet.cli.terminal import facts, say
from graphnet.data.hdf5.reader import Column, read_array
from graphnet.data.hdf5.writer import ADVICE, write_files
from graphnet.data.pipeline import Pipeline
from graphnet.data.source import entries
from graphnet.data.tools import npy
from graphnet.data.transformer import Samples
from graphnet.data.transformers import out_shape
from graphnet.declare.names import check_name, clashes
from graphnet.declare.overrides import Override
from graphnet.errors import DataError, ShapeError, SpecError, located, one_of
from graphnet.files.paths import refuse_to_write_over
from graphnet.files.writing import output_file
from graphnet.net.passes import select_phase
from graphnet.net.predict import fed_rows, output_names, prediction_spec, run_batches
from graphnet.net.spec import NetSpec, Node
from graphnet.solver.record.snapshot_file import begins_as_snapshot

_BATCH = 100
_HDF5 = (".h5", ".hdf5")


def predict(
    path: Path,
    weights: Path,
    source: Path,
    target: Path,
    blobs: Sequence[str],
    overrides: Sequence[Override],
    options: NetOptions,
) -> None:
    """Predict every row of ``source``.

    The rows are as in the net's data files: the transformers of the test phase's data layers are
    applied to them. The net's own data are not opened.

    Args:
        path: The net.
        weights: A run, a snapshot or a model.
        source: ``.npy``, or HDF5 with a data set for each blob.
        target: ``.npy`` for one output, or HDF5 with a data set for each.
        blobs: The blobs that get the rows. Default: the first top of the test data.
        overrides: For the net.
        options: Where and how.

    Raises:
        GraphnetError: If something in the files is wrong.
    """
    _check_endings(source, target)
    spec = read_net_alone(path, overrides, user_code=options.user_code)
    given = read_given(weights)
    place = target.absolute()  # user code may change the working directory
    _refuse_to_lose(target, source, path, spec, weights, given.file)
    feeders = _feeders(spec)
    names = list(blobs) or list(feeders)[:1]
    if not names:
        raise SpecError(f"{path}: the test phase has no data layer\n  name what is fed: --blob")
    arrays = {
        name: _transformed(rows, name, feeders.get(name), source)
        for name, rows in _read(source, names).items()
    }
    _check_rows(arrays, feeders, source)
    n_rows = fed_rows(arrays, {})
    batch = min(_BATCH, n_rows)
    fed = prediction_spec(spec, {name: a.shape[1:] for name, a in arrays.items()}, batch)
    outputs = output_names(fed)
    if target.suffix.lower() == ".npy" and len(outputs) > 1:
        raise SpecError(
            f"{target}: a .npy file holds one array, and the net gives {', '.join(outputs)}\n"
            "  write them to an .h5 file"
        )
    if target.suffix.lower() in _HDF5:
        _check_data_sets(target, outputs)
    with options.open_net(fed, "test", keep=outputs) as net:
        given.fill(net)
        found = run_batches(net, arrays, n_rows, batch)
    _write(place, found)
    say(f"{n_rows:,} rows of {source}, {given.file}")
    facts([(name, f"{shape_text(values.shape)} in {target}") for name, values in found.items()])


def _check_endings(source: Path, target: Path) -> None:
    for path in (source, target):
        if path.suffix.lower() not in (*_HDF5, ".npy"):
            raise SpecError(f"{path}: unknown kind of file{one_of(['.h5', '.hdf5', '.npy'])}")


def _check_data_sets(target: Path, names: Sequence[str]) -> None:
    """See that an HDF5 file can hold data sets of these names.

    Raises:
        SpecError: Otherwise.
    """
    for name in names:
        with located(None, f"{target}: of blob '{name}': "):
            check_name(name)
    for outer, inner, _ in clashes((name, name) for name in names):
        raise SpecError(
            f"{target}: blob '{inner}' would lie within blob '{outer}'\n  rename one of the tops"
        )


def _feeders(spec: NetSpec) -> dict[str, Node]:
    """The tops of the test phase's data layers, and the layer of each."""
    nodes = [n for n in select_phase(spec.nodes, "test") if n in spec.data_nodes()]
    return {top: node for node in nodes for top in node.tops}


def _read(source: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    if source.suffix.lower() in _HDF5:
        return {name: read_array(source, name) for name in names}
    if len(names) > 1:
        raise SpecError(f"{source}: a .npy file holds one array, but {len(names)} blobs are fed")
    array = np.array(npy.read(source))
    if array.dtype.kind not in "biuf":
        raise DataError(f"{source}: does not hold an array of numbers")
    return {names[0]: array}


def _transformed(rows: np.ndarray, name: str, node: Node | None, source: Path) -> np.ndarray:
    """The rows as the blob would hold them, transformed."""
    if rows.ndim == 0 or not rows.size:
        raise DataError(f"{source}: '{name}' has no rows: its shape is {shape_text(rows.shape)}")
    transformers = node.spec.transformers_of(name) if node else ()
    batch = min(_BATCH, len(rows))
    column = Column(name, rows.dtype.newbyteorder("="), rows.shape[1:])
    with located(node.position if node else None, node.subject if node else ""):
        pipeline = Pipeline(
            column,
            transformers,
            batch,
            np.dtype("float32"),
            seed=0,
            layer=node.name if node else name,
            check_finite=node is None or node.spec.must_be_finite,
        )
        shape = out_shape(transformers, rows.shape[1:])
        made = np.empty((len(rows), *shape), np.float32)
        part = np.empty((batch, *shape), np.float32)
        samples = Samples(np.empty(batch, np.int64), np.zeros(batch, np.int64))
        finish = pipeline.bind(part, samples, lambda row: f"{source}, row {row}")
        for first in range(0, len(rows), batch):
            np.minimum(np.arange(first, first + batch), len(rows) - 1, out=samples.rows)
            np.copyto(pipeline.receiver(part), rows[samples.rows])
            finish()
            made[first : first + batch] = part[: len(rows) - first]
    return made


def _check_rows(
    arrays: Mapping[str, np.ndarray], feeders: Mapping[str, Node], source: Path
) -> None:
    """Check that rows have the shape that the data layers declare, as far as that is known."""
    for name, rows in arrays.items():
        node = feeders.get(name)
        try:
            shapes = node.spec.top_shapes([]) if node else []
        except DataError:  # the net's data are not on this machine, and need not be
            continue
        expected = dict(zip(node.tops, shapes, strict=True))[name][1:] if node else rows.shape[1:]
        if rows.shape[1:] != expected:
            raise ShapeError(
                f"{source}: a row of '{name}' is {shape_text(rows.shape[1:])},"
                f" and the net was made for {shape_text(expected)}"
            )


def _write(target: Path, outputs: Mapping[str, np.ndarray]) -> None:
    if target.suffix.lower() == ".npy":
        (values,) = outputs.values()
        with output_file(target, ADVICE) as file:
            np.save(file, values, allow_pickle=False)
        return
    write_files({target: outputs}, {}, _BATCH)


def _refuse_to_lose(
    target: Path, source: Path, net: Path, spec: NetSpec, weights: Path, file: Path
) -> None:
    """See that what is written takes the place of nothing that is read or that a run has made."""
    paths = [Path(e) for n in spec.data_nodes() for e in entries(n.spec.data_source or ())]
    refuse_to_write_over(
        target,
        {
            "the input": source,
            "the net": net,
            **({"the net's solver": spec.solver} if spec.solver else {}),
            "the weights": file,
            **{f"what the net reads ({path.name})": path for path in paths},
        },
    )
    if weights.is_dir() and target.absolute().parent.resolve().is_relative_to(weights.resolve()):
        raise SpecError(
            f"{target}: lies in the directory of the run {weights}\n  choose another place for it"
        )
    if target.is_file():
        with target.open("rb") as existing:
            if begins_as_snapshot(existing.read(64)):
                raise SpecError(
                    f"{target}: is a snapshot or model, which would be lost\n"
                    "  choose another file to write to"
                )
