"""The packages: where one is missing, the message says how to install it."""

import sys

import pytest

from graphnet.errors import BackendError
from graphnet.interchange.onnx.files.library import library, runtime


def test_missing(monkeypatch):
    """An error names the extra; onnxruntime may be missing."""
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(
        BackendError, match=r"needs the package onnx: .*\n  install it: pip install"
    ):
        library()
    assert runtime() is None
