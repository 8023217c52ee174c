"""Points in two dimensions."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.draw.shapes import Rect, Text, Trace
from graphnet.draw.svg import svg
from graphnet.report.scatter import embedding_picture, truth_picture


def inside(x, y, frame):
    return frame.x <= x <= frame.x + frame.width and frame.y <= y <= frame.y + frame.height


def frame_of(picture):
    (frame,) = [s for g in picture.groups for s in g.shapes if isinstance(s, Rect)]
    return frame


def test_every_point_is_a_text_in_the_frame():
    """Equal marks have equal colours; higher is further up."""
    places = np.array([[0.0, 0.0], [1.0, 2.0], [0.5, -3.0]])
    picture = embedding_picture("t", places, ["0", "10", "0"])
    texts = [s for s in picture.groups[-1].shapes if isinstance(s, Text)]
    assert [t.text for t in texts] == ["0", "10", "0"]
    assert texts[0].look == texts[2].look != texts[1].look
    assert all(inside(t.x, t.y - 4, frame_of(picture)) for t in texts)
    assert texts[1].y < texts[0].y < texts[2].y
    assert "<svg" in svg(picture)


@pytest.mark.parametrize("places", [[[1.0, 1.0]], [[2.0, 1.0], [2.0, 5.0]]])
def test_points_on_one_line_have_a_frame_too(places):
    """No division by an empty range."""
    picture = embedding_picture("t", np.array(places), ["0"] * len(places))
    texts = [s for s in picture.groups[-1].shapes if isinstance(s, Text)]
    assert all(inside(t.x, t.y - 4, frame_of(picture)) for t in texts)


def test_right_answers_lie_on_the_diagonal():
    """Others do not; what is not finite is left out."""
    truth, answers = np.array([1.0, 2.0, 3.0, np.nan]), np.array([1.0, 2.5, 3.0, 1.0])
    picture = truth_picture("t", truth, answers)
    line, *dots = [s for s in picture.groups[-1].shapes if isinstance(s, Trace)]
    (x0, y0), (x1, y1) = line.points

    def off(dot):
        at = dot.points[0]
        return abs((at.x - x0) / (x1 - x0) - (at.y - y0) / (y1 - y0))

    assert len(dots) == 3
    assert off(dots[0]) < 1e-9
    assert off(dots[2]) < 1e-9
    assert off(dots[1]) > 0.1
