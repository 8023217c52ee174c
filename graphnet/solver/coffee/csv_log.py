"""CSVLog: what was recorded as a table of text, for spreadsheets."""

from __future__ import annotations

from pathlib import Path

from graphnet.errors import SpecError
from graphnet.files.bounds import check_write
from graphnet.files.paths import shown
from graphnet.files.reading import open_regular
from graphnet.files.writing import explained
from graphnet.solver.coffee.base import CoffeeBreak, nothing
from graphnet.solver.coffee.items import checked
from graphnet.solver.history import History
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.record.csv_table import FIRST, CSVTable
from graphnet.solver.record.statistics_file import ADVICE
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet


@checked
class CSVLog(CoffeeBreak):
    """Writes all that coffee breaks have recorded into a CSV file: a row for each iteration.

    Rows are added at its end; the file is written anew, beside and renamed, at a start, for a new
    column, and where it is no longer as it was left: moved, removed, emptied. The folder of a
    ``file`` is then made again, too; the run's directory is not: a run ends with it. After a resume
    the file is what it would be without one. A value that was not recorded at an iteration is an
    empty cell; numbers have all their digits.

    Args:
        file: Where it is written. Default: ``log.csv`` in the run's directory.

    Example:
        - {type: CSVLog, every_n_epoch: 1}
    """

    records = nothing

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self._path: Path | None = None
        self._table: CSVTable | None = None
        self._position = 0

    def open(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """See that the file may be written.

        Raises:
            SpecError: If there is no place for it, or it is something else.
        """
        if self.file is None and state.run.folder is None:
            raise SpecError("it needs a place\n  give it a file, or the solver an exp_dir")
        path = self.file or Path(str(state.run.folder), "log.csv")
        _refuse_other(path)
        self._path, self._table = path, None  # close() writes to it, too

    def enjoy(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Write what has been recorded since.

        Raises:
            SpecError: If another file has come in the place of the log.
        """
        self._write(state, lounge)

    def close(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Write what has been recorded since.

        Raises:
            SpecError: If another file has come in the place of the log.
        """
        try:
            self._write(state, lounge)
            if self._table is not None:
                self._table.sync()
        finally:
            self._path = self._table = None

    def _write(self, state: SolverState, lounge: CoffeeLounge) -> None:
        if self._path is None:
            return
        table, self._table = self._table, None  # if that fails, all is written the next time
        if table is not None:
            since, self._position = lounge.recorded_since(self._position)
            if table.add(since):
                self._table = table
                return
        if self.file is None:
            state.run.look()
        _refuse_other(self._path)
        check_write(self._path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        found, self._position = lounge.recorded_since(0)
        self._table = CSVTable(self._path, History.of(found))


def _refuse_other(path: Path) -> None:
    """Refuse a file that is there and is no such table.

    Raises:
        SpecError: Then.
    """
    if path.exists():
        with explained(path, ADVICE), open_regular(path) as file:
            begin = file.read(len(FIRST))
        if begin not in (b"", FIRST.encode()):
            raise SpecError(
                f"{shown(path)}: is no log of a run, and would be lost\n  choose another file"
            )
