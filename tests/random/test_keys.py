"""Tests of graphnet.random.keys."""

from graphnet.random.keys import stream_key


def test_stream_keys():
    """The same on every machine and in every version, another for every seed and purpose."""
    assert stream_key(0, "drop1") == 0x0751990801017D5C3CF193A4F21BA935
    keys = {stream_key(s, p) for s in range(20) for p in ("init/a/weight", "drop1", "shuffle")}
    assert len(keys) == 60
    assert max(keys).bit_length() in range(120, 129)
