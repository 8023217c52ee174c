"""Importing weights: a net and a file of whatever format become a model of graphnet.

graphnet import safetensors net.yaml --weights model.safetensors -o DIR
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.backend import open_backend
from graphnet.errors import SnapshotError, SpecError
from graphnet.files.paths import refuse_to_replace, refuse_to_write_over, shown
from graphnet.files.writing import Advice, output_file
from graphnet.interchange.model_file import write_model
from graphnet.interchange.weights.layouts import apply
from graphnet.interchange.weights.map_file import map_text, read_map
from graphnet.interchange.weights.matching import Fill, Match, Needed, match
from graphnet.interchange.weights.needed import (
    NetSource,
    compiled_phases,
    declarations,
    needed_by,
    spec_of,
)
from graphnet.interchange.weights.stored import WeightFile
from graphnet.layers.base import Phase
from graphnet.net.compiled import CompiledNet
from graphnet.net.load_net import load_net
from graphnet.net.net import Net
from graphnet.net.spec import NetSpec
from graphnet.params.filling import fill, parts_of
from graphnet.params.param import DeclaredParams, ParamDecl, ParamStore

#: What reads a format.
ReadFile = Callable[[Path], WeightFile]


@dataclass(frozen=True)
class FilledNet:
    """A net, a file, and which of its arrays fill which params.

    Attributes:
        spec: The net.
        nets: Each of its phases, compiled.
        file: The arrays.
        match: What fills what.
    """

    spec: NetSpec
    nets: Sequence[CompiledNet]
    file: WeightFile
    match: Match

    def refuse_gaps(self) -> None:
        """See that all of the net is filled.

        Raises:
            SnapshotError: Listing all that is not, and what is left over in the file.
        """
        if not self.match.problems:
            return
        n, whole = len(self.match.problems), len(self.match.needed)
        filled = f"{shown(self.file.path)}: fills {whole - n} of the {whole} params of net"
        lines = [f"{filled} '{self.spec.name}', so none is taken"]
        lines += [f"  not filled: {problem}" for problem in self.match.problems]
        lines += [f"  not used: {array}" for array in self.match.unused]
        lines.append("  say in a map what fills what: see --print-map and --map of graphnet import")
        raise SnapshotError("\n".join(lines))

    def arrays(self) -> Iterator[tuple[Needed, np.ndarray]]:
        """Each param and its values, read when it is asked for."""
        declared = declarations(self.nets)
        for each in self.match.needed:
            fill = self.match.fills[each.path]
            if not fill.arrays:
                yield each, _initial(each, declared[each.path])
                continue
            stored = [self.file.arrays[name].read() for name in fill.arrays]
            yield each, apply(fill.layout, stored, each.shape)

    def map_text(self) -> str:
        """The map, as YAML."""
        return map_text(self.match, f"net '{self.spec.name}'", self.file)

    def how(self, fill: Fill) -> str:
        """How a param was found, and what is done to the arrays."""
        if not fill.arrays:
            return "its initializer, by the map"
        kinds = {self.file.arrays[name].dtype for name in fill.arrays} - {"float32"}
        done = [*fill.layout, *(f"{kind} to float32" for kind in sorted(kinds))]
        return ", ".join([fill.by, *done])


def _initial(needed: Needed, decl: Any) -> np.ndarray:
    """The values that a fresh run starts with."""
    is_param = isinstance(decl, ParamDecl)
    params, state = ({needed.name: decl}, {}) if is_param else ({}, {needed.name: decl})
    declared = {needed.key: DeclaredParams(params, state, frozen=True)}
    store = ParamStore(open_backend("numpy", 1), np.dtype("float32"), declared, seed=0)
    if is_param:
        return np.asarray(store.params[needed.key][needed.name].data)
    return np.asarray(store.state[needed.key][needed.name])


def fill_net(
    read: ReadFile, net: NetSource, weights: Path | str, map_file: Path | str | None
) -> FilledNet:
    """Find what fills a net.

    Args:
        read: What reads the format.
        net: The net's YAML file.
        weights: The file of weights.
        map_file: A map, which comes before all that is found.

    Raises:
        GraphnetError: If the net, the file or the map cannot be read.
    """
    spec = spec_of(net)
    return _filled(spec, compiled_phases(spec), read(Path(weights)), map_file)


def _filled(
    spec: NetSpec,
    nets: Sequence[CompiledNet],
    file: WeightFile,
    map_file: Path | str | None,
) -> FilledNet:
    needed = needed_by(nets)
    given = read_map(Path(map_file), needed, file) if map_file is not None else {}
    return FilledNet(spec, nets, file, match(needed, file, given))


def write_filled(made: FilledNet, to: Path, *, force: bool = False) -> list[Path]:
    """Write ``net.yaml`` and ``model.h5``.

    Args:
        made: What is written; all of the net is filled.
        to: The folder.
        force: Whether files that are there may be replaced.

    Returns:
        What was written.

    Raises:
        GraphnetError: If there are gaps, or it cannot be written; nothing is then.
    """
    made.refuse_gaps()
    targets = [to / "net.yaml", to / "model.h5"]
    read = {"the weights": made.file.path}
    read |= {"the net": Path(made.spec.file)} if made.spec.file else {}
    for target in targets:
        refuse_to_write_over(target, read)
    if to.exists() and not to.is_dir():
        raise SpecError(f"{to}: is a file, expected a folder for net.yaml and model.h5")
    refuse_to_replace(targets, force=force)
    to.mkdir(parents=True, exist_ok=True)
    named = ((f"{each.group}/{each.path}", array) for each, array in made.arrays())
    text = made.spec.to_yaml()
    with output_file(targets[0], Advice(SpecError)) as output:  # if that cannot be, nothing is
        output.write(text.encode())
        write_model(targets[1], named, text, source=made.file.path)
    return targets


def load_filled(
    read: ReadFile,
    net: NetSource,
    weights: Path | str,
    phase: Phase,
    map_file: Path | str | None,
    **options: Any,
) -> Net:
    """A net of a phase with the weights of a file.

    Raises:
        GraphnetError: If something in the files is wrong, or not all of the net is filled.
    """
    spec = spec_of(net)
    loaded = load_net(spec, phase, **options)
    fill_loaded(loaded, read(Path(weights)), map_file)
    return loaded


def fill_loaded(net: Net, file: WeightFile, map_file: Path | str | None = None) -> Match:
    """Fill the params of a net that is loaded.

    Returns:
        What has filled what.

    Raises:
        GraphnetError: If not all of it is filled; nothing is changed then.
    """
    made = _filled(net.compiled.spec, [net.compiled], file, map_file)
    made.refuse_gaps()
    for each, array in made.arrays():
        if each.group == "params":
            target = net.store.params[each.key][each.name].data
        else:
            target = net.store.state[each.key][each.name]
        fill(net.backend, target, parts_of(array))
    return made.match
