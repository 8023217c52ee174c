"""One file from the network, with a time-out and a progress callback."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeAlias

from graphnet.errors import DataError

CONNECT_TIMEOUT_S = 10.0
_BLOCK = 1 << 16


#: Told how a download goes: the name of the file, how many of its bytes are here, and how many it
#: has; 0 if that is unknown.
ProgressCallback: TypeAlias = Callable[[str, int, int], None]


def is_offline(offline: bool = False) -> bool:
    """Whether downloads are off: by argument, or by ``GRAPHNET_OFFLINE`` (anything but 0)."""
    return offline or os.environ.get("GRAPHNET_OFFLINE", "0") not in ("", "0")


def download(url: str, *, limit: int, progress: ProgressCallback | None = None) -> bytes:
    """The content of ``url``, at most ``limit`` bytes; ``progress`` is told after every block."""
    import http.client  # these bring TLS, and take a tenth of a start
    import urllib.error
    import urllib.request

    what = url.rsplit("/", 1)[-1]
    request = urllib.request.Request(url, headers={"User-Agent": "graphnet"})  # noqa: S310 - no user input
    blocks: list[bytes] = []
    done = 0
    try:
        with urllib.request.urlopen(request, timeout=CONNECT_TIMEOUT_S) as response:  # noqa: S310 - as above
            total = int(response.headers.get("Content-Length") or 0)
            while block := response.read(_BLOCK):
                blocks.append(block)
                done += len(block)
                if done > limit:
                    raise DataError(f"{url} is larger than the {limit} bytes expected")
                if progress is not None:
                    progress(what, done, total)
    except urllib.error.URLError as error:
        reason = f"HTTP {error.code}" if isinstance(error, urllib.error.HTTPError) else error.reason
        raise DataError(f"{url}: {_plain(reason)}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DataError(f"{url}: {_plain(error)}") from error
    if total and done < total:
        raise DataError(f"{url}: the connection closed after {done} of {total} bytes")
    return b"".join(blocks)


def _plain(reason: object) -> str:
    """What the system says, without its number."""
    return str(getattr(reason, "strerror", None) or reason)
