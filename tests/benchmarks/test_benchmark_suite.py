"""The suite from its command line to its document; nothing depends on how long anything took."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks import machine
from benchmarks.__main__ import main
from benchmarks.growth import cases
from benchmarks.report import blocks_of, draw_charts, machine_text, tables_of
from benchmarks.streaming import tables as streaming_tables
from benchmarks.suite import GRAPHNET, TORCH, TORCH_COMPILED, TORCH_LAST, Suite

DOC = Path(__file__).parent.parent.parent / "docs" / "benchmarks.md"


def seconds(*medians):
    """Rounds of each worker around these medians."""
    names = (GRAPHNET, TORCH, TORCH_LAST)
    return {n: [m, m * 1.1, m * 0.9] for n, m in zip(names, medians, strict=False)}


def memory(*names):
    return {name: {"begin": 50 << 20, "peak": (60 + 100 * i) << 20} for i, name in enumerate(names)}


STEP = {
    "net": "mnist",
    "batch": 64,
    "flops": 3e8,
    "rates": [1e11, 1.2e11],
    "rows": "synthetic",
    "unavailable": {TORCH_COMPILED: "InvalidCxxCompiler: no g++"},
}
RESULTS = {
    "date": "2026-01-02T03:04+00:00",
    "options": {"quick": False, "threads": 2, "rounds": 3, "seconds_per_round": 0.25},
    "machine": machine.describe({"OPENBLAS_CORETYPE": "Haswell", "HOME": "/home/someone"}),
    "rows": {"mnist": "synthetic"},
    "versions": {GRAPHNET: "0.1.0", TORCH: "2.13.0"},
    "unavailable": {},
    "verify": [{"net": "mnist", "updates": 3, "loss": 1e-7, "update": 1e-5, "agrees": True}],
    "steps": [
        STEP
        | {"kind": "train", "seconds": seconds(0.004, 0.011, 0.006)}
        | {"memory": memory(GRAPHNET, TORCH, TORCH_LAST)},
        STEP | {"kind": "infer", "seconds": seconds(0.001, 0.003, 0.002)},
        STEP | {"net": "iris", "kind": "infer", "seconds": seconds(2e-5, 4e-5)},
    ],
    "growth": [
        {"by": by, "at": at, "net": case.name, "batch": case.batch, "planned": 1 << 24}
        | {"seconds": seconds(at / 1e3, at / 500), "memory": memory(GRAPHNET, TORCH)}
        for by, at, case in cases(quick=False)
    ],
    "startup": [{"what": "import", "net": "import", "seconds": seconds(0.1, 1.5)}],
    "epoch": [
        {"net": "nielsen", "updates": 5000, "batch": 10}
        | {"seconds": {GRAPHNET: [0.2], "NumPy, a batch at a time": [0.4]}}
    ],
    "memory": [
        {"net": "mnist", "batch": 64, "arena": 1, "params": 2, "history": 3, "working": 4}
        | {"planned": 10, "traced": 11, "left_per_step": 0, "risen_per_step": 2048}
    ],
    "classics": [
        {"net": "vgg16", "kind": "infer", "batch": 1, "seconds": seconds(0.1, 0.2)}
        | {"peak": {GRAPHNET: 1 << 20}, "differs": {}, "unavailable": {}}
    ],
    "cliffs": [
        {"setting": "ReLU on 64×100", "type": "ReLU", "elements": 6400, "pass": "forward"}
        | {"seconds": seconds(2e-6, 3e-6)}
    ],
}


def rows_of(key):
    """The rows of one table of the results."""
    (table,) = (table for table in tables_of(RESULTS) if table.key == key)
    return table.rows


_WAITS = {"step_ms": 2.0, "wait_share": 0.25}
STREAMED = {
    "big": {"bytes": 4.2e9},
    "epoch": {
        "n_once": 9,
        "n_rows": 9,
        "max_rss_bytes": 300 << 20,
        "ceiling_bytes": 512 << 20,
        "mb_per_s": 100.0,
    },
    "waits": [{"case": "big", "HDF5Data": _WAITS, "AsyncHDF5Data": _WAITS}],
}


def test_steps_are_medians_ratios_and_shares_of_the_arithmetic():
    """2.5 of 4 ms are arithmetic; who was not measured on a net has an empty cell."""
    assert rows_of("train") == [
        ["mnist (64)", "4 ms", "62%", "11 ms", "2.75", "6 ms", "1.50", "42%"]
    ]
    assert rows_of("infer")[1][3:7] == ["40 µs", "2.00", "", ""]
    assert rows_of("process-memory") == [["mnist (64)", "60", "50", "160", "50", "260", "50"]]


def test_an_epoch_is_compared_with_the_vectorised_loop():
    """Half of its time, here."""
    assert rows_of("epoch")[0] == [GRAPHNET, "200 ms", "0.50"]


def test_the_document_has_a_block_for_every_table():
    """What the suite would write has its place in docs/benchmarks.md, and nothing else has."""
    marked = re.findall("<!-- measured: (.+?) -->", DOC.read_text())
    streaming = [table.key for table in streaming_tables(STREAMED)]
    assert sorted(marked) == sorted([*blocks_of(RESULTS), *streaming])


def test_the_machine_is_described_and_not_named():
    """Versions and the variables that matter are there, the rest of the environment is not."""
    text = machine_text(RESULTS)
    assert "OPENBLAS_CORETYPE=Haswell" in text
    assert "PyTorch 2.13.0" in text
    assert "someone" not in json.dumps(RESULTS)


@pytest.mark.parametrize(("load", "busy"), [(0.4, False), (1.0, False), (1.6, True), (None, False)])
def test_a_busy_machine_is_said_to_be_one(load, busy):
    """Where more than half of its processors had other work when the run began."""
    described = RESULTS["machine"] | {"load": load, "processors_used": 2}
    assert machine.is_busy(described) == busy
    assert ("busy (load" in machine_text(RESULTS | {"machine": described})) == busy


def test_charts_are_drawn(tmp_path):
    """One of the ratios, one of growth; without a peer, that of growth alone."""
    pytest.importorskip("matplotlib", reason="charts need the extra benchmarks")
    draw_charts(RESULTS, tmp_path, print)
    assert {file.name for file in tmp_path.iterdir()} == {"ratios.png", "growth.png"}
    alone = [e | {"seconds": {GRAPHNET: e["seconds"][GRAPHNET]}} for e in RESULTS["steps"]]
    draw_charts({"steps": alone}, tmp_path / "alone", print)
    assert not list((tmp_path / "alone").iterdir())


def test_growth_has_few_sizes_where_it_is_to_be_quick():
    """The ends are among them."""
    quick, full = list(cases(quick=True)), list(cases(quick=False))
    assert {(by, at) for by, at, _ in quick} < {(by, at) for by, at, _ in full}
    assert [at for by, at, _ in quick if by == "batch"][-1] == 1024


def test_a_python_without_the_peer_is_named(tmp_path):
    """The suite runs on with graphnet alone, and says why."""
    suite = Suite(tmp_path, ("iris",), torch_python=str(tmp_path / "python"))
    assert suite.torch_python is None
    assert "No such file" in suite.unavailable[TORCH]
    assert Suite(tmp_path, ("iris",)).unavailable == {TORCH: "no --torch-python was given"}


def test_one_command_measures_reports_and_writes_the_document(tmp_path, capsys, monkeypatch):
    """With graphnet alone, on a net that takes no time."""
    monkeypatch.setattr(Suite, "seconds", 0.001)
    monkeypatch.setattr(Suite, "rounds", 2)
    doc, out = tmp_path / "doc.md", tmp_path / "out"
    keys = ("machine", "train", "infer", "process-memory", "memory")
    doc.write_text("".join(f"<!-- measured: {k} -->\n<!-- end -->\n" for k in keys))
    arguments = ["steps", "memory", "--nets", "iris", "--threads", "1"]
    assert main([*arguments, "--out", str(out), "--doc", str(doc)]) == 0
    results = json.loads((out / "results.json").read_text())
    train, infer = results["steps"]
    assert [train["kind"], infer["kind"]] == ["train", "infer"]
    assert len(train["seconds"][GRAPHNET]) == 2
    assert results["unavailable"] == {TORCH: "no --torch-python was given"}
    assert "PyTorch was not measured: no --torch-python was given" in doc.read_text()
    assert "| iris (16) |" in doc.read_text()
    assert "iris (16)" in capsys.readouterr().out
    before = doc.read_text()
    assert main(["--results", str(out / "results.json"), "--out", str(out), "--doc", str(doc)]) == 0
    assert doc.read_text() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-part"], "unknown part no-such-part: expected some of verify, steps"),
        (["--nets", "mnist,lenet"], "unknown net lenet: expected some of mnist"),
    ],
)
def test_what_is_unknown_is_refused(arguments, message, capsys):
    """With what there is."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert message in capsys.readouterr().err


def test_sides_that_disagree_fail_the_command(tmp_path):
    """Figures of different arithmetic are no comparison."""
    wrong = RESULTS["verify"][0] | {"agrees": False}
    file = tmp_path / "results.json"
    file.write_text(json.dumps({"verify": [wrong]}))
    assert main(["--results", str(file), "--out", str(tmp_path)]) == 1


def test_what_streaming_measures_is_a_table():
    """Each case is a row: the step, and its share of waiting, of both layers."""
    epoch, waits = streaming_tables(STREAMED)
    assert epoch.rows[0][1:] == ["9 of 9", "300 of 512 MiB", "100 MB/s"]
    assert waits.rows == [["big", "2.00 ms", "25.0%", "2.00 ms", "25.0%"]]
