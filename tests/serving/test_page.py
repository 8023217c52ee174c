"""The page, in a browser: what is drawn moves the probabilities; nothing outside is asked for."""

from __future__ import annotations

import io

import numpy as np
import pytest
from support.browser import opened


@pytest.fixture(name="page")
def _page(client):
    """A page of a browser without a window, and the addresses it has asked for."""
    with opened(f"http://127.0.0.1:{client.port}/") as (page, asked):
        page.wait_for_selector("#bars .bar")
        yield page, asked


def numbers(page):
    """What the bars show."""
    return [float(n) for n in page.locator("#bars .bar span:last-child").all_inner_texts() if n]


def draw(page, *points):
    """Strokes through these places of the canvas."""
    box = page.locator("#drawing").bounding_box()
    page.mouse.move(box["x"] + points[0][0], box["y"] + points[0][1])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=5)
    page.mouse.up()


def test_drawing_moves_the_probabilities(page):
    """Ten bars that add up to 1; another stroke, other numbers; clearing empties them."""
    page, asked = page
    draw(page, (140, 40), (140, 240))
    page.wait_for_selector(".bar.best")
    page.wait_for_load_state("networkidle")
    first = numbers(page)
    assert len(first) == 10
    assert sum(first) == pytest.approx(1, abs=0.01)
    draw(page, (60, 60), (220, 60), (100, 240))
    page.wait_for_load_state("networkidle")
    page.wait_for_function(
        f"document.querySelector('#bars').innerText.length > 0 && {first[0]} !== NaN"
    )
    assert numbers(page) != first
    assert sum("/predict" in url for url in asked) > 2
    page.click("#clear")
    assert numbers(page) == []


def test_a_picture_is_shown_and_predicted(page, client, tmp_path):
    """As ``POST /predict`` of the same file."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    page, _ = page
    values = np.random.default_rng(1).integers(0, 256, (28, 28), dtype=np.uint8)
    stream = io.BytesIO()
    image.fromarray(values).save(stream, "PNG")
    (tmp_path / "a.png").write_bytes(stream.getvalue())
    page.set_input_files("#file", tmp_path / "a.png")
    page.wait_for_selector(".bar.best")
    _, said = client.predict(stream.getvalue(), Content_Type="image/png")
    assert numbers(page) == pytest.approx(said["outputs"]["prob"][0], abs=0.001)


def test_the_description_needs_nothing_outside(page):
    """Its page lists the routes."""
    page, _ = page
    page.click("text=How to call it")
    page.wait_for_selector("h2")
    assert "/v2/models/tiny/infer" in page.inner_text("main")
