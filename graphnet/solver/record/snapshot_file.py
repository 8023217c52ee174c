"""The snapshot file: a whole run, or a model alone, as one HDF5 file with a checksum of itself.

    bytes 0-511   "graphnet snapshot 1 sha256 <hex>", a new line, zeros (HDF5 leaves the
                  first bytes of a file to its writer)
    bytes 512-    HDF5:
      /params/<layer>/<param>            /state/<layer>/<name>
      /history/<name>/<layer>/<param>    /statistics/<layer>
      /meta (JSON, see Meta)             /net.yaml   /solver.yaml
      /data.json                         /means/<layer>/<top>/<index>   (DataRecord)

The checksum covers all bytes from 512 on and is compared before HDF5 reads any of them. A model
has only params, state, /meta, /net.yaml and what is recorded of its data. Nothing in the file
depends on the clock, so equal runs write equal files. No object is unpickled and no link is
followed. Arrays are read when their numbers are asked for, from the file that was opened.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import h5py
import numpy as np
from pydantic import ConfigDict, Field

import graphnet
from graphnet.blob import Array
from graphnet.data.hdf5.patient_output import hdf5_file
from graphnet.data.hdf5.walking import walk
from graphnet.data.record import DataRecord
from graphnet.declare.fields import Model
from graphnet.errors import DivergedError, SnapshotError, SpecError
from graphnet.files.paths import shown
from graphnet.files.reading import open_regular
from graphnet.files.writing import OutputFile
from graphnet.params.filling import parts_of
from graphnet.params.param import ParamStore
from graphnet.solver.record.foreign import import_command
from graphnet.solver.record.stored_array import ArrayInFile, OpenFile, Stored
from graphnet.solver.saved import Saved

FORMAT_VERSION = 1
HEADER_BYTES = 512
_MAGIC = b"graphnet snapshot "
_BLOCK = 1 << 20  # bytes

_ANY_FLOAT = ConfigDict(allow_inf_nan=True, ser_json_inf_nan="constants")

Arrays: TypeAlias = dict[str, np.ndarray]
#: What counts something; a file may claim any number.
_Count: TypeAlias = Annotated[int, Field(ge=0, lt=1 << 62)]


class NotFiniteError(DivergedError):
    """A value that was to be written is NaN or infinite.

    Attributes:
        name: Of its array in the file.
    """

    def __init__(self, name: str, iteration: int) -> None:
        self.name = name
        super().__init__(
            f"the run diverged: at iteration {iteration} '{name}' has a value that is not finite\n"
            "  no snapshot of it is written, and the last one is good"
        )


class NewerFormatError(SnapshotError):
    """A file is of a newer graphnet: it is not damaged, and must not be passed over."""


class SavedState(Model):
    """The solver's state."""

    model_config = _ANY_FLOAT

    iter: _Count
    epoch: _Count
    obj_val: float
    losses: dict[str, float]
    lr: float
    momentum: float | None
    lr_scale: float
    spikes: dict[str, float] | None = Field(default=None, exclude_if=lambda found: found is None)
    loss_scale: dict[str, float] | None = Field(
        default=None, exclude_if=lambda found: found is None
    )


class Meta(Model):
    """All of a snapshot but its arrays and texts.

    Args:
        format_version: The version of the file format.
        kind: ``run``, or ``model`` for params alone.
        versions: The versions of graphnet and of the libraries it ran on.
        backend: The backend on which the params were.
        dtype: The precision of the params.
        seed: The seed of the run.
        solver: The state of the solver.
        cursors: How many samples each data layer had delivered.
        breaks: The ``state_dict`` of each coffee break.
        statistics_bytes: How long statistics.jsonl was.
        data: Which data sources were used.
        fingerprints: The fingerprints of the files they read, by data layer and path.
    """

    model_config = _ANY_FLOAT

    format_version: int = FORMAT_VERSION
    kind: Literal["run", "model"] = "run"
    versions: dict[str, str]
    backend: str
    dtype: str
    seed: int
    solver: SavedState | None = None
    cursors: dict[str, _Count] = Field(default_factory=dict)
    breaks: dict[str, dict[str, Saved]] = Field(default_factory=dict)
    statistics_bytes: _Count = 0
    data: Any = None
    fingerprints: dict[str, dict[str, str]] = Field(default_factory=dict)


