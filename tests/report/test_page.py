"""A page that needs nothing else."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from graphnet.draw.shapes import Picture
from graphnet.draw.theme import THEME
from graphnet.report.page import (
    GENERATOR,
    Section,
    data_table,
    facts_table,
    figure,
    folded,
    note,
    page,
)


class Elements(HTMLParser):
    """Every element with its attributes; and whether each is closed."""

    EMPTY = ("meta", "link", "br", "rect", "image", "polyline", "circle", "path")

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note it."""
        self.found.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Note it."""
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """It closes the one that was opened last."""
        assert self.open.pop() == tag


HOSTILE = '<script>alert("x")</script> & "quoted"'


def whole():
    body = "".join(
        [
            facts_table(HOSTILE, [(HOSTILE, HOSTILE)]),
            data_table(HOSTILE, ["a", ">n"], [(HOSTILE, "1")]),
            figure(Picture(10, 10, HOSTILE, []), HOSTILE),
            note(f"{HOSTILE}\n{HOSTILE}"),
            folded(HOSTILE, HOSTILE),
        ]
    )
    return page(HOSTILE, "<p>lead</p>", [Section("a", HOSTILE, body), Section("b", "B", "")], "end")


def test_texts_are_texts():
    """No element comes of what a file or a layer is called."""
    found = Elements(whole())
    assert not found.open
    assert "script" not in {tag for tag, _ in found.found}


def test_it_can_be_walked_through_without_seeing_it():
    """Language, one heading above all, named regions, headings of rows and columns."""
    found = Elements(whole()).found
    tags = [tag for tag, _ in found]
    assert ("html", {"lang": "en"}) in found
    assert tags.count("h1") == tags.count("main") == tags.count("nav") == 1
    names = {attrs.get("id") for _, attrs in found}
    for tag, attrs in found:
        if tag == "th":
            assert attrs["scope"] in ("row", "col")
        if tag == "svg":
            assert attrs["role"] == "img"
        if attrs.get("role") == "region":
            assert attrs["aria-label"]
        if "aria-labelledby" in attrs:
            assert attrs["aria-labelledby"] in names
        if attrs.get("href", "").startswith("#"):
            assert attrs["href"][1:] in names


def test_a_section_without_a_body_is_left_out():
    """And its link."""
    assert 'href="#b"' not in whole()


def test_a_report_is_known_by_its_beginning():
    """So that the next may take its place."""
    assert GENERATOR in whole()[:500]


def test_it_asks_for_nothing():
    """Whatever is loaded lies in it."""
    for tag, attrs in Elements(whole()).found:
        for key in ("src", "href", "srcset", "data", "poster"):
            assert attrs.get(key, "#").startswith(("#", "data:")), (tag, attrs)
    assert "url(" not in whole()
    assert "@import" not in whole()


def luminance(colour):
    """Relative luminance by WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("side", ["light", "dark"])
def test_texts_of_the_page_can_be_read(side):
    """A contrast of 4.5 to 1 for every text, marks of a scatter too."""
    import re

    text = whole()
    first, second = re.findall(r"--page:(#\w{6});--ink:(#\w{6});--muted:(#\w{6});", text)
    page_, *inks = first if side == "light" else second
    links = re.findall(r"--link:(#\w{6})", text)
    inks.append(links[0] if side == "light" else links[1])
    inks += [getattr(both, side).fill for name, both in THEME.items() if name.startswith("mark")]
    for ink in inks:
        high, low = sorted((luminance(ink), luminance(page_)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, ink
