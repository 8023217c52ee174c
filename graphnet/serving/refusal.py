"""Refusal: why a request is not answered, as a status of HTTP and a sentence."""

from __future__ import annotations


class RefusalError(Exception):
    """A request that is wrong, or cannot be served now.

    Attributes:
        status: Of HTTP: 400 for what cannot be read, 422 for what does not fit the net, 413 for too
            much.

    Args:
        status: Of HTTP.
        message: What was found, and what was expected.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
