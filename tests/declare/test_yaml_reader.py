"""Reading YAML: values by YAML 1.2, positions of everything, refusals with a place."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnet.declare.yaml_reader import (
    parse_value,
    parse_yaml,
    plain_document,
    read_source,
    read_yaml,
    write_yaml,
)
from graphnet.errors import SpecError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("+5", 5),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5e+2", -150.0),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("+.Inf", math.inf),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_plain_values_follow_yaml_1_2(text, value):
    """Numbers, truth values and nothing are what YAML 1.2's core schema says."""
    found = parse_yaml(f"a: {text}", "f.yaml").value["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    ["on", "off", "yes", "no", "Yes", "1_000", "0b11", "12:30:00", "2020-01-01", "1e", "e5", "nan"],
)
def test_what_yaml_1_1_made_of_words_is_text(text):
    """Words, dates and sexagesimal numbers of YAML 1.1 stay what they look like."""
    assert parse_yaml(f"a: {text}", "f.yaml").value["a"] == text


def test_not_a_number_is_a_float():
    """``.nan`` is read as such; whoever wants a finite number says so."""
    assert math.isnan(parse_value(".nan"))


def test_quotes_make_text():
    """A number in quotes is no number."""
    assert parse_value('"5"') == "5"
    assert parse_value("'true'") == "true"


def test_every_key_and_value_has_a_position():
    """Lines and columns count from 1 and point at the first character."""
    document = parse_yaml("a: 1\nlayers:\n  - {name: x, kernel: [5, 6]}\n", "f.yaml")
    assert str(document.at(("layers", 0, "kernel"))) == "f.yaml:3:23"
    assert str(document.at(("layers", 0, "kernel", 1))) == "f.yaml:3:27"
    assert str(document.key_at(("layers", 0, "kernel"))) == "f.yaml:3:15"
    assert str(document.key_at(("a",))) == "f.yaml:1:1"


def test_the_position_of_what_is_missing_is_what_is_around_it():
    """A path that leads nowhere has the position of the nearest thing that is there."""
    document = parse_yaml("layers:\n  - {name: x}\n", "f.yaml")
    assert str(document.at(("layers", 0, "kernel", 7))) == "f.yaml:2:5"
    assert document.key_at(("layers", 0, "kernel")) == document.at(("layers", 0))


def test_a_document_made_in_python_has_no_positions():
    """Nets built from dicts are reported without a place."""
    document = plain_document({"a": 1})
    assert document.at(("a",)) is None
    assert document.key_at(("a",)) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: 1\nb: 2\na: 3\n",
            r"^f\.yaml:3:1: the key 'a' is given twice\n  first in line 1; remove one of them$",
        ),
        (
            "a:\n\t- 1\n",
            r"^f\.yaml:2:1: not valid YAML: .*\n  indent with spaces, not tabs$",
        ),
        (
            "a: b: c\n",
            (
                r"^f\.yaml:1:5: not valid YAML: a colon is not expected here\n"
                r"  a ': ' inside a value needs quotes, or a line above is indented differently$"
            ),
        ),
        (
            "a: [1, 2\nb: 3\n",
            (
                r"^f\.yaml:2:2: not valid YAML: expected ',' or ']'.*\n"
                r"  a comma is missing, or the '\[' of line 1, column 4 is not closed$"
            ),
        ),
        ("a: 'b\n", r"^f\.yaml:1:4: not valid YAML: the quote that is opened here is never closed"),
        ("a: *b\n", r"^f\.yaml:1:4: not valid YAML: nothing above has the anchor '&b'"),
        ("a: 1\n---\nb: 2\n", r"^f\.yaml:2:1: not valid YAML: a second document begins here\n"),
        ("", r"^f\.yaml:1:1: the file is empty$"),
        ("# nothing but a comment\n", r"^f\.yaml:1:1: the file is empty$"),
        ("a: \x07\n", r"^f\.yaml:1:4: not valid YAML: the character #x0007 is not allowed$"),
        ("? [a, b]\n: 1\n", r"^f\.yaml:1:3: a key must be a plain word$"),
        (
            "a: @b\n",
            r"^f\.yaml:1:4: not valid YAML: a value cannot begin with '@'\n  put the value in",
        ),
    ],
)
def test_what_is_not_valid_has_a_place_and_a_fix(text, message):
    """Syntax errors carry line and column, and where it can be guessed, the fix."""
    with pytest.raises(SpecError, match=message):
        parse_yaml(text, "f.yaml")


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system",
        "!!python/name:os.system",
        "!!binary",
        "!!set",
        "!!timestamp",
        "!local",
    ],
)
@pytest.mark.parametrize("value", ["x", "[x]", "{x: 1}"])
def test_tags_that_make_objects_are_refused(tag, value):
    """Nothing is built but mappings, lists and plain values, whatever a tag says."""
    with pytest.raises(SpecError, match=r"^f\.yaml:1:4: the tag '.*' is not allowed here"):
        parse_yaml(f"a: {tag} {value}", "f.yaml")


