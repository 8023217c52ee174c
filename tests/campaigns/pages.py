"""Puts what a campaign has to say into a page, between two markers of its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def put_into_page(page: Path, name: str, lines: Sequence[str]) -> None:
    """Replace what stands between ``<!-- figures of NAME -->`` and ``<!-- end of NAME -->``.

    Raises:
        SystemExit: If the page has no such markers.
    """
    begin, end = f"<!-- figures of {name} -->\n", f"<!-- end of {name} -->\n"
    before, found, rest = page.read_text("utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise SystemExit(f"{page}: has no lines '{begin.strip()}' and '{end.strip()}'")
    page.write_text(before + begin + "\n" + "\n".join(lines) + "\n\n" + end + after, "utf-8")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table of Markdown."""
    line = "| {} |".format
    return [
        line(" | ".join(headings)),
        "|" + "---|" * len(headings),
        *(line(" | ".join(row)) for row in rows),
    ]
