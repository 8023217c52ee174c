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
        has_gradients: Whether any of its layers runs backward.
    """

    __slots__ = ("_has_gradients", "_net", "_phase", "has_backward", "has_forward", "has_run")

    def __init__(self, net: str, phase: Phase, *, has_gradients: bool) -> None:
        self._net, self._phase, self._has_gradients = net, phase, has_gradients
        self.has_run = self.has_forward = self.has_backward = False

    def forget(self) -> None:
        """The memory holds nothing that was asked for."""
        self.has_run, self.has_forward, self.has_backward = True, False, False

    def begin_backward(self) -> None:
        """A backward begins, which may write over what forward has left.

        Raises:
            GraphnetError: If there is nothing it could start from.
        """
        if self.has_forward and self._has_gradients:
            self.has_forward = self.has_backward = False
            return
        if self._has_gradients:
            why = (
                "backward() needs a forward() before it, each time\n"
                "  it starts from the blobs that forward() has left, and writes over them"
            )
        elif self._phase == "test":
            why = 'phase test has no gradients\n  load it with phase="train" for backward()'
        else:
            why = (
                "backward() has nothing to do, for no loss depends on a param that learns\n"
                "  add a loss layer, or a layer with params that are not frozen"
            )
        raise GraphnetError(f"net '{self._net}': {why}")

    def check_backward(self, blob: str) -> None:
        """See that a blob's diff is there.

        Raises:
            GraphnetError: If it is not.
        """
        if self.has_run and not self.has_backward:
            raise GraphnetError(
                f"the blob '{blob}' has no diff yet: no backward() has followed the last forward()"
            )
