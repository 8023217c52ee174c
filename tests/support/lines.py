# ruff: noqa: D102  # the protocol it follows says what each method does
"""A reporter for tests."""

from __future__ import annotations


class Lines:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.steps = 0
        self.progress = None

    def line(self, text: str) -> None:
        self.lines.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def start(self, progress: object) -> None:
        self.progress = progress

    def step(self) -> None:
        self.steps += 1

    def finish(self) -> None:
        self.steps = -self.steps
