"""The packages that read, write and run ONNX: extras, imported when they are first used."""

from __future__ import annotations

from typing import Any

from graphnet.errors import BackendError
from graphnet.installation import pip_install

#: What is written: pooling that rounds up has had one meaning only since this opset.
OPSET, IR_VERSION = 22, 10
#: The largest file: what one message of protobuf can hold.
MOST_BYTES = 2**31 - 1


def library() -> Any:
    """The package ``onnx``.

    Raises:
        BackendError: If it is not installed, or cannot be imported.
    """
    try:
        import onnx
    except ImportError as error:
        raise BackendError(
            f"reading and writing ONNX needs the package onnx: {error}"
            f"\n  install it: {pip_install('onnx')}"
        ) from error
    return onnx


def runtime() -> Any | None:
    """The package ``onnxruntime``; None where it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return None
    return onnxruntime
