"""The data layers of a new net, as YAML: sources, batches, and what brings values near 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path

from graphnet.blob import PICTURE_AXES
from graphnet.data.tools.survey import Survey
from graphnet.starters.folder import yaml_name
from graphnet.starters.seen import SeenData, source_text
from graphnet.starters.target import Target

_BYTE = 255
#: Data of more bytes is read by a thread of its own.
_LARGE = 1 << 20
_SMALLEST_BATCH, _LARGEST_BATCH, _TEST_BATCH = 8, 64, 100
_BATCHES_AN_EPOCH = 7
#: Values with a deviation between these are read as they are.
_SMALL, _GREAT = 0.1, 3.0


@dataclass(frozen=True)
class DataLayers:
    """Data layers, written down.

    Attributes:
        text: Lines of YAML.
        input: The blob that the net goes on from.
        batch: Samples in a batch of the training rows.
        tops: The columns that are read.
    """

    text: str
    input: str
    batch: int
    tops: Sequence[str]


@dataclass(frozen=True)
class InputRange:
    """How the values of a column are brought near 1."""

    seen: SeenData
    column: Survey

    @cached_property
    def scale(self) -> float:
        """What they are multiplied by; 1 for as they are."""
        found = self.column
        if found.dtype.kind in "iu" and found.low >= 0 and found.high > 1:
            return 1 / max(self._highest, _BYTE if found.dtype.itemsize == 1 else 0)
        if self.is_picture and not _SMALL <= found.std <= _GREAT and found.std > 0:
            highest = self._highest
            return 1 / highest if found.low >= 0 and highest > 1 else 1 / found.std
        return 1.0

    @property
    def is_picture(self) -> bool:
        """Whether a row has channels, height and width."""
        return len(self.column.shape) == PICTURE_AXES + 1

    @cached_property
    def is_bounded(self) -> bool:
        """Whether they lie between 0 and 1 then."""
        lowest = min(s.low for f in (self.seen.train, self.seen.test) for s in f.sets
                     if s.name == self.column.name)  # fmt: skip
        return lowest >= 0 and self._highest * self.scale <= 1 + 1e-6 and not self.is_unlike

    @cached_property
    def is_unlike(self) -> bool:
        """Whether each feature needs a mean and deviation of its own."""
        is_flat = len(self.column.shape) <= 2  # noqa: PLR2004
        return is_flat and self.scale == 1.0 and self.seen.has_unlike_features(self.column.name)

    @property
    def _highest(self) -> float:
        return self.seen.highest(self.column.name)


def data_layers(
    folder: Path,
    seen: SeenData,
    tops: Sequence[str],
    found: InputRange,
    target: Target | None = None,
) -> DataLayers:
    """The two data layers, and where the features are unlike a third that makes them alike.

    Args:
        folder: Of the net.
        seen: The data.
        tops: The data sets to be read.
        found: The values of the first of them; others of the same shape are treated alike.
        target: What is learned.
    """
    lines = []
    shape = found.column.shape[1:]
    for top in tops:
        if found.scale != 1 and seen.columns[top].shape[1:] == shape:
            said = f"{found.column.low:g} to {found.column.high:g} becomes 1 at most"
            lines.append(f"{yaml_name(top)}: [{{type: Scale, scale: {found.scale!r}}}] # {said}")
    if target is not None and target.std != 1:
        steps = (
            f"{{type: SubMean, mean: {target.mean!r}}}, {{type: Scale, scale: {1 / target.std!r}}}"
        )
        said = "less its mean, divided by its deviation"
        lines.append(f"{yaml_name(target.name)}: [{steps}] # {said}: so is what is predicted")
    batch = _batch(seen.n_rows[0])
    if target is None:  # a net that draws a code for each row has one batch size for all
        batch = min(batch, seen.n_rows[1])
    text = _layers(folder, seen, tops, lines, batch, batch if target is None else _TEST_BATCH)
    if not found.is_unlike:
        return DataLayers(text, tops[0], batch, tops)
    text += (
        "\n  # The features are of different sizes: each is brought to mean 0 and deviation 1.\n"
        f"  - {{name: standard, type: BatchNorm, affine: false, bottoms: [{yaml_name(tops[0])}],"
        " tops: [standard]}\n"
    )
    return DataLayers(text, "standard", batch, tops)


def sequence_layers(folder: Path, seen: SeenData, tops: Sequence[str]) -> DataLayers:
    """The two data layers of a recurrent net; ``cont`` is 0 where a sequence begins.

    Where a row goes on from an earlier one, as many rows as begin a sequence at first are read side
    by side, and their order is kept.
    """
    starts = seen.first_rows("cont")[:, 0] == 0
    if starts.all():
        batch = _batch(seen.n_rows[0])
        return DataLayers(_layers(folder, seen, tops, [], batch, _TEST_BATCH), tops[0], batch, tops)
    batch = max(1, int(starts.argmin()))
    why = (
        "  # Row r of a batch goes on where row r of the last one ended: order and batch_size are\n"
        "  # those the file was written in.\n"
    )
    text = _layers(folder, seen, tops, [], batch, batch, shuffle=False)
    return DataLayers(why + text, tops[0], batch, tops)


def _layers(
    folder: Path,
    seen: SeenData,
    tops: Sequence[str],
    transformers: Sequence[str],
    batch: int,
    test_batch: int,
    *,
    shuffle: bool = True,
) -> str:
    """Both, in lines."""
    row_bytes = sum(prod(seen.columns[top].shape[1:]) * 4 for top in tops)
    is_large = row_bytes * seen.n_rows[0] > _LARGE
    texts = []
    for split, phase in enumerate(("train", "test")):
        rows = seen.rows(split)
        size = batch if split == 0 else min(test_batch, seen.n_rows[1])
        reads_ahead = is_large and split == 0
        lines = [
            f"- name: {phase}-data",
            f"  type: {'AsyncHDF5Data # reads ahead' if reads_ahead else 'HDF5Data'}",
            f"  phase: {phase}",
            f"  source: {source_text(seen.sources[split], folder)}",
            *([f'  rows: "{rows}"'] if rows else []),
            f"  batch_size: {size}",
            *(["  shuffle: true # a new order every epoch"] if shuffle and split == 0 else []),
            *(["  transformers:", *(f"    {line}" for line in transformers)] * bool(transformers)),
            f"  tops: [{', '.join(map(yaml_name, tops))}]",
        ]
        texts.append("".join(f"  {line}\n" for line in lines))
    return "\n".join(texts)


def _batch(n_rows: int) -> int:
    """A power of two that an epoch has some of."""
    fit = max(1, n_rows // _BATCHES_AN_EPOCH)
    power = 1 << (fit.bit_length() - 1)
    return min(n_rows, max(_SMALLEST_BATCH, min(_LARGEST_BATCH, power)))
