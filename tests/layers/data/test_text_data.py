"""TextData: its batches, exact epochs, going on, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from support.data_layers import layer_of

import graphnet as gn
from graphnet.data.text.tokens import Tokens, train_tokens, write_tokens
from graphnet.errors import DataError, SpecError
from graphnet.layers.data.text_data import TextData
from graphnet.net.spec import read_net

TEXT = "".join(chr(97 + i % 23) for i in range(101))
SYMBOLS = "".join(sorted(set(TEXT)))


@pytest.fixture
def spec(tmp_path):
    """A spec on a text of 101 characters; keys may be changed."""
    (tmp_path / "t.txt").write_text(TEXT, "utf-8")

    def of(**keys):
        source = str(tmp_path / "t.txt")
        return TextData(**{"name": "t", "source": source, "steps": 5, "batch_size": 4} | keys)

    return of


def batches(layer, n):
    """So many batches, as text: windows, and what follows."""
    found = []
    for _ in range(n):
        layer.forward()
        tops = [np.array(top.data).astype(int) for top in layer.tops]
        found += [
            tuple("".join(SYMBOLS[i] for i in row) for row in rows)
            for rows in zip(*tops, strict=True)
        ]
    return found


def test_in_order(spec):
    """Window after window, and on into the next epoch."""
    layer = layer_of(spec())
    assert layer.n_samples == 20
    found = batches(layer, 6)
    expected = [(TEXT[i : i + 5], TEXT[i + 1 : i + 6]) for i in range(0, 100, 5)]
    assert found == (expected * 2)[:24]
    assert layer.epoch == 1


def test_shuffled(spec):
    """Every window once an epoch; another order in each, the same for the same seed."""
    found = batches(layer_of(spec(shuffle=True, batch_size=5)), 8)
    first, second = found[:20], found[20:]
    assert sorted(first) == sorted(second) == sorted(batches(layer_of(spec(batch_size=5)), 4))
    assert first != second
    assert batches(layer_of(spec(shuffle=True, batch_size=5)), 8) == found
    assert batches(layer_of(spec(shuffle=True, batch_size=5), seed=1), 4) != first


def test_it_goes_on_exactly(spec):
    """From any place in any epoch, also with overlapping windows."""
    for keys in ({}, {"stride": 2, "shuffle": True}):
        whole = batches(layer_of(spec(**keys)), 9)
        later = layer_of(spec(**keys))
        later.seek(12)
        assert batches(later, 6) == whole[12:]


def test_a_net_reads_it(spec, tmp_path):
    """With the path from the net's file, and one top alone."""
    (tmp_path / "net.yaml").write_text(
        "- {name: t, type: TextData, source: t.txt, steps: 5, batch_size: 4, tops: [x]}\n"
        "- {name: e, type: Embed, input_dim: 23, output_dim: 2, bottoms: [x], tops: [y]}\n",
        "utf-8",
    )
    spec()
    net = gn.load_net(tmp_path / "net.yaml")
    net.forward()
    assert net.blobs["y"].data.shape == (4, 5, 2)
    assert net.blobs["x"].data[0].tolist() == [0, 1, 2, 3, 4]
    net.close()


def test_a_number_that_a_layer_does_not_take(spec, tmp_path):
    """Is told with its line and column in the text."""
    spec()
    (tmp_path / "net.yaml").write_text(
        "- {name: t, type: TextData, source: t.txt, steps: 5, batch_size: 4}\n"
        "- {name: e, type: Embed, input_dim: 8, output_dim: 2, bottoms: [text], tops: [y]}\n",
        "utf-8",
    )
    net = gn.load_net(tmp_path / "net.yaml")
    with pytest.raises(DataError, match=r"8 in row 1, place \[3\](.|\n)*t\.txt:1:6"):
        net.forward()
    net.close()


def test_its_files(spec, tmp_path):
    """The text and the tokenizer, whatever they are called: a run knows them by their content."""
    files = [tmp_path / "t.txt", tmp_path / "t.json"]
    assert spec().data_files() == files[:1]
    assert spec(tokenizer=str(files[1])).data_files() == files
    assert spec(source="dataset:docs-text/train").data_files() == []


def test_a_run_learns_from_a_text_file(spec, tmp_path):
    """From its first step on; and it is told when the text is another one."""
    spec()
    (tmp_path / "net.yaml").write_text(
        "- {name: t, type: TextData, source: t.txt, steps: 5, batch_size: 4}\n"
        "- {name: e, type: Embed, input_dim: 23, output_dim: 23, bottoms: [text], tops: [y]}\n"
        "- {name: loss, type: SoftmaxLoss, axis: 2, bottoms: [y, next]}\n",
        "utf-8",
    )
    net = gn.load_net(tmp_path / "net.yaml")
    before = net.data_fingerprints()
    (tmp_path / "t.txt").write_text(TEXT.swapcase(), "utf-8")
    assert net.data_fingerprints() != before
    assert gn.solve(gn.Solver(gn.SolverSpec(max_iter=2)), net).iter == 2
    net.close()


