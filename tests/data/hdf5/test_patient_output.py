"""PatientOutput: HDF5 never hears of an error, and nothing that it wrote is missing to it."""

from __future__ import annotations

import errno
import io
import os
from contextlib import suppress

import h5py
import numpy as np
import pytest

from graphnet.data.hdf5.patient_output import PatientOutput, hdf5_file
from graphnet.errors import SnapshotError
from graphnet.interchange.mocha.writing import write_mocha
from graphnet.interchange.model_file import write_model

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FullAfter(io.BytesIO):
    """Takes so many writes."""

    def __init__(self, n):
        super().__init__()
        self.left = n

    def write(self, data):
        """One of them."""
        self.left -= 1
        if self.left < 0:
            raise FULL
        return super().write(data)


@pytest.mark.parametrize("n", range(6))
def test_what_was_written_can_be_read_after_an_error(n):
    """From memory; the error is raised when it is asked for."""
    patient = PatientOutput(FullAfter(n))
    parts = [bytes([i]) * (i + 3) for i in range(5)]
    for part in parts:
        assert patient.write(part) == len(part)
    patient.seek(0)
    whole = b"".join(parts)
    assert patient.read(len(whole)) == whole
    assert patient.seek(0, os.SEEK_END) == len(whole)
    patient.truncate(7)
    if n < len(parts):
        with pytest.raises(OSError, match="No space"):
            patient.look()
    else:
        patient.look()


def test_hdf5_closes_its_file_on_a_full_disk():
    """At whatever write: no error comes from within HDF5, and the first one comes afterwards."""
    n = 0
    while True:
        output = FullAfter(n)
        with suppress(OSError):
            with hdf5_file(output) as (file, _):
                file["numbers"] = np.arange(1000.0)
            break
        assert output.left < 0
        n += 1
    assert n > 2
    assert output.left >= 0
    with h5py.File(io.BytesIO(output.getvalue()), "r") as file:
        np.testing.assert_array_equal(file["numbers"], np.arange(1000.0))


def mocha(path):
    """A model of Mocha's."""
    write_mocha(path, {"ip___weight": np.ones((2, 3))})


def model(path):
    """An imported model."""
    write_model(path, [("params/ip/weight", np.ones((2, 3)))], "[]", 0)


@pytest.mark.parametrize("write", [mocha, model])
def test_a_full_disk_is_named_and_leaves_nothing(write, tmp_path, monkeypatch):
    """Whatever is written through HDF5."""
    path = tmp_path / "model.h5"

    def fail(*_):
        raise FULL

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(SnapshotError, match="disk is full"):
        write(path)
    monkeypatch.undo()
    assert not list(tmp_path.iterdir())
    write(path)
    with h5py.File(path, "r") as file:
        assert len(file)


def test_an_interrupt_waits_for_hdf5(tmp_path, monkeypatch):
    """Ctrl-C while it writes is raised when its file is closed."""

    def interrupt(*_):
        raise KeyboardInterrupt("now")

    monkeypatch.setattr(os, "write", interrupt)
    with pytest.raises(KeyboardInterrupt, match="now"):
        mocha(tmp_path / "model.h5")
    monkeypatch.undo()
    assert not list(tmp_path.iterdir())
