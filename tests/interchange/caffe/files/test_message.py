"""Messages: values, defaults, places."""

from graphnet.errors import Position
from graphnet.interchange.caffe.files.message import Message, float32


def test_defaults_of_what_is_absent():
    """Of a single field its default, of a repeated one a list, of a message an empty one."""
    layer = Message.of("LayerParameter", name="a")
    assert layer["top"] == []
    assert layer["lrn_param"]["local_size"] == 5
    assert layer.plain() == {"name": "a"}
    assert not layer.has("top")


def test_places():
    """Of each value; what was made here stands where the message does."""
    here, there = Position("n", 1, 1), Position("n", 2, 5)
    layer = Message.of("LayerParameter", here, name="a")
    layer.add("top", "y", there)
    assert layer.at("top") == there
    assert layer.at("top", 3) == there
    assert layer.at("bottom") == here
    assert layer.at("name") == here


def test_moving_a_field():
    """With its place."""
    place = Position("n", 3, 3)
    data, layer = Message.of("DataParameter"), Message.of("LayerParameter")
    data.add("scale", 0.5, place)
    data.move("scale", layer.part("transform_param"))
    data.move("mirror", layer.part("transform_param"))
    assert not data.values
    assert layer.plain() == {"transform_param": {"scale": 0.5}}
    assert layer["transform_param"].at("scale") == place


def test_float32():
    """The shortest decimal of the rounded number."""
    assert float32(3.14159265358979) == 3.1415927
    assert float32(0.1) == 0.1
    assert float32(1e60) == float("inf")
