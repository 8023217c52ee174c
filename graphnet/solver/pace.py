"""How fast a run goes, and what a progress line says of it."""

from __future__ import annotations

from collections import deque

from graphnet.amounts import seconds_text
from graphnet.solver.reporter import RunProgress

_WINDOW_S = 10.0  # speed is measured over the last of these


class Speed:
    """Iterations per second over the last few seconds."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def at(self, now: float, iteration: int) -> float:
        """The speed, now that so many iterations are done; 0 before there is one."""
        self._marks.append((now, iteration))
        while now - self._marks[0][0] > _WINDOW_S and len(self._marks) > 2:  # noqa: PLR2004
            self._marks.popleft()
        (start, first), seconds = self._marks[0], now - self._marks[0][0]
        return (iteration - first) / seconds if seconds > 0 and start < now else 0.0


def progress_texts(progress: RunProgress, speed: float) -> dict[str, str]:
    """The parts of a progress line."""
    state, last = progress.state, progress.last_iter
    left = (last - state.iter) / speed if last is not None and speed > 0 else None
    return {
        "iter": f"iter {state.iter:,}" + (f"/{last:,}" if last is not None else ""),
        "loss": f"loss {state.obj_val:.4g}",
        "lr": f"lr {state.lr:.4g}",
        "speed": f"{speed * progress.samples_per_iter:,.0f} samples/s",
        "left": f"{seconds_text(left)} left" if left is not None else "",
    }
