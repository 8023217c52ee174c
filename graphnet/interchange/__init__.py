"""Models of other frameworks: a folder for each format, with its reader and its table of layers.

    net = gn.interchange.load_caffe("deploy.prototxt", "net.caffemodel")

Names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphnet.interchange.caffe.exporting import export_caffe as export_caffe
    from graphnet.interchange.caffe.importing import import_caffe as import_caffe
    from graphnet.interchange.caffe.importing import load_caffe as load_caffe
    from graphnet.interchange.onnx.exporting import export_onnx as export_onnx
    from graphnet.interchange.onnx.importing import import_onnx as import_onnx
    from graphnet.interchange.onnx.importing import load_onnx as load_onnx
    from graphnet.interchange.weights.formats import export_mocha as export_mocha
    from graphnet.interchange.weights.formats import export_npz as export_npz
    from graphnet.interchange.weights.formats import export_safetensors as export_safetensors
    from graphnet.interchange.weights.formats import import_mocha as import_mocha
    from graphnet.interchange.weights.formats import import_npz as import_npz
    from graphnet.interchange.weights.formats import import_safetensors as import_safetensors
    from graphnet.interchange.weights.formats import import_torch as import_torch
    from graphnet.interchange.weights.formats import load_mocha as load_mocha
    from graphnet.interchange.weights.formats import load_npz as load_npz
    from graphnet.interchange.weights.formats import load_safetensors as load_safetensors
    from graphnet.interchange.weights.formats import load_torch as load_torch
    from graphnet.interchange.weights.formats import save_mocha as save_mocha
    from graphnet.interchange.weights.formats import save_npz as save_npz
    from graphnet.interchange.weights.formats import save_safetensors as save_safetensors

_PUBLIC = {
    "export_caffe": "graphnet.interchange.caffe.exporting",
    "export_onnx": "graphnet.interchange.onnx.exporting",
    "import_caffe": "graphnet.interchange.caffe.importing",
    "import_onnx": "graphnet.interchange.onnx.importing",
    "load_caffe": "graphnet.interchange.caffe.importing",
    "load_onnx": "graphnet.interchange.onnx.importing",
    **dict.fromkeys(
        (
            "export_mocha",
            "export_npz",
            "export_safetensors",
            "import_mocha",
            "import_npz",
            "import_safetensors",
            "import_torch",
            "load_mocha",
            "load_npz",
            "load_safetensors",
            "load_torch",
            "save_mocha",
            "save_npz",
            "save_safetensors",
        ),
        "graphnet.interchange.weights.formats",
    ),
}

__all__ = [*_PUBLIC]  # noqa: PLE0604  # the table is the one list of names


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'graphnet.interchange' has no attribute '{name}'", name=name)
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