def test_tokens(spec, tmp_path):
    """Numbers stand for the tokens of a file; a batch goes on exactly, and a place is named."""
    pytest.importorskip("tokenizers", reason="needs the extra tokens")
    write_tokens(train_tokens(TEXT, 260), tmp_path / "t.json")
    tokens = Tokens(tmp_path / "t.json")
    of = spec(tokenizer=str(tmp_path / "t.json"), stride=2)
    layer = layer_of(of)
    layer.forward()
    row = np.array(layer.tops[0].data[1]).astype(int).tolist()
    assert row == tokens.numbers_of(TEXT, "t")[2:7].tolist()
    assert of.windows().where(1) == f"{tmp_path / 't.txt'}:1:{tokens.begin_of(TEXT, 2) + 1}"
    assert of.recorded().classes["next"] == tokens.names
    assert of.n_indices([]) == 260
    later, whole = layer_of(of), layer_of(of)
    for _ in range(4):
        whole.forward()
    later.seek(12)
    later.forward()
    np.testing.assert_array_equal(later.tops[1].data, whole.tops[1].data)


def test_a_tokenizer_that_is_not_there(spec, tmp_path):
    """The data count as missing, as without the text; a net's file says where it is."""
    of = spec(tokenizer="t.json")
    assert not of.is_available()
    with pytest.raises(DataError, match=r"cannot read t\.json"):
        of.fetch()
    assert of.relative_to(tmp_path).tokenizer == str(tmp_path / "t.json")


def test_what_is_recorded(spec):
    """The symbols, so that a run knows what its numbers stand for."""
    found = spec(phase="test").recorded()
    assert found.classes == {"text": tuple(SYMBOLS), "next": tuple(SYMBOLS)}
    assert (found.phase, found.shapes["text"], found.types["text"]) == ("test", (5,), "uint8")
    assert spec(unit="byte").recorded().classes == {}


def test_traits(spec, tmp_path):
    """What a net asks of its data."""
    one = spec(part=":50%", stride=1)
    assert one.samples_there() == 45
    assert one.is_available()
    assert one.data_source.endswith("t.txt")
    other = one.reading("dataset:docs-text/test", "10%:")
    assert (other.source, other.part, other.stride) == ("dataset:docs-text/test", "10%:", 1)
    away = spec(source=str(tmp_path / "none.txt"))
    assert not away.is_available()
    assert away.samples_there() is None
    with pytest.raises(DataError, match="cannot read"):
        away.fetch()
    assert TextData(name="t", source="a.txt", steps=2, batch_size=1).relative_to(
        tmp_path
    ).source == str(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("shapes: {text: [5], next: [5]}", "'shapes' has no effect: 'steps' says it"),
        ("symbols: ab, unit: byte", "'symbols' has no effect"),
        ("symbols: aa", "'a' is there twice"),
        ("part: 3", "expected START:STOP"),
        ("tops: [a, b, c]", "1 to 2 tops|tops"),
        ("stride: 0", "stride"),
    ],
)
def test_keys_that_are_wrong(keys, message):
    """At their place."""
    with pytest.raises(SpecError, match=message):
        read_net(f"- {{name: t, type: TextData, source: a.txt, steps: 5, batch_size: 4, {keys}}}\n")


def test_symbols_that_are_given_are_numbered_in_their_order(spec):
    """Of more characters than the text has, the last first."""
    symbols = SYMBOLS[::-1] + "Z"
    layer = layer_of(spec(symbols=symbols))
    layer.forward()
    rows = np.array(layer.tops[0].data).astype(int)
    assert "".join(symbols[i] for i in rows[0]) == TEXT[:5]


def test_numbers_go_through_transformers(spec):
    """As those of any data layer."""
    plain, moved = (layer_of(spec(transformers=t)) for t in ({}, {"text": [DOUBLE]}))
    for layer in (plain, moved):
        layer.forward()
    found, expected = (np.array(layer.tops[0].data) for layer in (moved, plain))
    np.testing.assert_array_equal(found, expected * 2)
    np.testing.assert_array_equal(moved.tops[1].data, plain.tops[1].data)


DOUBLE = {"type": "Scale", "scale": 2.0}


def test_what_it_has_no_use_for_is_refused(spec):
    """The shape of a window is its steps; a number of a symbol is finite anyway."""
    with pytest.raises(SpecError, match="'shapes' has no effect: 'steps' says it"):
        spec(shapes={"text": [5], "next": [5]})
    assert layer_of(spec(check_finite=False)).n_samples == 20


def test_symbols_are_not_blended(spec):
    """Their numbers are names."""
    with pytest.raises(SpecError, match="'mix' would blend the numbers of symbols"):
        spec(mix="Mixup")
