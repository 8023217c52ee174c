"""Tests of graphnet.draw.html."""

from draw.test_svg import one

from graphnet.draw.html import html


def test_a_page():
    """One file, its title escaped, with the picture in it and nothing fetched."""
    page = html(one("<b>"))
    assert "<title>The net &lt;b&gt;</title>" in page
    assert page.count("<svg") == 1
    assert "prefers-color-scheme:dark" in page
    assert "src=" not in page
    assert "<script" not in page
