"""``graphnet data tokenizer``."""

from __future__ import annotations

import json

import pytest

TEXT = "the cat sat on the mat\n" * 40


@pytest.fixture(autouse=True)
def text(folder):
    """A text in the folder."""
    pytest.importorskip("tokenizers", reason="needs the extra tokens")
    (folder / "t.txt").write_text(TEXT, "utf-8")


def test_it_is_written_and_used(run, folder):
    """A net of as many symbols learns from it, and its run goes on to the same bytes."""
    found = run("data tokenizer t.txt --tokens 262 --to k.json")
    assert found.code == 0, found.err
    assert "tokens      262" in found.lines
    assert "in a net: {type: TextData, source: t.txt, tokenizer: k.json, …}" in found.lines
    (folder / "text.yaml").write_text(
        "solver: solver.yaml\nlayers:\n"
        "- {name: t, type: TextData, source: t.txt, tokenizer: k.json, steps: 4, batch_size: 3,"
        " shuffle: true}\n"
        "- {name: e, type: Embed, input_dim: 262, output_dim: 4, bottoms: [text], tops: [e]}\n"
        "- {name: s, type: InnerProduct, axis: 2, output_dim: 262, bottoms: [e], tops: [s]}\n"
        "- {name: loss, type: SoftmaxLoss, axis: 2, bottoms: [s, next]}\n",
        "utf-8",
    )
    assert run("check text.yaml").code == 0
    solver = (folder / "solver.yaml").read_text("utf-8").replace("  - {type: Validation", "  # ")
    (folder / "solver.yaml").write_text(solver, "utf-8")
    solve = "solve text.yaml --quiet --set exp_dir="
    assert run(f"{solve}whole --set max_iter=6").code == 0
    assert run(f"{solve}parts --set max_iter=3").code == 0
    assert run(f"{solve}parts --set max_iter=6").code == 0
    params = [run(f"snapshot model {name} --to {name}.h5") for name in ("whole", "parts")]
    assert [p.code for p in params] == [0, 0], params[0].err
    assert (folder / "whole.h5").read_bytes() == (folder / "parts.h5").read_bytes()
    net = (folder / "text.yaml").read_text("utf-8")
    (folder / "text.yaml").write_text(net.replace("input_dim: 262", "input_dim: 200"), "utf-8")
    refused = run("check text.yaml")
    assert refused.code != 0
    assert "text.yaml:4:3: layer 'e' (Embed): the numbers of 'text' go up to 261" in refused.err


def test_json_and_fewer(run):
    """The numbers; and that a text has no more pairs."""
    found = run("data tokenizer t.txt --tokens 256 --to k.json --json")
    assert json.loads(found.out) == {
        "tokens": 256,
        "characters": len(TEXT),
        "tokens_in_text": len(TEXT),
    }
    found = run("data tokenizer t.txt --tokens 5000 --to k.json --force")
    assert found.code == 0
    assert "the text has no more pairs: 268 tokens of 5,000" in found.out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("data tokenizer none.txt --tokens 300 --to k.json", "none.txt"),
        ("data tokenizer t.txt --tokens 300 --to t.txt --force", "the text t.txt"),
        ("data tokenizer t.txt --tokens 300 --to net.yaml", "net.yaml"),
        ("data tokenizer t.txt --tokens 12 --to k.json", "12 tokens are too few"),
        ("data tokenizer dataset:mnist/train --tokens 300 --to k.json", "is no text"),
    ],
)
def test_what_is_refused(run, folder, command, said):
    """With the reason; nothing is written."""
    before = {path.name for path in folder.iterdir()}
    found = run(command)
    assert found.code != 0
    assert said in found.err
    assert {path.name for path in folder.iterdir()} == before
