"""Downloads, from a server on this machine."""

import pytest
from support.file_server import file_server

from graphnet.data.sets.download import download, is_offline
from graphnet.errors import DataError

CONTENT = bytes(range(256)) * 1000


def test_content_and_progress():
    """The content arrives, and the callback follows it to its end."""
    told = []
    with file_server({"/a/file.gz": CONTENT}) as url:
        found = download(f"{url}/a/file.gz", limit=10**6, progress=lambda *a: told.append(a))
    assert found == CONTENT
    assert {(what, total) for what, _, total in told} == {("file.gz", len(CONTENT))}
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1][1] == len(CONTENT)


def test_failures():
    """What went wrong is said with the address."""
    with file_server({"/big": CONTENT}) as url:
        with pytest.raises(DataError, match=f"^{url}/nope: HTTP 404$"):
            download(f"{url}/nope", limit=10)
        with pytest.raises(DataError, match=f"^{url}/big is larger than the 1000 bytes expected$"):
            download(f"{url}/big", limit=1000)
    with pytest.raises(DataError, match=f"^{url}/big: .*refused"):
        download(f"{url}/big", limit=1000)


def test_cut_short():
    """A connection that ends too early is noticed."""
    with (
        file_server({"/a": CONTENT}, announced=len(CONTENT) + 1) as url,
        pytest.raises(DataError, match="the connection closed after 256000 of 256001 bytes"),
    ):
        download(f"{url}/a", limit=10**6)


@pytest.mark.parametrize(
    ("value", "off"), [(None, False), ("", False), ("0", False), ("1", True), ("yes", True)]
)
def test_is_offline(monkeypatch, value, off):
    """Downloads are off by argument or by environment."""
    monkeypatch.delenv("GRAPHNET_OFFLINE", raising=False)
    if value is not None:
        monkeypatch.setenv("GRAPHNET_OFFLINE", value)
    assert is_offline() is off
    assert is_offline(offline=True) is True
