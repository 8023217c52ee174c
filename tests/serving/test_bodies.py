"""Bodies: what could be said in JSON and pictures that no service should trip over."""

from __future__ import annotations

import io

import numpy as np
import pytest
from support.services import served_net

from graphnet.serving import bodies
from graphnet.serving.refusal import RefusalError


@pytest.fixture(name="tiny")
def _tiny(made):
    return served_net(made / "model.h5")


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (b"", 400, "not JSON"),
        (b"nul", 400, "not JSON"),
        (b'"x"', 422, "a JSON object"),
        (b'{"a": Infinity}', 422, "Infinity is no number"),
        (b"[" * 10**5, 400, "not JSON"),
    ],
)
def test_json_that_is_refused(text, status, said):
    """Each with its status."""
    with pytest.raises(RefusalError, match=said) as refused:
        bodies.parse_json(text)
    assert refused.value.status == status


def test_a_picture_too_large_to_unpack(tiny, monkeypatch):
    """Is refused by what its header says."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    stream = io.BytesIO()
    image.new("L", (200, 200)).save(stream, "PNG")
    monkeypatch.setattr(bodies, "_MOST_PIXELS", 30_000)
    with pytest.raises(RefusalError, match="more than 30,000 pixels") as refused:
        bodies.picture_rows(tiny, stream.getvalue())
    assert refused.value.status == 413


def test_transparent_is_black(tiny):
    """As what is behind a drawing."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    picture = image.new("RGBA", (28, 28), (255, 255, 255, 0))
    picture.putpixel((3, 5), (255, 255, 255, 255))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    rows = bodies.picture_rows(tiny, stream.getvalue())["data"]
    assert rows[0, 0, 5, 3] == 255
    assert rows.sum() == 255


def test_outputs_that_are_not_finite(tiny):
    """Are no JSON, and told as the service's own fault."""
    with pytest.raises(RefusalError, match="not finite") as refused:
        bodies.simple_answer(tiny, {"prob": np.array([[np.nan] * 10])}, 3)
    assert refused.value.status == 500


def test_the_best_classes_have_their_names(made):
    """The best first; of equal ones the first."""
    tiny = served_net(made / "model.h5", classes=tuple("abcdefghij"))
    numbers = np.array([[0, 5, 5, 1, 0, 0, 0, 0, 0, 0]], float)
    assert bodies.simple_answer(tiny, {"prob": numbers}, 3)["top"] == [
        [("b", 5.0), ("c", 5.0), ("d", 1.0)]
    ]
