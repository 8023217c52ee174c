"""The process of one trial, as a sweep starts it."""

from __future__ import annotations

import json
import subprocess
import sys

MESSAGE = {
    "net": "net.yaml",
    "solver": None,
    "set": ["max_iter=4"],
    "settings": {"lr_policy.base_lr": 0.05},
    "exp_dir": "trial",
    "threads": 1,
    "backend": "numpy",
    "offline": True,
    "user_code": True,
    "memory_limit": None,
}


def trial(folder, *, leave_open, **message):
    """What it answers, and its exit code."""
    with subprocess.Popen(
        [sys.executable, "-m", "graphnet.cli.trial"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=folder,
    ) as process:
        process.stdin.write(json.dumps(MESSAGE | message).encode() + b"\n")
        process.stdin.flush()
        if not leave_open:
            process.stdin.close()
        said = process.stdout.read()
    return process.returncode, said


def test_a_run(folder):
    """It is where the message says, trained as the message says."""
    code, out = trial(folder, leave_open=True)
    assert (code, json.loads(out)) == (0, {"error": "", "kind": ""})
    assert (folder / "trial" / "snapshots" / "snapshot-000004.h5").is_file()
    assert "base_lr: 0.05" in (folder / "trial" / "solver.yaml").read_text()


def test_errors_are_answers(folder):
    """Their text and their kind."""
    code, out = trial(folder, leave_open=True, settings={"lr_policy.base_lr": "much"})
    said = json.loads(out)
    assert (code, said["kind"]) == (0, "SpecError")
    assert "--set lr_policy.base_lr=much" in said["error"]


def test_it_stops_where_its_input_ends(folder):
    """It does not train for ever where nobody is there any more."""
    code, out = trial(folder, leave_open=False, set=["max_iter=100000000"])
    assert code in (3, -15)  # the latter before the run has begun
    assert out == b""
