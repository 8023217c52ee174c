"""Finding data sets in a file: what is followed, what is refused and how."""

import re

import h5py
import numpy as np
import pytest
from support.data_layers import numbered, write_h5

from graphnet.data.hdf5.reader import HDF5File, read_array
from graphnet.errors import DataError

BOTH = ["data", "label"]


def test_missing_data_sets(tmp_path):
    """All data sets that are missing are named, with what is there and what was meant."""
    path = write_h5(tmp_path / "a.h5", data=[1.0], labels=[1])
    message = (
        f"{path} has no data set 'label', 'mask'\n"
        "  it has: data, labels\n"
        "  did you mean 'labels'?\n"
        "  the tops of a data layer name the data sets it reads"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        HDF5File(path, ["data", "label", "mask"])


def test_no_data_sets_at_all(tmp_path):
    """A file without data sets says so."""
    with pytest.raises(DataError, match="no data set 'data'\n  it has: none at all\n"):
        HDF5File(write_h5(tmp_path / "a.h5"), ["data"])


@pytest.mark.parametrize(
    ("values", "match"),
    [
        (np.array([b"a", b"b"]), "holds text, not numbers\n  expected integers or floating-point"),
        (["a", "b"], "holds text, references or lists, not numbers"),
        (np.zeros(2, [("x", "f4")]), "holds records, not numbers"),
        (np.zeros(2, complex), "holds complex numbers, not numbers"),
        (3.0, "is a single value\n  its first axis must count the samples"),
        (np.zeros((0, 4)), "is empty: its shape is 0×4"),
        (np.zeros((4, 0)), "is empty: its shape is 4×0"),
    ],
)
def test_refuses_what_is_not_rows_of_numbers(tmp_path, values, match):
    """Only rows of plain numbers are read."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        f["data"] = values
    with pytest.raises(DataError, match=f"a.h5: data set 'data' {match}"):
        HDF5File(path, ["data"])


def test_refuses_lists_of_unequal_length(tmp_path):
    """Lists of unequal length, which h5py reads as objects, are refused."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        f.create_dataset("data", (2,), h5py.vlen_dtype(np.int32))
    with pytest.raises(DataError, match="holds text, references or lists, not numbers"):
        HDF5File(path, ["data"])


def test_refuses_values_kept_elsewhere(tmp_path):
    """Links to other files, virtual data sets and external storage are not followed."""
    other = numbered(tmp_path / "other.h5", 0, 4)
    (tmp_path / "raw").write_bytes(bytes(16))
    layout = h5py.VirtualLayout((4,), "u2")
    layout[:] = h5py.VirtualSource(other, "label", (4,))
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        f["linked"] = h5py.ExternalLink(str(other), "label")
        f["soft"] = h5py.SoftLink("/linked")
        f["folder"] = h5py.ExternalLink(str(other), "/")
        f.create_virtual_dataset("virtual", layout)
        f.create_dataset("external", (4,), "f4", external=[(str(tmp_path / "raw"), 0, 16)])
    for name in ("linked", "soft", "folder/label"):
        with pytest.raises(
            DataError,
            match=f"'{name}' is a link to '.*' in another file, '.*other.h5'.*\n  name that",
        ):
            HDF5File(path, [name])
    for name in ("virtual", "external"):
        with pytest.raises(DataError, match=r"keeps its values in another file.*\n  name those"):
            HDF5File(path, [name])


@pytest.mark.parametrize("name", ["group", "/data", "data/", ""])
def test_names_that_are_no_data_set(tmp_path, name):
    """A group, or a name that HDF5 would read in another way, is not a data set."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        f["data"] = f["group/x"] = [1.0]
    with pytest.raises(DataError, match=f"has no data set '{name}'\n  it has: data, group/x"):
        HDF5File(path, [name])


@pytest.mark.parametrize(
    ("shape", "chunks", "said"),
    [
        ((2**50,), (1000,), "1125899906842624, stored by 1000,"),
        ((2**20, 2**20), (1, 2**20), "1048576×1048576, stored by 1×1048576,"),
        ((2**40, 3), None, "1099511627776×3"),
        ((2**20,), (1,), "1048576, stored by 1,"),
    ],
)
def test_absurd_shape(tmp_path, shape, chunks, said):
    """A shape that a file of this size cannot hold is refused before memory is taken for it."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        f.create_dataset("data", shape, "u1", chunks=chunks)
    with pytest.raises(
        DataError,
        match=rf"a\.h5: data set 'data' claims to be {said} in a file of \d+ bytes\n  the file is",
    ):
        HDF5File(path, ["data"])


def read(path, name):
    """All rows of one data set."""
    file = HDF5File(path, [name])
    (column,) = file.columns
    out = np.empty((file.n_rows, *column.shape), column.dtype)
    file.read(0, file.n_rows, [out])
    file.close()
    return out


def test_links_within_the_file(tmp_path):
    """Soft links are followed wherever they lead within the file, and are listed."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        f["group/x"] = [1.0, 2.0]
        f["absolute"] = h5py.SoftLink("/group/x")
        f["group/relative"] = h5py.SoftLink("x")
        f["again"] = h5py.SoftLink("absolute")
        f["folder"] = h5py.SoftLink("/group/")
    for name in ("absolute", "group/relative", "again", "folder/x"):
        assert read(path, name).tolist() == [1, 2]
    with pytest.raises(
        DataError,
        match=r"has no data set 'folder'\n  it has: absolute, again, group/relative, group/x\n"
        r"  'folder' is a group, of: folder/relative",
    ):
        HDF5File(path, ["folder"])


def test_links_that_lead_nowhere(tmp_path):
    """In a circle, or to what is not there; neither is listed."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        f["circle"] = h5py.SoftLink("/circle")
        f["gone"] = h5py.SoftLink("/x")
    for name, reason in (("circle", "leads back to itself"), ("gone", "leads to nothing")):
        with pytest.raises(DataError, match=f"'{name}' is a link that {reason}"):
            HDF5File(path, [name])
    with pytest.raises(DataError, match="it has: none at all"):
        HDF5File(path, ["x"])


def test_enumerations_are_their_numbers(tmp_path):
    """As h5py gives them."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        f["label"] = np.array([1, 0], h5py.enum_dtype({"cat": 0, "dog": 1}, "i1"))
    assert read(path, "label").tolist() == [1, 0]


@pytest.mark.parametrize(
    ("values", "attributes", "match"),
    [
        (
            [1, 2],
            {"scale_factor": 0.01},
            "holds packed numbers: its attribute scale_factor is 0.01",
        ),
        ([1, 2], {"add_offset": [3.0]}, "holds packed numbers: its attribute add_offset is 3.0"),
        ([72, 73], {"MATLAB_class": np.bytes_("char")}, "holds text, not numbers"),
        ([0, 3], {"MATLAB_empty": np.uint8(1)}, "is empty: its shape is 0×3"),
    ],
)
def test_numbers_that_stand_for_something_else(tmp_path, values, attributes, match):
    """NetCDF packs numbers, MATLAB writes text and shapes as numbers: neither is read as such."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as f:
        f.create_dataset("data", data=values).attrs.update(attributes)
    with pytest.raises(DataError, match=f"a.h5: data set 'data' {match}"):
        HDF5File(path, ["data"])
    with h5py.File(path, "r+") as f:
        f["data"].attrs.update({"scale_factor": 1.0, "add_offset": 0, "MATLAB_empty": 0})
        f["data"].attrs["MATLAB_class"] = np.bytes_("double")
    assert read(path, "data").tolist() == values


@pytest.mark.parametrize(
    ("dtype", "attributes", "missing"),
    [
        ("f4", {"_FillValue": np.float32(-999.9)}, -999.9),
        (">f4", {"_FillValue": np.array([-999.9])}, -999.9),  # rounded as the value is
        ("f8", {"missing_value": [-1.0, 7.0]}, 7),
        ("i2", {"_FillValue": np.int16(-32768)}, -32768),
        ("i8", {"missing_value": np.int64(2**53 + 1)}, 2**53 + 1),
        ("u1", {"_FillValue": np.uint8(0)}, 0),
    ],
)
def test_a_number_for_what_is_missing(tmp_path, dtype, attributes, missing):
    """It is never delivered as a number: the row that holds one is refused, others are read."""
    values = np.ones((6, 3), dtype)
    values[4, 1] = missing
    path = tmp_path / "a.nc"
    with h5py.File(path, "w") as f:
        f.create_dataset("data", data=values).attrs.update(attributes)
        f["other"] = values
    assert read(path, "other").tolist() == values.tolist()
    file, outs = HDF5File(path, ["data"]), [np.empty((4, 3), dtype)]
    file.read(0, 4, outs)
    assert (outs[0] == 1).all()
    with pytest.raises(
        DataError, match=r"a.nc, row 4: a value of 'data' is missing: -?\d.* stands"
    ):
        file.read(2, 6, outs)
    file.close()
    with pytest.raises(DataError, match="row 4: a value of 'data' is missing"):
        read_array(path, "data")


def test_what_netcdf_has_not_written(tmp_path):
    """Its own filling is no number; another program's fill value is one, as NaN and texts are."""
    path, fill = tmp_path / "a.nc", np.float32(9.969209968386869e36)
    with h5py.File(path, "w") as f:
        data = f.create_dataset("data", (4, 2), "f4", fillvalue=fill)
        data[:3] = 1
        data.attrs.update({"_FillValue": np.float32(np.nan), "missing_value": "none"})
        f.create_dataset("byte", (4,), "i1", fillvalue=-127)
        f.create_dataset("zero", (4,), "f4")
    assert read(path, "data")[3].tolist() == [fill, fill]
    with h5py.File(path, "r+") as f:
        f.attrs["_NCProperties"] = "version=2,netcdf=4.9.3,hdf5=1.14.6"
    with pytest.raises(DataError, match=r"row 3: a value of 'data' is missing: 9.969\d*e\+36"):
        read(path, "data")
    assert read(path, "byte").tolist() == [-127] * 4
    assert read(path, "zero").tolist() == [0] * 4


def test_matlab_axes(tmp_path):
    """Where the rows disagree in a file that MATLAB wrote, its order of axes is explained."""
    path = tmp_path / "a.mat"
    with h5py.File(path, "w", userblock_size=512) as f:
        f.create_dataset("data", data=np.zeros((3, 4))).attrs["MATLAB_class"] = np.bytes_("double")
        f["label"] = np.zeros((1, 4))
    with pytest.raises(DataError, match=r"every data set needs .*\n  MATLAB's axes are in reverse"):
        HDF5File(path, BOTH)


def test_compression_that_is_not_here(tmp_path, monkeypatch):
    """A filter that is not installed is named when the header is read."""
    path = numbered(tmp_path / "a.h5", 0, 9, chunks=True, compression="gzip")
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda _: False)
    with pytest.raises(DataError, match=r"by the filter deflate, which is not installed\n .* gzip"):
        HDF5File(path, BOTH)