@dataclass
class Contents:
    """What is in a snapshot; arrays by ``layer/param`` or by name."""

    meta: Meta
    params: Mapping[str, Stored]
    state: Mapping[str, Stored] = field(default_factory=dict)
    history: Mapping[str, Stored] = field(default_factory=dict)
    statistics: Mapping[str, Stored] = field(default_factory=dict)
    net_yaml: str = ""
    solver_yaml: str = ""
    data: DataRecord = field(default_factory=DataRecord)

    @property
    def iter(self) -> int:
        """Updates done; 0 for a model."""
        return self.meta.solver.iter if self.meta.solver else 0

    def groups(self) -> Iterator[tuple[str, Mapping[str, Stored]]]:
        """Each group of arrays and its name."""
        yield from (
            ("params", self.params),
            ("state", self.state),
            ("history", self.history),
            ("statistics", self.statistics),
            ("means", dict(self.data.means)),
        )


def versions() -> dict[str, str]:
    """The versions of graphnet and of the libraries that a run's numbers may depend on."""
    return {
        "graphnet": graphnet.__version__,
        "numpy": np.__version__,
        "h5py": h5py.__version__,
    }


def store_arrays(store: ParamStore) -> Iterator[tuple[str, str, Array]]:
    """``(group, layer/name, array)`` for all params and all persistent state."""
    for key, name, param in store.items():
        yield "params", f"{key}/{name}", param.data
    for key, named in store.state.items():
        for name, array in named.items():
            yield "state", f"{key}/{name}", array


def download(store: ParamStore) -> tuple[Arrays, Arrays]:
    """Copies of the params and of the state on the host."""
    found: dict[str, Arrays] = {"params": {}, "state": {}}
    for group, name, array in store_arrays(store):
        found[group][name] = store.backend.download(array)
    return found["params"], found["state"]


def host_arrays(store: ParamStore) -> Iterator[tuple[str, str, np.ndarray]]:
    """As :func:`store_arrays`, on the host: the net's own arrays where they are there."""
    for group, name, array in store_arrays(store):
        here = isinstance(array, np.ndarray)
        yield group, name, array if here else store.backend.download(array)


def to_bytes(contents: Contents) -> bytes:
    """The file's bytes.

    Raises:
        NotFiniteError: If a value in it is NaN or infinite: such a snapshot is never written.
        SnapshotError: If an HDF5 file cannot have a name in it.
    """
    image = io.BytesIO()
    write_to(image, contents)
    return image.getvalue()


def write_to(output: OutputFile | io.BytesIO, contents: Contents) -> None:
    """Write the file's bytes.

    Args:
        output: An empty file that can be read, too.
        contents: What is written.

    Raises:
        NotFiniteError: If a value in it is NaN or infinite; a part is written then.
        SnapshotError: If an HDF5 file cannot have a name in it.
    """
    try:
        with hdf5_file(output, userblock_size=HEADER_BYTES) as (file, patient):
            for group, arrays in contents.groups():
                for name, stored in arrays.items():
                    array = np.asarray(stored)
                    if not all(np.isfinite(part).all() for part in parts_of(array)):
                        raise NotFiniteError(f"{group}/{name}", contents.iter)
                    file.create_dataset(f"{group}/{name}", data=array, track_times=False)
                    patient.look()
            write_text(file, "meta", contents.meta.model_dump_json())
            write_text(file, "net.yaml", contents.net_yaml)
            if contents.solver_yaml:
                write_text(file, "solver.yaml", contents.solver_yaml)
            if data := contents.data.to_json():
                write_text(file, "data.json", data)
    except (ValueError, RuntimeError, TypeError) as error:
        raise SnapshotError(f"the snapshot cannot be put together: {error}") from error
    write_header(output)


def write_header(output: OutputFile | io.BytesIO) -> None:
    """Write the header of a file whose rest is written."""
    checksum = hashlib.sha256()
    output.seek(HEADER_BYTES)
    while block := output.read(_BLOCK):
        checksum.update(block)
    output.seek(0)
    output.write(header_for(checksum.hexdigest()))


def header_for(checksum: str) -> bytes:
    """The first bytes of a file whose rest has this SHA-256."""
    text = b"%s%d sha256 %s\n" % (_MAGIC, FORMAT_VERSION, checksum.encode())
    return text.ljust(HEADER_BYTES, b"\0")


def write_text(file: h5py.File, name: str, text: str) -> None:
    """Write a text as a data set."""
    encoded = text.encode()
    kind = h5py.string_dtype("utf-8", max(len(encoded), 1))
    file.create_dataset(name, data=np.array(encoded, dtype=kind), track_times=False)


def begins_as_snapshot(beginning: bytes) -> bool:
    """Whether a file with this beginning is a snapshot or model, sound or not."""
    return beginning.startswith(_MAGIC)


