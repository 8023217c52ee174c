"""A net that another program's file declares, as the document that a YAML file would be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from graphnet.declare.yaml_reader import Document, KeyPath
from graphnet.errors import Position, Problem, SpecError, did_you_mean_file
from graphnet.files.paths import is_there, shown
from graphnet.net.spec import NetSpec
from graphnet.net.yaml_form import layer_dict

_CAFFE, _ONNX = (".prototxt", ".caffemodel"), (".onnx",)
#: Those of HDF5Data that are so by default.
_TOPS = ("data", "label")
#: The endings of the files that are translated.
TRANSLATED = (*_CAFFE, *_ONNX)


def declared_elsewhere(path: Path) -> bool:
    """Whether a file is one of another program, by its ending."""
    return path.suffix.lower() in TRANSLATED


def translated_document(path: Path) -> Document:
    """What a file of Caffe or ONNX declares; nothing is written.

    A layer stands where the file declares what it was made of, as far as files have lines.

    Args:
        path: The file; its ending says whose.

    Raises:
        SpecError: With all that is wrong or has no equal, each at its line and column.
        DataError: If a file of ONNX cannot be read.
    """
    if not is_there(path):
        raise SpecError(f"{path}: there is no such file{did_you_mean_file(path)}")
    return (_of_caffe if path.suffix.lower() in _CAFFE else _of_onnx)(path)


def check_samples_known(document: Document) -> None:
    """See that data which are not here say the shapes of their samples.

    Args:
        document: From :func:`translated_document`, changed by ``--set``.

    Raises:
        SpecError: Saying how, for each layer that does not.
    """
    layers = document.value["layers"]
    names = [layer["name"] for layer in layers]
    problems = []
    for i, layer in enumerate(layers):
        path = ("layers", i, "source")
        is_said = "shapes" in layer or path in document.values  # by --set
        if layer["type"] != "HDF5Data" or is_said or _is_here(layer["source"]):
            continue
        key = layer["name"] if names.count(layer["name"]) == 1 else i
        tops = layer.get("tops", _TOPS)
        shapes = {top: [3, 224, 224] if n == 0 else [] for n, top in enumerate(tops)}
        text = ", ".join(f"{top}: {sizes}" for top, sizes in shapes.items())
        said = (
            f"layer '{layer['name']}' ({layer['type']}): its samples are not here, and nothing says"
            " their shapes\n  say them, such as (channels, height, width):"
            f" --set 'layers.{key}.shapes={{{text}}}'"
        )
        problems.append(Problem(said, document.at(("layers", i))))
    if problems:
        raise SpecError.of(problems)


def _is_here(source: Any) -> bool:
    entries = source if isinstance(source, list) else [source]
    return all(is_there(Path(entry)) for entry in entries)


def _of_caffe(path: Path) -> Document:
    from graphnet.interchange.caffe.importing import translate

    # a folder to write to makes the readers look into databases, which say the shapes of samples
    made = translate(path, out=path.absolute().parent)
    places = [entry.message.position for entry, layers in made.entries for _ in layers]
    return _document(path, made.spec(), places)


def _of_onnx(path: Path) -> Document:
    from graphnet.interchange.onnx.files.reading import read_onnx
    from graphnet.interchange.onnx.translation import translate_graph

    made = translate_graph(read_onnx(path), str(shown(path)))
    return _document(path, made.spec(), ())


def _document(path: Path, spec: NetSpec, places: Iterable[Position | None]) -> Document:
    """The net's layers without what is so by default, as a user would write them."""
    known: dict[KeyPath, Position] = {(): Position(str(path), 1, 1)}
    known |= {("layers", i): at for i, at in enumerate(places) if at is not None}
    layers = [layer_dict(node.spec) for node in spec.nodes]
    value = {"name": spec.name, "layers": layers}
    return Document(value, str(path), known, folder=path.resolve().parent)
