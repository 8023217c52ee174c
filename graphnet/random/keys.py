"""Keys: what a stream of random numbers is for, as 128 bits."""

from __future__ import annotations

import hashlib


def stream_key(seed: int, purpose: str) -> int:
    """The 128-bit Philox key of one purpose (``init/ip1/weight``, ``drop1``) under a seed."""
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=16).digest()
    return int.from_bytes(digest, "little")
