"""What examiners have in common."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.inference.examination import examiner
from graphnet.inference.examination.examiner import Kept


def test_rows_are_kept_while_they_are_few(monkeypatch):
    """Copies of them; then none of them."""
    monkeypatch.setattr(examiner, "MOST_KEPT", 6)
    kept, rows = Kept(), np.zeros((2, 2))
    kept.add(rows)
    rows[:] = 1
    kept.add(rows[:1])
    assert kept.is_whole
    assert kept.all().tolist() == [[0, 0], [0, 0], [1, 1]]
    kept.add(rows[:1])
    assert not kept.is_whole
    with pytest.raises(ValueError, match="need at least one array"):
        kept.all()
