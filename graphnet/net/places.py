"""Relative paths of a layer: in a file from its folder, others from the working directory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from graphnet.declare.yaml_reader import Document, KeyPath
from graphnet.layers.base import LayerSpec


def with_places(spec: LayerSpec, document: Document, path: KeyPath) -> LayerSpec:
    """The spec with absolute paths: from the file's folder, or from the working directory."""
    there = spec.relative_to(document.folder)
    here = spec.relative_to(Path.cwd()) if document.folder != Path.cwd() else there
    placed: LayerSpec = _by_origin(there, here, document, path)
    return placed


def _by_origin(there: Any, here: Any, document: Document, path: KeyPath) -> Any:
    """Of each value, ``there`` if the file gives it, ``here`` if the command line does."""
    if there == here:
        return there
    if isinstance(there, BaseModel):
        values = dict(here)
        chosen = {k: _by_origin(v, values[k], document, (*path, k)) for k, v in there}
        return there.model_copy(update=chosen)
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        return {k: _by_origin(v, here[k], document, (*path, k)) for k, v in there.items()}
    if isinstance(there, tuple) and isinstance(here, tuple):
        pairs = enumerate(zip(there, here, strict=True))
        return tuple(_by_origin(v, w, document, (*path, i)) for i, (v, w) in pairs)
    return there if document.folder_of(path) == document.folder else here
