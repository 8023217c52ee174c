"""Sources one after the other."""

from __future__ import annotations

import numpy as np

from graphnet.inference.rows.block import Place, RowBlock, Several


class One:
    """A source of one block."""

    def __init__(self, name, n, *, is_known=True):
        self.name, self.n_rows, self.notes = name, n if is_known else None, [f"note {n}"]
        self.n = n

    def blocks(self, size):
        """It."""
        yield RowBlock({"x": np.zeros((self.n, 2))}, [Place(self.name, self.name)] * self.n)


def test_rows_come_one_source_after_the_other():
    """How many is known where each source knows; notes are said once."""
    found = Several([One("a", 2), One("b", 3), One("c", 2)])
    assert found.n_rows == 7
    assert [[p.file for p in block.places] for block in found.blocks(10)] == [
        ["a"] * 2,
        ["b"] * 3,
        ["c"] * 2,
    ]
    assert found.notes == ["note 2", "note 3"]
    assert Several([One("a", 2), One("b", 3, is_known=False)]).n_rows is None