def test_a_tag_that_lies_about_its_value_is_refused():
    """``!!int abc`` is not an int."""
    with pytest.raises(SpecError, match="the tag '!!int' is not allowed here"):
        parse_yaml("a: !!int abc", "f.yaml")


def test_all_problems_of_a_file_come_at_once():
    """Two duplicate keys and a tag are three problems, in the order of the file."""
    with pytest.raises(SpecError, match="given twice") as caught:
        parse_yaml("a: 1\na: 2\nb: !x 3\nc: 4\nc: 5\n", "f.yaml")
    assert [p.position.line for p in caught.value.problems if p.position] == [2, 3, 5]


def test_aliases_are_copies():
    """An anchored value can be used again, and each use has the value."""
    assert parse_yaml("a: &x [1, 2]\nb: *x\n", "f.yaml").value == {"a": [1, 2], "b": [1, 2]}


def test_an_alias_bomb_is_refused():
    """Aliases that multiply are stopped long before they fill the memory."""
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    with pytest.raises(SpecError, match="the aliases in this file expand without end"):
        parse_yaml(bomb, "f.yaml")


def test_a_small_bomb_goes_off_early():
    """What a text with aliases may become is measured by the text."""
    bomb = "a: &a [" + ", ".join(["x"] * 100) + "]\nb: &b [" + ", ".join(["*a"] * 200) + "]\n"
    with pytest.raises(SpecError, match=r"^f\.yaml:1:\d+: the aliases in this file expand"):
        parse_yaml(bomb, "f.yaml")
    many = "a: &a [" + ", ".join(["x"] * 100) + "]\nb: &b [" + ", ".join(["*a"] * 90) + "]\n"
    assert len(parse_yaml(many, "f.yaml").value["b"]) == 90


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a: " + "9" * 301, r":1:4: a whole number of 301 digits, expected 300 at most"),
        ("a: 0x" + "f" * 5000, r":1:4: a whole number of 5002 digits"),
        (r'a: "x\0y"', r":1:4: the character #x0000 is not allowed in a text"),
        (r'"\ud800": 1', r":1:1: the character #xd800 is not allowed in a text"),
        (r'a: "\Uffffffff"', r":1:\d+: not valid YAML: an escape or a number here is out of"),
        (r'a: "\U00110000"', r":1:\d+: not valid YAML: an escape or a number here is out of"),
        ("%YAML " + "9" * 5000 + ".0\n--- a", r":1:\d+: not valid YAML: an escape or a number"),
    ],
)
def test_what_nobody_can_use_is_refused(text, match):
    """Numbers no float holds, characters no file's name holds, escapes of no character."""
    with pytest.raises(SpecError, match=r"^f\.yaml" + match):
        parse_yaml(text, "f.yaml")


def test_an_alias_to_what_it_is_in_is_refused():
    """A value that contains itself would never end."""
    with pytest.raises(SpecError, match=r"f\.yaml:1:4: the aliases in this file expand"):
        parse_yaml("a: &a [1, *a]", "f.yaml")


def test_nesting_without_end_is_refused():
    """Brackets deeper than any net are an error, not a crash of the interpreter."""
    with pytest.raises(SpecError, match="nested too deeply"):
        parse_yaml("[" * 100_000, "f.yaml")


def test_a_file_is_read_with_its_folder(tmp_path):
    """Relative paths in a YAML are relative to the folder it lies in."""
    path = tmp_path / "net.yaml"
    path.write_text("a: é\n", "utf-8")
    document = read_yaml(path)
    assert document.value == {"a": "é"}
    assert document.folder == tmp_path.resolve()


def test_a_byte_order_mark_is_no_character(tmp_path):
    """Files from editors that write one are read all the same."""
    path = tmp_path / "net.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read_yaml(path).value == {"a": 1, "b": 2}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_editors_count_them(end):
    """What else PyYAML takes for the end of a line moves no place."""
    text = end.join(["a: 1", "# one\u2028# two\x85# three", "b: 2", "b: 3"])
    with pytest.raises(SpecError, match=r"^net.yaml:4:1: .*\n  first in line 3"):
        parse_yaml(text, "net.yaml")


