"""Tests of graphnet.draw.svg."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from graphnet.draw.layered.layout import Point
from graphnet.draw.shapes import Group, Line, Picture, Rect, Text
from graphnet.draw.svg import svg

SVG = "{http://www.w3.org/2000/svg}"


def one(name="conv1", hint="", link=""):
    """A picture of one box and one edge."""
    box = [Rect(1, 2, 30, 20, "images", radius=4, is_dashed=True), Text(4, 14, name, 11, "ink")]
    line = Line([Point(0, 0), Point(0, 5), Point(9, 15), Point(9, 20)], "wire", has_arrow=True)
    groups = [Group("edge", "a b", [line]), Group("layer", name, box, hint, link)]
    return Picture(50, 40, f"The net {name}", groups)


def test_what_it_consists_of():
    """A title, groups with names, text as text."""
    root = ET.fromstring(svg(one(hint="what it does")))  # noqa: S314  # our own
    assert root.get("viewBox") == "0 0 50 40"
    assert root.find(f"{SVG}title").text == "The net conv1"
    layer = root.find(f"{SVG}g[@class='layer']")
    assert layer.get("data-name") == "conv1"
    assert layer.find(f"{SVG}title").text == "what it does"
    assert layer.find(f"{SVG}text").text == "conv1"
    assert layer.find(f"{SVG}rect").get("stroke-dasharray")
    edge = root.find(f"{SVG}g[@class='edge']")
    assert [p.get("d") for p in edge.findall(f"{SVG}path")] == [
        "M0 0L0 5C0 10 9 10 9 15L9 14",
        "M9 20L5.8 13L12.2 13Z",
    ]


@given(st.text(), st.text(), st.text())
def test_any_text_is_valid(name, hint, link):
    """Whatever a layer is called."""
    root = ET.fromstring(svg(one(name, hint, link)))  # noqa: S314  # likewise
    assert root.find(f"{SVG}g[@class='layer']") is not None


def test_it_fetches_nothing():
    """No address but that of the format itself, and no script."""
    text = svg(one()).replace("http://www.w3.org/2000/svg", "")
    assert not any(word in text for word in ("http", "url(", "@import", "<script", "<image"))
    assert "prefers-color-scheme:dark" in text


def test_without_a_background():
    """Where the page has its own."""
    assert 'class="page"' in svg(one())
    assert 'class="page"' not in svg(one(), has_background=False)


def test_links():
    """Lead where they are said to."""
    assert '<a href="layers.html#a&amp;b">' in svg(one(link="layers.html#a&b"))
