"""Caffe's text format: what is read, and where what is wrong is said to be."""

import math

import pytest
from support.caffe_golden import GOLDEN, cases, index, needs_golden

from graphnet.errors import SpecError
from graphnet.interchange.caffe.files.text_format import parse_text, read_text


def net(text):
    return parse_text(text, "n.prototxt", "NetParameter")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('name: "one " \'two\'  # here\n "!"', "one two!"),
        (r'name: "\x41\101\u00e9\n\""', 'AAé\n"'),
        ("name: 'it is \"n\"';", 'it is "n"'),
    ],
)
def test_texts(text, value):
    """In either quotes, side by side, with escapes."""
    assert net(text)["name"] == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("2", 2.0), ("2f", 2.0), ("-1e-3", -0.001), (".5", 0.5), ("- 3", -3.0), ("1e60", math.inf),
     ("-inf", -math.inf), ("3.14159265358979", 3.1415927)],
)  # fmt: skip
def test_real_numbers(text, value):
    """Decimal, rounded to float32."""
    found = net(f"layer {{ power_param {{ power: {text} }} }}")
    assert found["layer"][0]["power_param"]["power"] == value


def test_whole_numbers_lists_and_brackets():
    """Hexadecimal and octal numbers; lists; the older brackets; a colon before a message."""
    found = net("layer: < convolution_param { num_output: 0x10 pad: [1, 010] pad: 3, } >")
    part = found["layer"][0]["convolution_param"]
    assert (part["num_output"], part["pad"]) == (16, [1, 8, 3])
    assert part["stride"] == []
    assert part["group"] == 1


def test_truth_values_and_enumerations():
    """By word and by number."""
    found = net("force_backward: t layer { pooling_param { pool: 1 } propagate_down: [0, True] }")
    assert found["force_backward"] is True
    assert found["layer"][0]["pooling_param"]["pool"] == "AVE"
    assert found["layer"][0]["propagate_down"] == [False, True]


def test_comments_belong_to_the_layer_below_or_around_them():
    """So that they can be kept."""
    found = net("# the net\nlayer { # first\n name: 'a' } # it\n# second\nlayer { name: 'b' }\n#")
    said = [layer.comments for layer in found["layer"]]
    assert said == [[" the net", " first", " it"], [" second"]]


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('layer { name: "a"\n', "2:1", "found the end of the file, expected '}'"),
        ("name: lenet", "1:7", "found 'lenet', expected a text in quotes for 'name'"),
        ('name "a"', "1:6", "found the text \"a\", expected ':' behind 'name'"),
        ('layer { nam: "a" }', "1:9", "LayerParameter has no field 'nam'\n  did you mean 'name'?"),
        ('name: "a"\nname: "b"', "2:1", "the field 'name' is given twice\n  first in line 1"),
        ("layer { pooling_param { pool: ave } }", "1:31", "found 'ave' for 'pool'\n  did you mean"),
        (
            "layer { convolution_param { num_output: 3.0 } }",
            "1:41",
            "found '3.0', expected a whole",
        ),
        ("layer { convolution_param { num_output: -1 } }", "1:41", "found '-', expected a whole"),
        ("layer { convolution_param { num_output: 09 } }", "1:41", "a number with a leading 0"),
        ("layer { convolution_param { num_output: 4294967296 } }", "1:41", "found 4294967296"),
        ("layer { power_param { power: 0x10 } }", "1:30", "expected a decimal number"),
        ("layer { power_param { power:2scale:3 } }", "1:30", "a number ends here"),
        ('name: "a\nb"', "1:7", "the text that begins here has no end in its line"),
        ('name: "\\q"', "1:8", "the text has no character \\q"),
        ("// comment", "1:1", "the character '/' cannot stand here\n  a comment begins with #"),
        ('\ufeffname: "n"', "1:1", "save the file as UTF-8 without a byte order mark"),
        ("layer { convolution_param { pad: [3, 2,] } }", "1:40", "found ']', expected a whole"),
        ("force_backward: 2", "1:17", "expected true or false"),
        ("layer { } }", "1:11", "found '}', expected the name of a field"),
        ("layer { param 3 }", "1:15", "found '3', expected '{' behind 'param'"),
        ('name: "n";;', "1:11", "found ';', expected the name of a field"),
    ],
)
def test_what_is_wrong(text, place, said):
    """Line and column, what was found, what was expected."""
    with pytest.raises(SpecError, match=r"^n\.prototxt:") as error:
        net(text)
    assert str(error.value).startswith(f"n.prototxt:{place}: ")
    assert said in str(error.value)


def test_files_that_cannot_be_read(tmp_path):
    """A missing one, and one that is no text."""
    with pytest.raises(SpecError, match="there is no such file"):
        read_text(tmp_path / "none.prototxt", "NetParameter")
    (tmp_path / "b.prototxt").write_bytes(b"name: '\xff'")
    with pytest.raises(SpecError, match=r"b.prototxt:1:8: the file is not UTF-8 text"):
        read_text(tmp_path / "b.prototxt", "NetParameter")


def plain(value):
    """Numbers as JSON has them, whatever their form."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if each != []}
    if isinstance(value, list):
        return [plain(each) for each in value]
    try:
        found = value if isinstance(value, bool) else float(value)
    except ValueError:
        return value
    return "nan" if found != found else found  # noqa: PLR0124  # which is no equal of itself


@needs_golden
@pytest.mark.parametrize("name", cases("text"))
def test_as_caffe_reads_it(name):
    """The oddities of the format, as a real Caffe takes or refuses them."""
    case = index()["text"][name]
    if not case["accepted"]:
        with pytest.raises(SpecError, match=r"\.prototxt:\d+:\d+: "):
            read_text(GOLDEN / case["prototxt"], "NetParameter")
        return
    found = read_text(GOLDEN / case["prototxt"], "NetParameter")
    assert plain(found.plain()) == plain(case["parsed"])