def test_files_that_cannot_be_read_are_named(tmp_path):
    """Missing, a folder, not text: each says which."""
    with pytest.raises(SpecError, match=r"none\.yaml: there is no such file$"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(SpecError, match=r"this is a directory, not a YAML file$"):
        read_yaml(tmp_path)
    binary = tmp_path / "data.h5"
    binary.write_bytes(b"\x89HDF\r\n\x1a\n\xff\xfe")
    with pytest.raises(SpecError, match=r"data\.h5:1:1: this is an HDF5 file, not YAML\n"):
        read_yaml(binary)


_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _text
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=12,
)


@given(_values)
def test_what_is_written_is_read_back(value):
    """Writing and reading are inverses, so a run's net.yaml is the net."""
    assert parse_yaml(write_yaml(value), "f.yaml").value == value


def test_writing_keeps_the_order_and_quotes_what_needs_it():
    """Keys stay in their order; texts that would read as something else are quoted."""
    text = write_yaml({"z": "true", "a": "1e-3", "k": [1, 2], "no": "no"})
    assert text == "z: 'true'\na: '1e-3'\nk: [1, 2]\nno: no\n"


MERGED = """
- &a {name: a, kernel: 3, inner: {x: 1}}
- {<<: *a, name: b}
- {name: c, <<: [*a, {kernel: 4, pad: 5}]}
- &d {<<: *a, name: d}
- <<: *d
"""


def test_merge_keys():
    """``<<`` takes over what is not there already; the first of several has it, and so on down."""
    value = parse_yaml(MERGED, "f.yaml").value
    a = {"name": "a", "kernel": 3, "inner": {"x": 1}}
    assert value == [a, a | {"name": "b"}, a | {"name": "c", "pad": 5}, *[a | {"name": "d"}] * 2]
    assert parse_yaml('{"<<": 1}', "f.yaml").value == {"<<": 1}


def test_merged_values_keep_their_places():
    """A mistake in what was taken over is reported where it is written."""
    document = parse_yaml(MERGED, "f.yaml")
    assert str(document.at((1, "kernel"))) == "f.yaml:2:24"
    assert str(document.key_at((4, "inner", "x"))) == "f.yaml:2:35"
    assert str(document.at((1, "name"))) == "f.yaml:3:18"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{<<: 3}", r"^f\.yaml:1:6: '<<' takes over the keys of a mapping\n  write <<: \*NAME"),
        ("&a {<<: *a}", r"^f\.yaml:1:1: the aliases in this file expand without end"),
        ("{<<: {a: 1, a: 2}}", r"^f\.yaml:1:13: the key 'a' is given twice"),
    ],
)
def test_merges_that_cannot_be(text, message):
    """What is no mapping, a mapping within itself, and a key given twice in what is taken over."""
    with pytest.raises(SpecError, match=message):
        parse_yaml(text, "f.yaml")


def test_text_in_place_of_a_file(tmp_path, monkeypatch):
    """What has several lines or is in brackets is YAML itself, unless there is such a file."""
    monkeypatch.chdir(tmp_path)
    assert read_source("a: 1\nb: 2\n").value == {"a": 1, "b": 2}
    assert read_source("{a: 1, b: 2}").value == {"a": 1, "b": 2}
    (tmp_path / "[a] b.yaml").write_text("c: 3")
    assert read_source("[a] b.yaml").value == {"c": 3}
    with pytest.raises(SpecError, match=r"^nett.yaml: there is no such file$"):
        read_source("nett.yaml")
    (tmp_path / "net.yaml").touch()
    with pytest.raises(SpecError, match=r"there is no such file\n  did you mean 'net.yaml'\?$"):
        read_source("nett.yaml")


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfa: 1\n",
        "a: 1\n".encode("utf-16"),
        b"\xfe\xff" + "a: 1\n".encode("utf-16-be"),
        b"a: 1\r\n",
        b'{\n\t"a":\t1\n}\n',
    ],
)
def test_files_as_editors_write_them(tmp_path, data):
    """With a byte order mark, in UTF-16, with the line ends of Windows, as JSON with tabs."""
    path = tmp_path / "f.yaml"
    path.write_bytes(data)
    document = read_yaml(path)
    assert document.value == {"a": 1}
    assert document.at(()).column == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"\x89HDF\r\n\x1a\n123",
            r":1:1: this is an HDF5 file, not YAML\n  a model or snapshot is",
        ),
        ("a: 1\nb: é".encode("latin-1"), r":2:4: the file is not UTF-8 text\n  save it as UTF-8"),
        (b"\0\xff", r":1:2: the file is not UTF-8 text\n  is it a binary file\?"),
    ],
)
def test_files_that_are_no_text(tmp_path, data, message):
    """What they are instead, and the cure."""
    path = tmp_path / "f.yaml"
    path.write_bytes(data)
    with pytest.raises(SpecError, match=message):
        read_yaml(path)
