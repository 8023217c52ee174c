"""load_history: what a run has recorded, read from its files."""

from __future__ import annotations

from pathlib import Path

from graphnet.declare.arguments import expect_path
from graphnet.errors import SnapshotError
from graphnet.files.paths import shown
from graphnet.solver.history import History
from graphnet.solver.record.claim import STATISTICS
from graphnet.solver.record.statistics_file import columns_in


def load_history(run: Path | str) -> History:
    """What a run has recorded, from its directory or a statistics file.

    Values that were recorded again, as after a resume, count once: the last.

    Raises:
        SnapshotError: If there is no such file, or it cannot be read.

    Example:
        >>> solver = gn.load_solver({"max_iter": 20, "exp_dir": "run"})
        >>> solver.add_coffee_break(gn.TrainingSummary(), every_n_iter=10)
        >>> state = gn.solve(solver, gn.load_net("iris/net.yaml"))
        iter     10  epoch   1  obj_val ...
        finished at iteration 20, epoch 2 (run)
        >>> gn.load_history("run")["obj_val"].iters
        array([10, 20])
    """
    expect_path("load_history: run", run, call="load_history(RUN)")
    path = Path(run)
    file = path / STATISTICS if path.is_dir() else path
    try:
        return History.of(columns_in(file))
    except OSError as error:
        raise SnapshotError(
            f"{shown(file)}: {error.strerror or error}\n"
            "  give a run's directory, the exp_dir of its solver, or a statistics file"
        ) from error
