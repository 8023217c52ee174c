"""Writing Mocha's exchange models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.data.hdf5.patient_output import hdf5_file
from graphnet.errors import Problem, SnapshotError, SpecError
from graphnet.files.writing import Advice, output_file
from graphnet.interchange.mocha.reading import MARK
from graphnet.interchange.weights.exporting import Written
from graphnet.interchange.weights.matching import Needed
from graphnet.solver.record.stored_array import Stored

#: The layers of Mocha that have params, and the names of these.
_PARAMS = {
    "InnerProduct": ("weight", "bias"),
    "TiedInnerProduct": ("bias",),
    "Convolution": ("filter", "bias"),
}


def mocha_names(needed: Sequence[Needed]) -> dict[str, Written]:
    """What Mocha calls params, ``conv1___filter``, and the shapes that it gives them.

    Raises:
        SpecError: Listing all that Mocha has no layer for.
    """
    problems = [
        Problem(
            f"layer '{each.key}' ({each.layer_type}): Mocha has no param such as its '{each.name}',"
            f" {shape_text(each.shape)}"
        )
        for each in needed
        if each.name not in _PARAMS.get(each.layer_type, ())
    ]
    if problems:
        raise SpecError.of(problems)
    return {f"{each.key}{MARK}{each.name}": Written(each, _shape(each)) for each in needed}


def _shape(each: Needed) -> Shape:
    """Its shape in Mocha, where the bias of an inner product is a column."""
    is_column = each.name == "bias" and each.layer_type != "Convolution"
    return (1, *each.shape) if is_column else each.shape


def write_mocha(path: Path, arrays: Mapping[str, Stored]) -> None:
    """Write params as one data set each.

    Args:
        path: The file, replaced as a whole when the new one is on the disk.
        arrays: By Mocha's names, ``LAYER___PARAM``.

    Raises:
        SnapshotError: If it cannot be written.
    """
    with (
        output_file(path, Advice(SnapshotError)) as output,
        hdf5_file(output) as (file, patient),
    ):
        for name, array in arrays.items():
            file.create_dataset(name, data=np.asarray(array), track_times=False)
            patient.look()
