"""Reading ONNX files: what is damaged, too new, or of another kind."""

import numpy as np
import pytest
from support.onnx_files import needs_onnx
from support.onnx_models import model_of

from graphnet.errors import DataError, SpecError
from graphnet.interchange.onnx.files.reading import Attributes, read_onnx, tensor_array

KINDS = [
    "float32",
    "float64",
    "float16",
    "int8",
    "uint8",
    "int16",
    "int32",
    "int64",
    "uint64",
    "bool",
]


@needs_onnx
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("raw", [True, False])
def test_tensors(kind, raw):
    """Of every type of numbers, as bytes or as a list."""
    import onnx

    values = np.array([[0, 1, 2], [3, 4, 100]]).astype(kind)
    number = onnx.helper.np_dtype_to_tensor_dtype(values.dtype)
    given = values.tobytes() if raw else values.reshape(-1).tolist()
    tensor = onnx.helper.make_tensor("t", number, values.shape, given, raw=raw)
    found = tensor_array(tensor)
    assert found.dtype == values.dtype
    assert np.array_equal(found, values)


@needs_onnx
def test_tensors_that_lie():
    """About their size, and where they are."""
    import onnx

    tensor = onnx.numpy_helper.from_array(np.ones((2, 3), np.float32), "t")
    tensor.dims[0] = 10**12
    with pytest.raises(DataError, match=r"'t': has 24 bytes, expected 12,000,000,000,000"):
        tensor_array(tensor)
    tensor.dims[0] = -1
    with pytest.raises(DataError, match=r"has the shape \[-1, 3\]"):
        tensor_array(tensor)
    tensor.data_location = 1
    with pytest.raises(DataError, match="lies in another file"):
        tensor_array(tensor)
    with pytest.raises(DataError, match="holds numbers of type 8"):
        tensor_array(onnx.helper.make_tensor("t", 8, [1], [b"a"]))
    listed = onnx.helper.make_tensor("t", 1, [2], [1.0, 2.0])
    listed.dims[0] = 3
    with pytest.raises(DataError, match="has 2 numbers, expected 3"):
        tensor_array(listed)


@needs_onnx
def test_files(tmp_path):
    """One that is not there, no ONNX, too old, sparse, too large."""
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_onnx(tmp_path / "no.onnx")
    path = tmp_path / "m.onnx"
    for content in (b"", b"hello, this is a text\n" * 9, b"\x80\x80\x80"):
        path.write_bytes(content)
        with pytest.raises(DataError, match="is no ONNX file, or a damaged one"):
            read_onnx(path)
    model = model_of([("Relu", "x", "y")], {"x": [1, 2]}, opset=5)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(SpecError, match="is of opset 5; read are 6 to 28"):
        read_onnx(path)


@needs_onnx
def test_attributes():
    """Each by its kind; another kind is an error."""
    import onnx

    node = onnx.helper.make_node("X", [], [], a=1, b=2.5, c="text", d=[1, 2], e=[0.5], f=["u"])
    found = Attributes(node.attribute)
    assert (found.whole("a", 0), found.number("b", 0), found.text("c", "")) == (1, 2.5, "text")
    assert (found.wholes("d"), found.numbers("e"), found.texts("f")) == ([1, 2], [0.5], ["u"])
    assert (found.whole("z", 7), found.wholes("z"), found.tensor("z"), "a" in found) == (
        *(7, None, None, True),
    )
    with pytest.raises(SpecError, match="attribute 'a' is of another kind"):
        found.text("a", "")
