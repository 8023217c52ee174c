"""What requests and answers say: plain JSON, the Open Inference Protocol, pictures."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NoReturn

import numpy as np

from graphnet.data.pictures.opening import TooManyPixelsError, opened_picture
from graphnet.errors import MissingExtraError
from graphnet.installation import pip_install
from graphnet.serving.refusal import RefusalError
from graphnet.serving.served_net import ServedInput, ServedNet, numbers

_BAD, _TOO_LARGE, _UNSUPPORTED, _UNPROCESSABLE, _FAILED = 400, 413, 415, 422, 500
#: Larger pictures are refused before they are unpacked.
_MOST_PIXELS = 50_000_000
#: The datatypes of the Open Inference Protocol that are numbers of NumPy's.
_DATATYPES = {
    **{f"FP{bits}": f"float{bits}" for bits in (16, 32, 64)},
    **{f"INT{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
    "BOOL": "bool",
}


def parse_json(body: bytes) -> Mapping[str, Any]:
    """The JSON object of a body.

    Raises:
        RefusalError: If it is none: 400; 422 for NaN and infinite numbers.
    """

    def refuse(constant: str) -> NoReturn:
        raise RefusalError(_UNPROCESSABLE, f"{constant} is no number of JSON, and is refused")

    try:
        found = json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise RefusalError(_BAD, f"the body is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise RefusalError(_UNPROCESSABLE, "expected a JSON object")
    return found


def simple_rows(net: ServedNet, body: bytes) -> dict[str, np.ndarray]:
    """Rows of ``{"inputs": {"data": […]}}``."""
    found = parse_json(body)
    if "inputs" not in found:
        raise RefusalError(_UNPROCESSABLE, 'expected {"inputs": {"BLOB": [rows]}}')
    return net.checked(found["inputs"])


def simple_answer(net: ServedNet, outputs: Mapping[str, np.ndarray], top: int) -> dict[str, Any]:
    """Outputs by blob, and for each row the classes with the largest numbers."""
    answer: dict[str, Any] = {"outputs": {name: _plain(a) for name, a in outputs.items()}}
    first = next(iter(outputs.values()))
    scores = first.reshape(len(first), -1)
    if net.classes or scores.shape[1] > 1:
        order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
        answer["top"] = [
            [[_class(net, int(i)), float(row[i])] for i in best]
            for row, best in zip(scores, order, strict=True)
        ]
    return answer


def _class(net: ServedNet, number: int) -> str | int:
    return net.classes[number] if net.classes else number


def _plain(array: np.ndarray) -> Any:
    """Nested lists, of numbers that JSON has."""
    if not np.isfinite(array).all():
        raise RefusalError(_FAILED, "the net's output is not finite for these rows")
    return array.tolist()


# --- pictures ---------------------------------------------------------------------------


def picture_input(net: ServedNet) -> ServedInput:
    """The input that a picture is for.

    Raises:
        RefusalError: If the net takes none.
    """
    inputs = list(net.inputs.values())
    if len(inputs) != 1 or not inputs[0].is_picture:
        raise RefusalError(_UNSUPPORTED, "this net takes no pictures; send JSON")
    return inputs[0]


def picture_rows(net: ServedNet, body: bytes, *, invert: bool = False) -> dict[str, np.ndarray]:
    """The row of a picture file, brought to the size and the channels that the net takes.

    Raises:
        RefusalError: If it is no picture, is too large, or the net takes none.
    """
    one = picture_input(net)
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError(f"pictures need Pillow: {pip_install('serve')}") from error
    channels, height, width = one.shape
    try:
        with opened_picture(io.BytesIO(body)) as image:
            _check_size(image.size)
            # what is transparent is seen as black: behind a drawing there is nothing
            flat = Image.new("RGBA", image.size, "black")
            flat.alpha_composite(image.convert("RGBA"))
            small = flat.convert("L" if channels == 1 else "RGB").resize((width, height))
    except RefusalError:
        raise
    except TooManyPixelsError as error:
        raise RefusalError(_TOO_LARGE, f"the picture is too large: {error}") from None
    except Exception as error:  # noqa: BLE001  # a file made to deceive has Pillow raise almost anything
        raise RefusalError(_UNPROCESSABLE, f"the picture cannot be read: {error}") from None
    values = np.asarray(small, np.float32).reshape(height, width, channels).transpose(2, 0, 1)
    values = 255 - values if invert else values
    return net.checked({one.name: (values if one.is_scaled else values / 255)[None]})


def _check_size(size: tuple[int, int]) -> None:
    """See that a picture is not too large to be unpacked."""
    if prod(size) > _MOST_PIXELS:
        raise RefusalError(_TOO_LARGE, f"the picture has more than {_MOST_PIXELS:,} pixels")


# --- the Open Inference Protocol, version 2 ---------------------------------------------


def v2_rows(net: ServedNet, body: bytes) -> tuple[dict[str, np.ndarray], Mapping[str, Any]]:
    """Rows of an inference request, and the request."""
    found = parse_json(body)
    tensors = found.get("inputs")
    if not isinstance(tensors, list) or not all(isinstance(t, dict) for t in tensors):
        raise RefusalError(_UNPROCESSABLE, "inputs: expected a list of tensors")
    wanted = found.get("outputs")
    for output in wanted if isinstance(wanted, list) else ():
        name = output.get("name") if isinstance(output, dict) else None
        if name not in net.outputs:
            raise RefusalError(_UNPROCESSABLE, f"outputs: there is no {name!r}")
    return net.checked({str(t.get("name")): _tensor(t) for t in tensors}), found


def _tensor(tensor: Mapping[str, Any]) -> np.ndarray:
    """The array of a tensor, whose data may be flat."""
    name, shape, kind = (tensor.get(key) for key in ("name", "shape", "datatype"))
    whole = isinstance(shape, list) and all(isinstance(n, int) and n >= 0 for n in shape)
    if not whole or kind not in _DATATYPES or "data" not in tensor:
        raise RefusalError(
            _UNPROCESSABLE,
            f"tensor {name!r}: expected shape, data, and as datatype one of"
            f" {', '.join(_DATATYPES)}",
        )
    sizes = [int(n) for n in shape or ()]
    array = numbers(tensor["data"])
    if array is None or array.size != prod(sizes):
        raise RefusalError(_UNPROCESSABLE, f"tensor {name!r}: its data are not {shape} numbers")
    return array.reshape(sizes)


def v2_answer(
    net: ServedNet, outputs: Mapping[str, np.ndarray], request: Mapping[str, Any]
) -> dict[str, Any]:
    """The inference response."""
    asked = request.get("outputs")
    names: Sequence[str] = [o["name"] for o in asked] if asked else list(outputs)
    answer: dict[str, Any] = {
        "model_name": net.name,
        "outputs": [
            {
                "name": name,
                "shape": list(outputs[name].shape),
                "datatype": "FP32",
                "data": _plain(outputs[name].reshape(-1)),
            }
            for name in names
        ],
    }
    if "id" in request:
        answer["id"] = str(request["id"])
    return answer


def v2_metadata(net: ServedNet) -> dict[str, Any]:
    """The metadata of the model."""

    def tensors(shapes: Mapping[str, Sequence[int]]) -> list[dict[str, Any]]:
        return [
            {"name": n, "datatype": "FP32", "shape": [-1, *shape]} for n, shape in shapes.items()
        ]

    return {
        "name": net.name,
        "platform": "graphnet",
        "inputs": tensors({name: one.shape for name, one in net.inputs.items()}),
        "outputs": tensors(net.outputs),
    }
