"""The weights that a command is given: graphnet's own, or a file of another format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graphnet.cli.output.terminal import notice
from graphnet.files.paths import is_there
from graphnet.files.reading import open_regular
from graphnet.net.net import Net
from graphnet.params.param import ParamStore
from graphnet.solver.record.foreign import BEGINNING, foreign_format
from graphnet.solver.record.snapshot_file import Contents
from graphnet.solver.record.weights import check_fits, read_weights, upload

#: What can be taken without being imported first.
_DIRECT = ("safetensors", "npz", "torch")


@dataclass(frozen=True)
class GivenWeights:
    """The weights that are to fill a net.

    Attributes:
        file: Where they are.
        contents: A snapshot or model; None for a file of another format.
        format: The other format; blank for graphnet's own.
    """

    file: Path
    contents: Contents | None
    format: str = ""

    def fill(self, net: Net) -> None:
        """Put them into a net, all of which they fill.

        Raises:
            SnapshotError: Listing what is missing or has another shape.
        """
        if self.contents is not None:
            load_all(net.store, self.file, self.contents)
            return
        from graphnet.interchange.weights.formats import FORMATS
        from graphnet.interchange.weights.importing import fill_loaded
        from graphnet.interchange.weights.matching import BY_ORDER

        match = fill_loaded(net, FORMATS[self.format].read_file(self.file))
        if any(fill.by == BY_ORDER for fill in match.fills.values()):
            see = f"graphnet import {self.format} NET --weights {self.file} --print-map"
            said = f"{self.file}: fills params by {BY_ORDER}, as their names are not in it"
            notice([said, f"  see which array fills which: {see}"], stderr=True)


def read_given(path: Path) -> GivenWeights:
    """The weights in a run's directory, a snapshot, a model, or a file of another format.

    Raises:
        SnapshotError: If there are none.
    """
    if is_there(path) and path.is_file():
        with open_regular(path) as file:
            kind = foreign_format(path, file.read(BEGINNING))
        if kind in _DIRECT:
            return GivenWeights(path, None, kind)
    return GivenWeights(*read_weights(path))


def load_all(store: ParamStore, file: Path, contents: Contents) -> None:
    """Put the params of a snapshot or model into a net that has all of them.

    Raises:
        SnapshotError: Listing what is missing or has another shape.
    """
    check_fits(store, contents, file)
    upload(store, contents.params, contents.state, file=file)
