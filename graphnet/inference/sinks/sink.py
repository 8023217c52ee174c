"""What predictions are written to."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from types import TracebackType

from graphnet.inference.predictions import Predicted


class Sink(AbstractContextManager["Sink"]):
    """Takes predictions block after block; as a file it gets its name when the ``with`` block ends.

    If the block raises, nothing is left of it.
    """

    @abstractmethod
    def write(self, predicted: Predicted) -> None:
        """Take some rows."""

    def finish(self) -> None:
        """All rows have come."""

    def discard(self) -> None:
        """Leave nothing, unless it is finished."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self.discard()
