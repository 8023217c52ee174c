"""PassesDone: which passes a net has run, and so what its memory holds."""

from __future__ import annotations

from graphnet.errors import GraphnetError
from graphnet.layers.base import Phase


class PassesDone:
    """Flags that a net sets and readers of its memory look at.

    Before the first pass, diffs that can be read are NaN.

    Attributes:
        has_run: Whether there has been any pass, so that diffs may hold other things.
        has_forward: Whether the blobs are those of a forward that no backward has followed.
        has_backward: Whether the diffs are those of the last forward.

    Args:
        net: Its name, for messages.
        phase: Its phase.
    """

    __slots__ = ("_net", "_phase", "has_backward", "has_forward", "has_run")

    def __init__(self, net: str, phase: Phase) -> None:
        self._net, self._phase = net, phase
        self.has_run = self.has_forward = self.has_backward = False

    def forget(self) -> None:
        """The memory holds nothing that was asked for."""
        self.has_run, self.has_forward, self.has_backward = True, False, False

    def begin_backward(self) -> None:
        """A backward begins, which may write over what forward has left.

        Raises:
            GraphnetError: If there is nothing it could start from.
        """
        if self._phase == "test":
            raise GraphnetError(
                f"net '{self._net}' is of phase test, in which there are no gradients\n"
                '  load it with phase="train" for backward()'
            )
        if not self.has_forward:
            raise GraphnetError(
                f"net '{self._net}': backward() needs a forward() before it, each time\n"
                "  it starts from the blobs that forward() has left, and writes over them"
            )
        self.has_forward = self.has_backward = False

    def check_backward(self, blob: str) -> None:
        """See that a blob's diff is there.

        Raises:
            GraphnetError: If it is not.
        """
        if self.has_run and not self.has_backward:
            raise GraphnetError(
                f"the blob '{blob}' has no diff yet: no backward() has followed the last forward()"
            )
