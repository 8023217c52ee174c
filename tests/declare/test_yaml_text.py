"""The text of a YAML file."""

from pathlib import Path

import pytest

from graphnet.declare.yaml_text import decoded, too_much
from graphnet.errors import SpecError

FILE = Path("net.yaml")


def test_encodings():
    """UTF-8 with and without a mark, and UTF-16 with one."""
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert decoded("naïve: 1\n".encode(encoding), FILE) == "naïve: 1\n"


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"a: 1\nb: \xff\n", r"^net\.yaml:2:4: the file is not UTF-8 text\n  save it as UTF-8"),
        (b"\0\xff", r"is it a binary file\?"),
        (b"\x89HDF\r\n\x1a\n", r"this is an HDF5 file, not YAML"),
    ],
)
def test_what_is_no_text(data, match):
    """With its place."""
    with pytest.raises(SpecError, match=match):
        decoded(data, FILE)


def test_too_much():
    """What was found, and what is allowed."""
    assert too_much("5 values", 4000, "a.yaml").startswith("a.yaml: 5 values, expected 4,000 at")
    assert too_much("5 values", 4).startswith("5 values")
