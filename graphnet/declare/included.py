"""Files that a net includes: where they may lie, their layers, what their parameters are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphnet.declare.validation import describe
from graphnet.declare.words import NAME, ListPlace, Scalar
from graphnet.declare.yaml_reader import Document, KeyPath
from graphnet.errors import SpecError, did_you_mean, one_of


def path_of(name: Any, folder: Path, place: ListPlace) -> Path:
    """The file that is included: in the net's folder, or below it.

    Raises:
        SpecError: If there is none, or it lies elsewhere.
    """
    if not isinstance(name, str) or not name:
        place.refuse(f"key 'include': expected a file, found {describe(name)}", "include")
    name = str(place.text(name, "include"))
    if not folder.is_absolute():
        place.refuse(
            "key 'include': a net that is not read from a file has no folder to look in\n"
            "  write the net into a file, or the layers where they are included",
            "include",
        )
    folder = folder.resolve()
    path: Path = (folder / name).resolve()
    if Path(name).is_absolute() or not path.is_relative_to(folder):
        place.refuse(
            f"key 'include': {name} is not in the net's folder\n"
            f"  put the file into {folder}, or below, and write its path from there",
            "include",
        )
    if not path.is_file():
        near = sorted(p.name for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else ()
        place.refuse(
            f"key 'include': there is no file {name} in {folder}{did_you_mean(path.name, near)}",
            "include",
        )
    return path


def parts_of(document: Document) -> tuple[list[Any], KeyPath]:
    """The layers of an included file, and where they stand in it."""
    value = document.value
    layers, inner = (value, ()) if not isinstance(value, Mapping) else (None, ("layers",))
    if isinstance(value, Mapping):
        for key in value:
            if key not in ("parameters", "layers"):
                raise SpecError(
                    f"an included file has no key '{key}'{one_of(('parameters', 'layers'))}",
                    document.key_at((key,)),
                )
        layers = value.get("layers")
    if not isinstance(layers, list) or not layers:
        raise SpecError(
            "an included file is a list of layers, or has one as 'layers'\n"
            f"  found {describe(value)}",
            document.at(inner),
        )
    return layers, inner


def parameters(document: Document, given: Mapping[str, Any], place: ListPlace) -> dict[str, Scalar]:
    """What the words of an included file stand for."""
    value = document.value
    declared = value.get("parameters", {}) if isinstance(value, Mapping) else {}
    if not isinstance(declared, Mapping):
        raise SpecError(
            f"key 'parameters': expected names and values, found {describe(declared)}\n"
            "  write {width: 64, heads: }; one without a value must be given",
            document.at(("parameters",)),
        )
    found: dict[str, Scalar] = {}
    for name, default in declared.items():
        at = document.key_at(("parameters", name))
        if not NAME.fullmatch(str(name)):
            raise SpecError(f"the parameter '{name}' is not one word of letters", at)
        value = given.get(name, default)
        if value is None:
            place.refuse(f"the parameter '{name}' is not given\n  write with: {{{name}: …}}")
        if not isinstance(value, str | int | float | bool):
            raise SpecError(
                f"the parameter '{name}': expected a number or a text, found {describe(value)}",
                place.at("with", name) if name in given else at,
            )
        found[name] = value
    for name in given:
        if name not in declared:
            hint = did_you_mean(name, declared) or (one_of(list(declared)) if declared else "")
            raise SpecError(
                f"the included file has no parameter '{name}'{hint}", place.key_at("with", name)
            )
    return found
