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
from graphnet.inference.sinks.texts import short_numbers
from graphnet.installation import pip_install
from graphnet.serving.refusal import RefusalError
from graphnet.serving.served_net import ServedNet, numbers

_BAD, _TOO_LARGE, _UNPROCESSABLE, _FAILED = 400, 413, 422, 500
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
    """Outputs by blob, and for each row the most probable classes."""
    answer: dict[str, Any] = {"outputs": {name: _plain(a) for name, a in outputs.items()}}
    if net.answer is not None:
        scores = short_numbers(outputs[net.answer.title])
        answer["top"] = net.answer.top(scores.reshape(len(scores), -1), top)
    return answer


def _plain(array: np.ndarray) -> Any:
    """Nested lists, of numbers that JSON has, with no more digits than they have."""
    if not np.isfinite(array).all():
        raise RefusalError(_FAILED, "the net's output is not finite for these rows")
    return short_numbers(array).tolist()


# --- pictures ---------------------------------------------------------------------------


def picture_rows(net: ServedNet, body: bytes, *, invert: bool = False) -> dict[str, np.ndarray]:
    """The row of a picture file, brought to the size and the channels that the net takes.

    Raises:
        RefusalError: If it is no picture, is too large, or the net takes none.
    """
    try:
        with opened_picture(io.BytesIO(body)) as image:
            _check_size(image.size)
    except ImportError as error:
        raise MissingExtraError(f"pictures need Pillow: {pip_install('serve')}") from error
    except RefusalError:
        raise
    except TooManyPixelsError as error:
        raise RefusalError(_TOO_LARGE, f"the picture is too large: {error}") from None
    except Exception as error:  # noqa: BLE001  # a file made to deceive has Pillow raise almost anything
        raise RefusalError(_UNPROCESSABLE, f"the picture cannot be read: {error}") from None
    return net.picture(body, invert=invert)


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
