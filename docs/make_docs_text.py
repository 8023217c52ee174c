# ruff: noqa: INP001  # a script, not a module of a package
"""Writes the text that nets/char-rnn.yaml learns from, out of this repository's documentation.

Run it from the root of the repository: ``python docs/make_docs_text.py``. It is not run after
every change: the text is a data set, and what was measured on it stays comparable.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from graphnet.data.sets.docs_text import FILE, LENGTH, plain

DOCS = Path(__file__).parent
SOURCES = (
    DOCS.parent / "README.md",
    DOCS / "architecture.md",
    DOCS.parent / "CONTRIBUTING.md",
    *sorted((DOCS / "decisions").glob("*.md")),
    DOCS / "layers.md",
)


def main() -> None:
    """Write the file; the same bytes from the same documentation."""
    text = plain("\n".join(path.read_text("utf-8") for path in SOURCES))
    if len(text) < LENGTH:
        raise SystemExit(f"the documentation has {len(text)} characters, expected {LENGTH}")
    FILE.write_bytes(gzip.compress(text[:LENGTH].encode("ascii"), mtime=0))


if __name__ == "__main__":
    main()
