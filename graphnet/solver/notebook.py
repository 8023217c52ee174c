"""Progress in a notebook: a bar below the cell that moves while a net is trained."""

from __future__ import annotations

import sys
from html import escape
from time import perf_counter
from typing import Any

from graphnet.readable import fitted
from graphnet.solver.pace import Speed, progress_texts
from graphnet.solver.reporter import PlainReporter, RunProgress

_REFRESH_S = 0.5
#: Class names of the shells that show HTML.
_SHELLS = ("ZMQInteractiveShell", "Shell")  # Jupyter's and Colab's


def in_notebook() -> bool:
    """Whether this runs in a notebook that can show HTML."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ in _SHELLS


class NotebookReporter(PlainReporter):
    """Prints lines as they come, and shows a bar with iteration, loss, rate and time left.

    Where IPython cannot be imported, lines are all there is.
    """

    def __init__(self) -> None:
        super().__init__()
        self._progress: RunProgress | None = None
        self._speed = Speed()
        self._shown: Any = None
        self._drawn_at = 0.0

    def start(self, progress: RunProgress) -> None:
        """Show the bar."""
        try:
            from IPython.display import HTML, display
        except ImportError:
            return
        self._progress = progress
        now = self._drawn_at = perf_counter()
        self._html = HTML
        self._shown = display(HTML(self._bar(progress, now)), display_id=True)

    def step(self) -> None:
        """Move it, twice a second."""
        if self._progress is None:
            return
        now = perf_counter()
        if now - self._drawn_at >= _REFRESH_S:
            self._draw(self._progress, now)

    def finish(self) -> None:
        """Leave it as the loop has ended."""
        if self._progress is not None:
            self._draw(self._progress, perf_counter())

    def _draw(self, progress: RunProgress, now: float) -> None:
        self._drawn_at = now
        if self._shown is not None:
            self._shown.update(self._html(self._bar(progress, now)))

    def _bar(self, progress: RunProgress, now: float) -> str:
        """An element of HTML that screen readers know as progress, and the text beside it."""
        state, last = progress.state, progress.last_iter
        text = escape(fitted(progress_texts(progress, self._speed.at(now, state.iter)), None))
        if last is None:
            return f"<div>{text}</div>"
        bar = f'<progress max="{last}" value="{state.iter}" aria-label="training"></progress>'
        return f"<div>{bar} {text}</div>"
