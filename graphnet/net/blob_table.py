"""The blobs of a net by name, for those who read them while or after it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphnet.blob import Array, Blob
from graphnet.errors import UnknownNameError
from graphnet.named import Named
from graphnet.net.passes_done import PassesDone


class SeenBlob(Blob):
    """A blob as its net's user sees it: a diff that is not there yet cannot be read.

    Args:
        blob: What the layers are bound to.
        passes: Of the net.
    """

    _blob: Blob
    _passes: PassesDone

    def __init__(self, blob: Blob, passes: PassesDone) -> None:
        vars(self).update(name=blob.name, _blob=blob, _passes=passes)

    @property
    def subject(self) -> str:
        """What a message calls it."""
        return f"the blob '{self.name}'"

    @property
    def data(self) -> Array:  # type: ignore[override]  # Blob.__setattr__ assigns it
        """The values."""
        return self._blob.data

    @property
    def diff(self) -> Any:
        """Their gradient, of the last forward; None where none is wanted."""
        if self._blob.diff is not None:
            self._passes.check_backward(self.name)
        return self._blob.diff


class BlobTable(Named[Blob]):
    """The blobs that can be read, by name.

    Raises:
        UnknownNameError: On reading one that is not there or not kept.
    """

    def __init__(
        self, blobs: Mapping[str, Blob], not_kept: frozenset[str], passes: PassesDone
    ) -> None:
        self._not_kept = not_kept
        seen = {
            name: SeenBlob(blob, passes) for name, blob in blobs.items() if name not in not_kept
        }
        super().__init__("blob", seen, "copy values into one: net.blobs[name].data = values")

    def unknown(self, name: object) -> UnknownNameError:
        """The error that says why there is nothing of this name to be read."""
        if name in self._not_kept:
            return UnknownNameError(
                f"the blob '{name}' is not kept: its memory is used again, or nothing computes it\n"
                f'  load the net with keep="all", or with keep=["{name}"]'
            )
        error = super().unknown(name)
        if not self._not_kept:
            return error
        hidden = ", ".join(sorted(self._not_kept))
        return UnknownNameError(f"{error}\n  not kept, so that they cannot be read: {hidden}")
