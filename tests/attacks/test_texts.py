"""YAML that takes long or much memory, or says something to the terminal."""

from __future__ import annotations

import io
import json

import pytest

from graphnet.cli.output.streams import steady_streams
from graphnet.errors import SpecError, did_you_mean, nearest
from graphnet.readable import drawn_only, readable_json

#: Colours, a bell, a title for the window, C1, a right-to-left override, the end of a line.
HOSTILE = "a\x1b[31mb\x07c\x1b]0;pwn\x07d\x9b2Je\u202ef\u2066g\u2028h"
STEERING = "\x1b\x07\x9b\u202e\u2066\u2028"


def in_yaml(text):
    """The text in double quotes of YAML."""
    return json.dumps(text)


def test_thousands_of_misspelt_bottoms(theirs, run, monkeypatch):
    """Twenty are compared with the names there are, each problem is counted, a hundred printed."""
    compared = []
    monkeypatch.setattr(
        "graphnet.net.checks.name_rules.did_you_mean",
        lambda found, known: compared.append(found) or did_you_mean(found, known),
    )
    lines = (f"  - {{name: l{i}, type: ReLU, bottoms: [z{i}], tops: [a{i}]}}" for i in range(800))
    (theirs / "net.yaml").write_text("\n".join(["layers:", *lines]))
    result = run("check theirs/net.yaml")
    assert result.code == 1
    assert len(compared) == 20
    assert len(result.err.splitlines()) < 200
    assert result.err.endswith("and 700 more problems\n")
    assert "a59 and 740 more" in result.err


def test_a_long_name_is_not_compared():
    """Comparing takes the square of the length."""
    assert nearest("label", ["labels"]) == "labels"
    assert nearest("x" * 1_000_000, ["x" * 999_999]) == ""
    assert nearest("label", ["x" * 1_000_000, "labels"]) == "labels"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (
            "layers: [" + "1, " * 1_500_000 + "]",
            r"4,500,010 characters, expected 4,194,304 at most",
        ),
        ("name: " + "a" * 5_000_000, r"5,000,006 characters, expected 4,194,304 at most"),
        ("n: 0x" + "f" * 298, r":1:4: a whole number of more than 300 digits"),
        ("n: " + "[" * 200, r"nested too deeply"),
    ],
    ids=["list", "scalar", "hex", "nested"],
)
def test_large_texts(theirs, run, text, match):
    """They are refused by their size, before they are parsed."""
    (theirs / "net.yaml").write_text(text)
    result = run("check theirs/net.yaml")
    assert result.code == 1
    with pytest.raises(SpecError, match=match):
        raise SpecError(result.err)


def test_many_values(theirs, run, monkeypatch):
    """A list is refused where it becomes too long, and not read to its end."""
    monkeypatch.setattr("graphnet.declare.yaml_nodes.MAX_VALUES", 1000)
    (theirs / "net.yaml").write_text("layers:\n" + "- 1\n" * 2000)
    result = run("check theirs/net.yaml")
    assert result.code == 1
    assert "net.yaml:999:3:" in result.err.splitlines()[0]
    assert "more keys and values, expected 1,000 at most" in result.err


@pytest.mark.parametrize(
    "line",
    [
        "{{name: {0}, type: ReLU, bottoms: [data], tops: [x]}}",
        "{{name: x, type: {0}, bottoms: [data], tops: [x]}}",
        "{{name: x, type: ReLU, bottoms: [{0}], tops: [x]}}",
        "{{name: x, type: ReLU, bottoms: [data], {0}: 1}}",
        "{{name: x, type: HDF5Data, source: {0}, batch_size: 1, tops: [y, z]}}",
        "{0}",
    ],
    ids=["layer", "type", "bottom", "key", "source", "value"],
)
def test_names_do_not_steer_the_terminal(theirs, run, line):
    """Of layers, types, blobs, keys, files: whatever a message repeats is shown with escapes."""
    with (theirs / "net.yaml").open("a") as file:
        file.write("  - " + line.format(in_yaml(HOSTILE)) + "\n")
    result = run("check theirs/net.yaml")
    assert result.code == 1
    assert not set(STEERING) & set(result.text)
    assert "\\x1b" in result.err or "x1b" in result.err


@pytest.mark.usefixtures("theirs")
def test_options_do_not_steer_the_terminal(run):
    """What was typed after --set, or came from a script, is repeated with escapes."""
    result = run(f"check theirs/net.yaml --set 'layers.{HOSTILE}=1'")
    assert result.code == 1
    assert not set(STEERING) & set(result.text)


def test_class_names_do_not_steer_the_terminal(theirs, run):
    """They stand in the file of the data."""
    import h5py

    with h5py.File(theirs / "train.h5", "a") as file:
        file.attrs["classes"] = json.dumps([HOSTILE, "b", "c"])
    result = run("data info theirs/train.h5")
    assert result.code == 0
    assert "\\x1b[31mb" in result.out
    assert not set(STEERING) & set(result.text)


def test_cells_do_not_steer_the_terminal(theirs, run):
    """A table says which cell it could not read."""
    (theirs / "t.csv").write_text(f"x,{HOSTILE},label\n1,{HOSTILE},a\n2,3,b\n", encoding="utf-8")
    result = run("data pack theirs/t.csv --to packed")
    assert not set(STEERING) & set(result.text)
    result = run(f"data pack theirs/t.csv --to packed --label '{HOSTILE}x'")
    assert result.code == 1
    assert not set(STEERING) & set(result.text)


def test_one_function_stands_before_every_stream(monkeypatch):
    """Whoever prints, and whatever: code of the user's, a library, an exception."""
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="utf-8")
    monkeypatch.setattr("sys.stdout", stream)
    with steady_streams():
        print(HOSTILE)  # noqa: T201  # as others do
        print("\x1b[1mbold\x1b[0m\r\x1b[2K\x1b[?25l")  # noqa: T201  # how Rich draws
    text = written.getvalue().decode()
    assert text.endswith("\x1b[1mbold\x1b[0m\r\x1b[2K\x1b[?25l\n")
    assert "\\x1b]0;pwn\\x07d\\x9b2Je\\u202ef\\u2066g\\u2028h\n" in text
    assert drawn_only("caf\xe9 → ok\n\t") == "caf\xe9 → ok\n\t"


def test_json_stays_json():
    """Its escapes are JSON's."""
    text = json.dumps({"name": HOSTILE}, ensure_ascii=False)
    shown = readable_json(text, None)
    assert not set(STEERING) & set(shown)
    assert json.loads(shown) == {"name": HOSTILE}


@pytest.mark.parametrize("ending", ["svg", "html", "mmd", "dot"])
def test_names_are_no_markup(theirs, run, ending):
    """In pictures of nets, for browsers and other programs."""
    evil = "</title></text><script>alert(1)</script>"
    text = (theirs / "net.yaml").read_text()
    text = text.replace("name: small", f"name: {in_yaml(evil)}")
    text = text.replace("name: ip,", f"name: {in_yaml(evil.replace('/', ''))},")
    (theirs / "net.yaml").write_text(text)
    result = run(f"draw theirs/net.yaml -o drawn.{ending}")
    if result.code == 0 and ending in {"svg", "html"}:
        assert "<script>alert" not in (theirs.parent / f"drawn.{ending}").read_text("utf-8")
    elif result.code == 0:
        drawn = (theirs.parent / f"drawn.{ending}").read_text("utf-8")
        assert (ending == "dot") or "<script>" not in drawn