def read(path: Path) -> Contents:
    """Read a snapshot or model, and see that it is whole.

    Raises:
        SnapshotError: If it cannot be read, is no snapshot, or is damaged.
        NewerFormatError: If it was written by a newer graphnet.
    """
    try:
        with open_regular(path, SnapshotError) as stream:
            header = stream.read(HEADER_BYTES)
            _check_header(path, header)
            checksum = hashlib.file_digest(stream, "sha256").hexdigest()
            if header != header_for(checksum):
                raise SnapshotError(f"{shown(path)}: is damaged: its checksum is wrong")
            return _read_stream(path, stream)
    except OSError as error:
        raise SnapshotError(f"{shown(path)}: cannot be read: {error.strerror or error}") from None


def _read_stream(path: Path, stream: io.BufferedReader) -> Contents:
    """What is in a whole file.

    Raises:
        SnapshotError: If it is no snapshot.
    """
    n_bytes = stream.seek(0, io.SEEK_END) - HEADER_BYTES
    try:
        with h5py.File(stream, "r") as file:
            return _read_file(file, _Source(OpenFile(path, stream), n_bytes))
    except Exception as error:  # a file made to deceive has HDF5 raise almost anything
        said = "its /meta is not as expected" if isinstance(error, SpecError) else error
        raise SnapshotError(f"{shown(path)}: is not a graphnet snapshot: {said}") from error


def _check_header(path: Path, header: bytes) -> None:
    """See that the file is one of graphnet's, in a format that is known."""
    if not begins_as_snapshot(header):
        cure = import_command(shown(path), header) or "expected a file that graphnet has written"
        raise SnapshotError(f"{shown(path)}: is not a graphnet snapshot or model\n  {cure}")
    version = header[len(_MAGIC) :].split()[:1]
    if version and version[0].isdigit() and int(version[0]) > FORMAT_VERSION:
        raise NewerFormatError(
            f"{shown(path)}: has format {int(version[0])}, "
            f"and this graphnet knows {FORMAT_VERSION}\n"
            "  install the graphnet that wrote it, or a newer one"
        )


@dataclass(frozen=True)
class _Source:
    """The file that is read, and how many bytes it has behind the header."""

    file: OpenFile
    n_bytes: int

    def array(self, dataset: h5py.Dataset) -> Stored:
        """The array of a data set: where it lies, if it lies there plainly, else its numbers."""
        dtype, offset = dataset.dtype, dataset.id.get_offset()
        lies_plainly = (
            dataset.chunks is None
            and offset is not None
            and offset + dataset.nbytes <= HEADER_BYTES + self.n_bytes
            and dataset.id.get_type() == h5py.h5t.py_create(dtype)
        )
        if not lies_plainly or not dataset.nbytes:
            return np.asarray(dataset[()])
        return ArrayInFile(self.file, offset, dataset.shape, dtype)


def _read_file(file: h5py.File, source: _Source) -> Contents:
    found: dict[str, h5py.Dataset] = {}
    claimed = 0
    # along hard links only: nothing outside the file is ever opened
    for name, node in walk(file):
        if isinstance(name, bytes):
            raise ValueError(f"the name {name!r} in it is not UTF-8")  # noqa: TRY004  # as below
        if isinstance(node, h5py.Dataset):
            if node.is_virtual or node.external or node.shape is None:
                raise ValueError(f"'{name}' is not stored in the file")
            claimed += max(node.nbytes, prod(node.chunks or ()) * node.dtype.itemsize)
            if claimed > source.n_bytes:  # nothing that graphnet writes is compressed
                raise ValueError(f"with '{name}' it claims more than is stored in the file")
            found[name] = node
    meta = Meta.model_validate_json(_text(found, "meta"))
    groups: dict[str, dict[str, Stored]] = {
        name: {} for name in ("params", "state", "history", "statistics", "means")
    }
    for name, dataset in found.items():
        group, _, rest = name.partition("/")
        if rest and group in groups:
            if dataset.dtype.kind != "f":
                raise ValueError(f"'{name}' holds no floating-point numbers")
            groups[group][rest] = source.array(dataset)
    net_yaml, solver_yaml = _text(found, "net.yaml"), _text(found, "solver.yaml")
    data = DataRecord.read(
        _text(found, "data.json"),
        {name: np.asarray(mean) for name, mean in groups.pop("means").items()},
    )
    return Contents(meta, **groups, net_yaml=net_yaml, solver_yaml=solver_yaml, data=data)


def _text(found: Mapping[str, h5py.Dataset], name: str) -> str:
    if name not in found:
        return ""
    value = found[name][()] if found[name].dtype.kind == "S" else None
    if not isinstance(value, bytes):
        raise ValueError(f"'{name}' is not a text")  # noqa: TRY004  # becomes a SnapshotError
    return value.decode()
