"""Statistics of a run without a file."""

from graphnet.solver.history import GrowingCurve
from graphnet.solver.record.recorded_in_memory import RecordedInMemory
from graphnet.solver.record.statistics_file import Recorded


def as_dicts(found):
    return {key: column.by_iter() for key, column in found.items()}


def test_it_is_read_as_a_file_is():
    """From any position on; what was there before comes first."""
    before = GrowingCurve()
    before.add(3, 0.5)
    records = RecordedInMemory({"accuracy": before})
    records.append(Recorded(4, "loss", 1.5))
    found, position = records.read_from(0)
    assert (as_dicts(found), position) == ({"accuracy": {3: 0.5}, "loss": {4: 1.5}}, 2)
    records.append(Recorded(5, "accuracy", 0.75))
    found, position = records.read_from(position)
    assert (as_dicts(found), position) == ({"accuracy": {5: 0.75}}, 3)
    assert records.read_from(position) == ({}, 3)
    records.flush()
    assert records.sync() == 0
