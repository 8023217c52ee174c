"""Tables of text: for the terminal, and as Markdown for the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows.

    Attributes:
        key: Of its place in a document.
        title: What it shows.
        header: Of the columns.
        rows: Cells as text.
        notes: What stands below.
    """

    key: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def text(self) -> str:
        """Aligned columns for a terminal."""
        lines = [self.header, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.header))]
        aligned = [
            "  ".join(
                cell.rjust(width) if i else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.title, aligned[0], "-" * len(aligned[0]), *aligned[1:], *self.notes])

    def markdown(self) -> str:
        """A table of GitHub's Markdown, numbers to the right."""
        rule = "|---" + "|---:" * (len(self.header) - 1) + "|"
        lines = [f"| {' | '.join(line)} |" for line in (self.header, *self.rows)]
        below = [text for note in self.notes for text in ("", note)]
        return "\n".join([lines[0], rule, *lines[1:], *below])


def replace_blocks(text: str, blocks: dict[str, str]) -> str:
    """A document with the contents of its marked blocks replaced.

    A block stands between ``<!-- measured: KEY -->`` and ``<!-- end -->``.

    Args:
        text: Of the document.
        blocks: New contents by key; blocks of other keys stay as they are.

    Raises:
        ValueError: If a key has no block in the document.
    """
    for key, content in blocks.items():
        begin, end = f"<!-- measured: {key} -->\n", "<!-- end -->"
        before, begun, rest = text.partition(begin)
        _, ended, after = rest.partition(end)
        if not (begun and ended):
            raise ValueError(f"the document has no block '{begin.strip()}'")
        text = f"{before}{begin}\n{content}\n\n{end}{after}"
    return text


def write_document(path: Path, blocks: dict[str, str]) -> None:
    """Replace the marked blocks of a file."""
    path.write_text(replace_blocks(path.read_text("utf-8"), blocks), "utf-8")
