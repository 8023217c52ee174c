"""The blobs of a net by name, for those who read them while or after it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphnet.blob import Blob
from graphnet.errors import GraphnetError


class BlobTable(Mapping[str, Blob]):
    """The blobs by name, as the user's readers see them.

    Raises:
        GraphnetError: On reading one that is not kept.
    """

    def __init__(self, blobs: Mapping[str, Blob], not_kept: frozenset[str]) -> None:
        self._blobs, self._not_kept = blobs, not_kept

    def __getitem__(self, name: str) -> Blob:
        if name in self._not_kept:
            raise GraphnetError(
                f"the blob '{name}' is not kept: the net saves the memory or the work for it\n"
                f'  load the net with keep="all", or with keep=["{name}"]'
            )
        if name not in self._blobs:
            raise KeyError(f"there is no blob '{name}'; there is: {', '.join(self._blobs)}")
        return self._blobs[name]

    def __contains__(self, name: object) -> bool:
        return name in self._blobs

    def __iter__(self) -> Iterator[str]:
        return iter(self._blobs)

    def __len__(self) -> int:
        return len(self._blobs)
