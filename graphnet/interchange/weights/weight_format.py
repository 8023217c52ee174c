"""A format of weights alone, and what can be done with it: its verbs are the public functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphnet.declare.arguments import expect_one_of
from graphnet.files.paths import shown
from graphnet.files.reading import open_regular
from graphnet.interchange.torch.names import torch_names
from graphnet.interchange.weights.exporting import (
    NameAll,
    WriteFile,
    export_weights,
    plain_names,
    save_net,
)
from graphnet.interchange.weights.importing import (
    FilledNet,
    ReadFile,
    fill_net,
    load_filled,
    write_filled,
)
from graphnet.interchange.weights.matching import Needed
from graphnet.interchange.weights.needed import NetSource
from graphnet.interchange.weights.stored import WeightFile, damaged
from graphnet.layers.base import Phase
from graphnet.net.net import Net
from graphnet.solver.record.foreign import BEGINNING, foreign_format, import_command
from graphnet.solver.record.snapshot_file import begins_as_snapshot


@dataclass(frozen=True)
class WeightFormat:
    """A format.

    Attributes:
        name: Its name, as commands have it.
        ending: How the names of its files end.
        read: Reads a file.
        write: Writes one; None where graphnet only reads the format.
        naming: The ways in which its files may call params; the first is the usual one.
    """

    name: str
    ending: str
    read: ReadFile
    write: WriteFile | None = None
    naming: Mapping[str, NameAll] = field(
        default_factory=lambda: {"graphnet": plain_names, "torch": torch_names}
    )

    def read_file(self, path: Path) -> WeightFile:
        """The arrays of a file.

        Raises:
            SnapshotError: If it is of another format, cannot be read, or is damaged.
        """
        try:
            with open_regular(path) as file:
                begin = file.read(BEGINNING)
        except OSError:
            return self.read(path)  # which says why
        if begins_as_snapshot(begin):
            raise damaged(
                path, "is a model of graphnet's own",
                "it needs no import: --weights and load_weights take it as it is",
            )  # fmt: skip
        kind = foreign_format(path, begin)
        if kind in ("safetensors", "npz", "torch") and kind != self.name:
            cure = import_command(shown(path), begin)
            raise damaged(path, f"is no file that 'import {self.name}' reads", cure)
        return self.read(path)

    def load(
        self,
        net: NetSource,
        weights: Path | str,
        phase: Phase = "test",
        *,
        map_file: Path | str | None = None,
        **options: Any,
    ) -> Net:
        """Load a net with the weights of a file.

        Args:
            net: The net's YAML file.
            weights: The file.
            phase: ``train`` or ``test``.
            map_file: A YAML file that says which array fills which param, where names, or order
                and shape, do not. Default: none.
            **options: As of :func:`graphnet.load_net`; of its ``dtype`` the params are.

        Returns:
            The net, all of its params and running statistics filled.

        Raises:
            GraphnetError: If the net or the file cannot be read.
            SnapshotError: Listing all that is not filled, and what is left over.
        """
        return load_filled(self.read_file, net, weights, phase, map_file, **options)

    def import_(
        self,
        net: NetSource,
        weights: Path | str,
        to: Path | str,
        *,
        map_file: Path | str | None = None,
        force: bool = False,
    ) -> FilledNet:
        """Write a net and the weights of a file as ``net.yaml`` and ``model.h5``.

        Args:
            net: The net's YAML file.
            weights: The file.
            to: The folder that is written to.
            map_file: A YAML file that says which array fills which param. Default: names say it.
            force: Whether files that are there may be replaced.

        Returns:
            What fills what.

        Raises:
            GraphnetError: As for loading; nothing is then written.
        """
        made = fill_net(self.read_file, net, weights, map_file)
        write_filled(made, Path(to), force=force)
        return made

    def export(
        self,
        net: NetSource,
        to: Path | str,
        weights: Path | str,
        *,
        names: str | None = None,
        force: bool = False,
    ) -> list[tuple[Needed, str]]:
        """Write the weights of a run, a snapshot or a model as a file of this format.

        Args:
            net: The net's YAML file.
            to: The file that is written.
            weights: The run, snapshot or model.
            names: What params are called in it: ``graphnet``, or ``torch`` for PyTorch's names and
                order of gates; Mocha's has its own. Default: the first.
            force: Whether a file that is there may be replaced.

        Returns:
            The params, and their names in the file.

        Raises:
            GraphnetError: If the weights are not of this net, or the format has no name for some
                of them; nothing is then written.
        """
        return export_weights(self._writer, self._named(names), net, to, weights, force=force)

    def save(self, net: Net, to: Path | str, *, names: str | None = None) -> None:
        """Write the weights of a loaded net; a file that is there is replaced.

        Args:
            net: The net.
            to: The file.
            names: As for exporting; by default likewise.

        Raises:
            GraphnetError: If it cannot be written.
        """
        save_net(self._writer, self._named(names), net, to)

    def _named(self, names: str | None) -> NameAll:
        if names is not None:
            expect_one_of("names", names, self.naming)
        return self.naming[names or next(iter(self.naming))]

    @property
    def _writer(self) -> WriteFile:
        if self.write is None:
            raise NotImplementedError(f"graphnet does not write {self.name}")
        return self.write
