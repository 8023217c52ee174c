"""Batches: the rows of a table in the order of each epoch, a batch at a time.

A table that fits into ``buffer_bytes`` is read once and kept. A larger one is streamed: one group
of chunks is delivered from half of the buffer while the next is read, little by little, into the
other half. Only one thread at a time may use it.

    table       row ──read──▶ group (index)  ──take──▶ batch (slot) ──pipeline──▶ top
    which:      chunks(epoch, group)          arrange(epoch, group)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod

import numpy as np

from graphnet.data.mixing import Mixing
from graphnet.data.order import Order
from graphnet.data.pipeline import Pipeline
from graphnet.data.portion import Portion
from graphnet.data.table import Table
from graphnet.data.transformer import Samples
from graphnet.errors import DataError

_CHUNKS_PER_GROUP = 64  # enough for rows that lie together on disk to be scattered well
_QUICK_ELEMENTS = 1 << 15  # of a batch: made in less time than threads take to pass it on
INDEX_BYTES = 16  # beside each row in memory: its number, and where it comes in the order
_MIB = 1 << 20


class _Group:
    """The rows of one group in memory.

    Attributes:
        arrays: For each column, its values of the rows, one after the other.
        rows: The row of the table at each index of these arrays.
    """

    def __init__(self, table: Table, order: Order, pipelines: Sequence[Pipeline]) -> None:
        self._table, self._order, self._pipelines = table, order, pipelines
        self._chunks = np.empty(0, np.int64)
        self._n_chunks = self._n_rows = 0  # that have been read
        self.rows = np.empty(0, np.int64)
        self.arrays: list[np.ndarray] = []
        if (arrays := table.arrays()) is not None:  # all of it is here, as the only chunk
            self.arrays, self.rows = arrays, np.arange(table.n_rows)
            self._chunks, self._n_chunks = np.zeros(1, np.int64), 1
            self._check(arrays, 0)

    def begin(self, chunks: np.ndarray) -> None:
        """Hold these chunks from now on; reads nothing yet, and keeps what it already holds."""
        if not np.array_equal(chunks, self._chunks):
            self._chunks, self._n_chunks, self._n_rows = chunks, 0, 0

    def advance(self, share: float) -> None:
        """Read on until at least ``share`` (0 to 1) of the chunks are here."""
        wanted = int(np.ceil(share * len(self._chunks)))
        if self._n_chunks < wanted and not self.arrays:
            n = self._order.most_rows
            self.rows = np.empty(n, np.int64)
            self.arrays = [np.empty((n, *c.shape), c.dtype) for c in self._table.columns]
        while self._n_chunks < wanted:
            start, stop = self._order.span(self._chunks[self._n_chunks])
            place = slice(self._n_rows, self._n_rows + stop - start)
            read = [array[place] for array in self.arrays]
            self._table.read(start, stop, read)
            self._check(read, start)
            self.rows[place] = np.arange(start, stop)
            self._n_chunks, self._n_rows = self._n_chunks + 1, place.stop

    def _check(self, arrays: Sequence[np.ndarray], first: int) -> None:
        """Once for each row that comes into memory, not for each batch."""
        for pipeline, array in zip(self._pipelines, arrays, strict=True):
            pipeline.check_whole_numbers(array, lambda i: self._table.where(first + i))


class Batches:
    """Makes one batch after another.

    Attributes:
        cursor: How many samples were delivered, or passed over because they belong to another
            portion.
        n_samples: In one epoch.
        order: In which rows are delivered.

    Args:
        table: What to deliver.
        pipelines: One for each column.
        batch_size: Samples in every batch.
        key: Of the shuffle; None delivers the rows as they lie.
        buffer_bytes: How much of the table may be in memory.
        portion: Which slots of larger batches are made here, ``batch_size`` of them at a time.
            Default: all.
        mixing: What is mixed into each sample; None: nothing.

    Raises:
        DataError: If what a file stores together does not fit into ``buffer_bytes``.
    """

    def __init__(
        self,
        table: Table,
        pipelines: Sequence[Pipeline],
        batch_size: int,
        *,
        key: int | None,
        buffer_bytes: int,
        portion: Portion | None = None,
        mixing: Mixing | None = None,
    ) -> None:
        self._mixing = mixing
        self._table, self._pipelines = table, pipelines
        self._portion = portion or Portion(batch_size, ((0, batch_size),))
        self._gaps = [self._portion.gap(i) for i in range(len(self._portion.windows))]
        self._window = 0
        self.n_samples, self._batch_size = table.n_rows, batch_size
        self.seek(0, wrap=True)
        self._samples = Samples(np.zeros(batch_size, np.int64), np.zeros(batch_size, np.int64))
        self.order = _order(table, key, buffer_bytes)
        self._group, self._next_group = (_Group(table, self.order, pipelines) for _ in range(2))
        self._at: tuple[int, int] | None = None  # the epoch and number of the group in memory
        # the group's rows as they are delivered: at each position, an index of its arrays
        self._indices = self._index_buffer = np.empty(0, np.int64)

    @property
    def is_quick(self) -> bool:
        """Whether a batch is made so fast from memory that a thread would only slow it down."""
        n_elements = self._batch_size * sum(prod(c.shape) for c in self._table.columns)
        is_simple = self._mixing is None and all(p.is_simple for p in self._pipelines)
        return self.order.n_groups == 1 and is_simple and n_elements <= _QUICK_ELEMENTS

    def seek(self, cursor: int, *, wrap: bool) -> None:
        """Continue after ``cursor`` samples.

        Args:
            cursor: As in a data layer: where a whole batch begins.
            wrap: Whether batches run on into the next epoch; else the last batch of an epoch is
                filled by repeating its last sample.
        """
        self.cursor, self._wrap = cursor + self._portion.windows[0][0], wrap
        self._window = 0

    def bind(self, targets: Sequence[np.ndarray]) -> Callable[[], int]:
        """A call that makes the next batch.

        It returns how many samples count; the rest repeat the last one. It raises a DataError if
        something cannot be read or is not finite; a further call then tries again.

        Args:
            targets: ``(N, …)`` for each column, in any storage order; all of it is written.
        """
        pairs = list(zip(self._pipelines, targets, strict=True))
        stored = [pipeline.receiver(target) for pipeline, target in pairs]
        finish = [p.bind(target, self._samples, self._table.where) for p, target in pairs]
        others: list[np.ndarray] = []
        if self._mixing is not None:
            others, mix = self._mixing.bind(targets, self._samples, self._table.where)
            finish += mix
        return partial(self._make, stored, finish, others)

    def _make(
        self,
        stored: Sequence[np.ndarray],
        finish: Sequence[Callable[[], None]],
        others: Sequence[np.ndarray],
    ) -> int:
        """Take the rows of the next batch, and their partners, and finish each column."""
        begin, filled = self.cursor, 0
        try:
            while filled < self._batch_size:
                epoch, position = divmod(self.cursor, self.n_samples)
                if filled and not position and not self._wrap:
                    break
                filled += self._gather(stored, others, epoch, position, filled)
            if filled < self._batch_size:
                self._repeat_last([*stored, *others], filled)
            for call in finish:
                call()
        except BaseException:
            self.cursor = begin
            raise
        self.cursor += self._gaps[self._window]
        self._window = (self._window + 1) % len(self._gaps)
        return filled

    def where(self, slot: int) -> str:
        """The file and row from which a slot of the last batch was filled, for messages."""
        return self._table.where(int(self._samples.rows[slot]))

    def close(self) -> None:
        """Close the files; making a batch opens them again."""
        self._table.close()

    def _gather(
        self,
        stored: Sequence[np.ndarray],
        others: Sequence[np.ndarray],
        epoch: int,
        position: int,
        filled: int,
    ) -> int:
        """Fill slots from the group at ``position`` until it or the batch ends; how many."""
        is_whole_epoch = self.order.n_groups == 1
        number, offset = (0, position) if is_whole_epoch else self.order.locate(epoch, position)
        if self._at != (epoch, number):
            self._enter(epoch, number)
        indices = self._indices[offset : offset + self._batch_size - filled]
        n = len(indices)
        slots = slice(filled, filled + n)
        for array, out in zip(self._group.arrays, stored, strict=True):
            _take(array, indices, out if n == self._batch_size else out[slots])
        rows, epochs = self._samples.rows, self._samples.epochs
        if is_whole_epoch:
            rows[slots] = indices
        else:
            _take(self._group.rows, indices, rows[slots])
        epochs[slots] = epoch
        if self._mixing is not None:
            chosen, partners = self._mixing.indices[offset : offset + n], self._mixing.samples
            for array, out in zip(self._group.arrays, others, strict=True):
                _take(array, chosen, out[slots])
            _take(self._group.rows, chosen, partners.rows[slots])
            partners.epochs[slots] = epoch
        self.cursor += n
        if not is_whole_epoch:
            self._read_ahead(epoch, number, (offset + n) / len(self._indices))
        return n

    def _enter(self, epoch: int, number: int) -> None:
        """Bring a group into memory and arrange its rows."""
        chunks = self.order.chunks(epoch, number)
        if self.order.n_groups > 1:
            self._group, self._next_group = self._next_group, self._group
        self._at = None
        self._group.begin(chunks)
        self._group.advance(1)
        if self.order.n_groups == 1:
            self._table.close()  # all of it is here
        if not len(self._index_buffer):
            self._index_buffer = np.empty(self.order.most_rows, np.int64)
        self._indices = self._index_buffer[: self.order.sizes[chunks].sum()]
        self.order.arrange(epoch, number, self._indices)
        if self._mixing is not None:
            self._mixing.arrange(epoch, number, self._indices)
        self._at = (epoch, number)

    def _read_ahead(self, epoch: int, number: int, share: float) -> None:
        """Have as much of the next group as has been delivered of this one."""
        epoch, number = divmod(epoch * self.order.n_groups + number + 1, self.order.n_groups)
        if number or self._wrap:
            self._next_group.begin(self.order.chunks(epoch, number))
            self._next_group.advance(share)

    def _repeat_last(self, stored: Sequence[np.ndarray], filled: int) -> None:
        every = [self._samples, *([] if self._mixing is None else [self._mixing.samples])]
        for array in (*stored, *(a for s in every for a in (s.rows, s.epochs))):
            array[filled:] = array[filled - 1]


def _take(array: np.ndarray, indices: np.ndarray, out: np.ndarray) -> None:
    """``out[...] = array[indices]`` without a temporary array, where that is possible."""
    if array.flags.c_contiguous and array.dtype == out.dtype:
        array.take(indices, 0, out, "clip")
    else:
        out[...] = array[indices]


def _order(table: Table, key: int | None, buffer_bytes: int) -> Order:
    """One group of everything where that fits into memory, else groups of chunks."""
    whole = Order(np.array([table.n_rows]), 1, key)
    if table.arrays() is not None:
        return whole
    if table.n_rows * (table.row_bytes + INDEX_BYTES) <= buffer_bytes:
        _check_chunk(table.where(0), table.largest_chunk, buffer_bytes, buffer_bytes)
        return whole
    group_bytes = buffer_bytes // 2
    sizes = table.chunk_sizes(group_bytes // _CHUNKS_PER_GROUP)
    largest = int(sizes.max()) * (table.row_bytes + INDEX_BYTES)
    row = int(sizes[: sizes.argmax()].sum())
    _check_chunk(table.where(row), largest, group_bytes, buffer_bytes)
    return Order(sizes, group_bytes // largest if key is not None else 1, key)


def _check_chunk(where: str, n_bytes: int, most: int, buffer_bytes: int) -> None:
    """See that what a file stores together fits into its share of the buffer."""
    if n_bytes > most:
        raise DataError(
            f"{where}: one chunk of the file takes {n_bytes / _MIB:.1f} MiB, too much for "
            f"buffer_bytes ({buffer_bytes / _MIB:.1f} MiB)\n"
            f"  set buffer_bytes to {2 * n_bytes} or more, or store the file in smaller chunks"
        )
