"""CSVLog: what was recorded as a table of text, for spreadsheets."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from graphnet.errors import SpecError
from graphnet.files.bounds import check_write
from graphnet.files.paths import shown
from graphnet.files.reading import open_regular
from graphnet.files.writing import explained, write_durably
from graphnet.solver.coffee.base import CoffeeBreak, nothing
from graphnet.solver.coffee.items import checked
from graphnet.solver.history import History
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.record.statistics_file import ADVICE
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet

_FIRST = "iter"


@checked
class CSVLog(CoffeeBreak):
    """Writes all that coffee breaks have recorded into a CSV file: a row for each iteration.

    The file is written anew each time, beside and renamed, so that it is whole at any moment, and
    after a resume what it would be without one. A value that was not recorded at an iteration is
    an empty cell; numbers have all their digits.

    Args:
        file: Where it is written. Default: ``log.csv`` in the run's directory.

    Example:
        - {type: CSVLog, every_n_epoch: 1}
    """

    records = nothing

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self._path: Path | None = None

    def open(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """See that the file may be written.

        Raises:
            SpecError: If there is no place for it, or it is something else.
        """
        if self.file is None and state.run.folder is None:
            raise SpecError("it needs a place\n  give it a file, or the solver an exp_dir")
        path = self.file or Path(str(state.run.folder), "log.csv")
        if path.exists():
            with explained(path, ADVICE), open_regular(path) as file:
                begin = file.read(len(_FIRST))
            if begin not in (b"", _FIRST.encode()):
                raise SpecError(
                    f"{shown(path)}: is no log of a run, and would be lost\n  choose another file"
                )
        self._path = path  # close() writes to it, too

    def enjoy(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        self._write(lounge)

    def close(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Write what has been recorded since."""
        self._write(lounge)
        self._path = None

    def _write(self, lounge: CoffeeLounge) -> None:
        if self._path is not None:
            check_write(self._path)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(self._path, csv_text(lounge.history()).encode(), ADVICE)


def csv_text(history: History) -> str:
    """The table: ``iter`` and a column for each key, in the order they were first recorded."""
    columns = [dict(zip(i.tolist(), v.tolist(), strict=True)) for i, v in history.values()]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([_FIRST, *history])
    for at in sorted({iteration for column in columns for iteration in column}):
        writer.writerow([at, *(column.get(at, "") for column in columns)])
    return file.getvalue()
