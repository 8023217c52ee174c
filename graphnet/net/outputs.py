"""The files that layers of a net write, and the passes they are written in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from graphnet.errors import DataError, SpecError, located
from graphnet.files.paths import refuse_to_write_over
from graphnet.layers.base import Layer, LayerSpec
from graphnet.net.graph import LayerVertex
from graphnet.net.spec import NetSpec


def output_files(spec: NetSpec) -> list[str]:
    """Those of all phases, by absolute path."""
    return [file for node in spec.nodes if (file := node.spec.output_file) is not None]


def refuse_two_writers(layers: Iterable[LayerVertex]) -> None:
    """See that no file is written by a training net and by its validation.

    Raises:
        SpecError: At a layer of both phases that writes one.
    """
    for layer in layers:
        if layer.spec.phase is None and layer.spec.output_file is not None:
            raise SpecError(
                f"{layer.subject}the training net and its validation would both write its file\n"
                "  say which of them does: phase: test, or phase: train",
                layer.position,
            )


def refuse_to_lose_data(spec: NetSpec) -> None:
    """See that no layer writes a file that the net reads, or the net's own.

    Raises:
        SpecError: At the layer that would.
    """
    for writer in spec.nodes:
        target = writer.spec.output_file
        if target is None:
            continue
        if spec.file is not None:
            with located(writer.position, writer.subject):
                refuse_to_write_over(Path(target), {"the net's YAML": Path(spec.file)})
        for reader in spec.data_nodes():
            with located(writer.position, writer.subject):
                for path in _files(reader.spec):
                    what = f"what layer '{reader.name}' reads"
                    refuse_to_write_over(Path(target), {what: path})


def _files(reader: LayerSpec) -> list[Path]:
    with suppress(DataError):  # what is not there cannot be lost
        return reader.data_files()
    return []


@contextmanager
def one_pass(layers: Iterable[Layer[Any]]) -> Iterator[None]:
    """What the layers write belongs together, and nothing of it stays if it is not whole."""
    layers = list(layers)
    for layer in layers:
        layer.start_pass()
    is_whole = False
    try:
        yield
        is_whole = True
    finally:
        for layer in layers:
            layer.end_pass(is_whole=is_whole)
