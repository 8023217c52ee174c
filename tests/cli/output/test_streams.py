"""Every text that a command prints arrives, in any encoding; and no fault of a stream is one."""

from __future__ import annotations

import errno
import importlib.util
import io
import os
import shlex
import subprocess
import sys
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

import graphnet
from graphnet.cli import main
from graphnet.cli.output.streams import READER_GONE, Steady, steady_streams

pytestmark = pytest.mark.filterwarnings("ignore:careful")

HAS_ONNX = importlib.util.find_spec("onnx") is not None
HAS_TOKENS = importlib.util.find_spec("tokenizers") is not None
ENCODINGS = ["cp932", "latin-1", "cp1252", "cp437"]
FAULTS = [errno.ENOSPC, errno.EBADF]
HOOK = """\
import sys, warnings
import graphnet as gn
class Espresso(gn.CoffeeBreak):
    def enjoy(self, net, state, lounge):
        print("hook → größe ✓")
        print("hook: " + chr(0xdcff), file=sys.stderr)
        warnings.warn("careful → now")
        lounge.update_statistics("x → y", 1.0)
"""
TRAINING = ["solve net.yaml --fresh", "solve net.yaml --fresh --quiet"]
#: What prints its result; every command is here, there or below.
PRINTING = [
    *("--help", "--version", "version", "solve --help", "data pack --help", "help predict"),
    *("check net.yaml", "check net.yaml --json", "check net.yaml --phase test --connections"),
    *("test net.yaml --weights run", "test run --json", "test run -o größe.csv"),
    "predict net.yaml --weights run in.npy --output größe.h5",
    *("predict run in.npy", "predict run in.npy --json --top 2"),
    *("time net.yaml --steps 1", "check-grad net.yaml --set layers.train-data.batch_size=2"),
    *("data", "data list", "data iris", "data info train.h5", "data info train.h5 --json"),
    "data info train.h5 --picture größe.svg",
    "data pack data=in.npy --to packed --force",
    *(
        "data statistics train.h5 --to größe.h5 --force",
        "data statistics train.h5 --to größe.h5 --force --json",
    ),
    *(
        "snapshot info run",
        "snapshot info run --json",
        "snapshot model run --to model.h5",
        "schema net",
        "schema solver",
    ),
    *(
        "draw net.yaml -o größe.svg",
        "plot run",
        "plot run -o größe.svg",
        "nets",
        "report run -o größe.html --steps 1",
        "nets --json",
    ),
    *("runs list .", "runs list . --json", "runs diff run run", "doctor", "doctor --json"),
    *("find-lr net.yaml --steps 20", "find-lr net.yaml --json", "find-lr net.yaml -o größe.csv"),
    "export features run --blob prob -o größe.npy",
    "sweep net.yaml --grid lr_policy.base_lr=0.1 -o größe.sweep",
    "export caffe net.yaml --weights run -o größe.prototxt --force",
    "import caffe größe.prototxt -o größe --force",
    "export safetensors net.yaml --weights run -o größe.safetensors --force",
    "import safetensors net.yaml --weights größe.safetensors -o größe --force",
    "import safetensors net.yaml --weights größe.safetensors --print-map",
    "export npz net.yaml --weights run -o größe.npz --force",
    "import npz net.yaml --weights größe.npz -o größe --force",
    "export mocha net.yaml --weights run -o größe-mocha.h5 --force",
    "import mocha net.yaml --weights größe-mocha.h5 -o größe --force",
    "test net.yaml --weights größe.safetensors",
    *(["export onnx net.yaml --weights run -o größe.onnx --force"] if HAS_ONNX else []),
    *(["data tokenizer net.yaml --tokens 260 --to größe.json --force"] if HAS_TOKENS else []),
    *(["import onnx größe.onnx -o größe --force"] if HAS_ONNX else []),
]
FAILING = [
    "check größe→.yaml",
    "check net.yaml --set layers.größe.output_dim=→",
    "import torch net.yaml --weights größe.npz -o größe",
    *("größe", "solve --größe", "check \udcff.yaml", "solve net.yaml --exp-dir net.yaml/run"),
]


@pytest.fixture
def trained(folder):
    """The working directory with names that are not ASCII, and a run."""
    net = (folder / "net.yaml").read_text("utf-8").replace("ip1", "größe→")
    (folder / "net.yaml").write_text(net, "utf-8")
    (folder / "my_hook.py").write_text(HOOK, "utf-8")
    with (folder / "solver.yaml").open("a", encoding="utf-8") as file:
        file.write("  - {type: my_hook.Espresso, every_n_iter: 2}\n")
    np.save(folder / "in.npy", np.ones((5, 3), np.float32))
    assert main(["solve", "net.yaml", "--quiet"]) == 0
    return folder


class Faulty(io.RawIOBase):
    """A file that refuses all that is written to it, after so many bytes."""

    def __init__(self, number, most=0):
        super().__init__()
        self.number, self.left = number, most

    def writable(self):
        """It says so."""
        return True

    def write(self, data):
        """Until it does not."""
        self.left -= len(data)
        if self.left < 0:
            raise OSError(self.number, os.strerror(self.number))
        return len(data)


def run(command, monkeypatch, out, err):
    """Run a command with these as its standard output and error; its exit code."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        return main(shlex.split(command))


def text_in(encoding):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


@pytest.mark.usefixtures("trained")
def test_every_output_survives_every_encoding(monkeypatch):
    """All commands end as in UTF-8, with as many lines, in characters that the encoding has.

    Each in ASCII, which lacks most, and in one of the others, taken in turn.
    """
    for command, other in zip((*TRAINING, *PRINTING, *FAILING), cycle(ENCODINGS), strict=False):
        expected = None
        for encoding in ("utf-8", other, "ascii"):
            out, err = text_in(encoding), text_in(encoding)
            code = run(command, monkeypatch, out, err)
            shown = [s.buffer.getvalue().decode(encoding) for s in (out, err)]
            found = (code, *(text.count("\n") for text in shown))
            expected = expected or found
            assert found == expected, (command, encoding, shown)
            assert (code > 0) == (command in FAILING), (command, shown)
            escaped = "\\u2" in "".join(shown)  # as JSON's own escapes, which are right
            assert not escaped or "--json" in command or "schema" in command, (command, shown)
            if command == TRAINING[0]:
                assert shown[0].count("hook ") == 4, shown  # at 0, 2, 4 and 6
                assert "finished at iteration 6" in shown[0]
                arrow = "→" if encoding in ("utf-8", "cp932") else "->"
                assert f"hook {arrow} gr" in shown[0]


@pytest.mark.parametrize("is_read", [False, True], ids=["no reader", "fault"])
def test_every_output_may_be_lost(trained, monkeypatch, is_read):
    """No exception; it costs what is printed, and training nothing at all."""
    statistics = (trained / "run" / "statistics.jsonl").read_bytes()
    cost, numbers = (1, FAULTS) if is_read else (READER_GONE, [errno.EPIPE])
    for command, number in zip((*TRAINING, *PRINTING, *FAILING), cycle(numbers), strict=False):
        err = text_in("utf-8")
        code = run(command, monkeypatch, io.TextIOWrapper(Faulty(number, 4)), err)
        said = err.buffer.getvalue().decode("utf-8")
        if command in PRINTING:
            assert code == cost, (command, said)
            lost = f"standard output could not be written: {os.strerror(number)}\n"
            assert said == ("" if number == errno.EPIPE else lost)
        else:
            assert (code > 0) == (command in FAILING), (command, said)
        both = [io.TextIOWrapper(Faulty(number, 4)) for _ in range(2)]
        assert run(command, monkeypatch, *both) == code
        assert (trained / "run" / "statistics.jsonl").read_bytes() == statistics


def graphnet_process(redirected, folder, **environment):
    """Run ``graphnet`` in a shell; exit code and what is on stderr."""
    done = subprocess.run(
        ["bash", "-c", f"{shlex.quote(sys.executable)} -m graphnet {redirected}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": str(Path(graphnet.__file__).parents[1]), "PYTHONIOENCODING": "utf-8"}
        | environment,
    )
    return done.returncode, done.stdout, done.stderr


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@needs_full
@pytest.mark.parametrize("where", [">&-", "> /dev/full", ">&- 2>&- <&-"])
def test_a_run_without_a_terminal(trained, where):
    """Descriptors that are closed or full, as a shell makes them: the run is whole."""
    expected = (trained / "run" / "statistics.jsonl").read_bytes()
    code, _, err = graphnet_process(f"solve net.yaml --fresh {where}", trained)
    assert code == 0, err
    assert "Traceback" not in err
    assert (trained / "run" / "statistics.jsonl").read_bytes() == expected
    assert b"iter" not in (trained / "train.h5").read_bytes()[:200]


@needs_full
def test_a_result_that_cannot_be_written(folder):
    """A table on a full disk is a failure; one that nobody reads to its end is not worth a word."""
    said = "standard output could not be written: "
    for where, reason in ((">&-", "Bad file descriptor"), ("> /dev/full", "No space left")):
        code, _, err = graphnet_process(f"check net.yaml {where}", folder)
        assert (code, err.startswith(said + reason), err.count("\n")) == (1, True, 1)
    assert graphnet_process("schema net | head -1; exit ${PIPESTATUS[0]}", folder)[::2] == (141, "")


def test_a_locale_without_unicode(trained):
    """``LC_ALL=C`` and all that usually makes up for it switched off."""
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    code, out, err = graphnet_process("solve net.yaml --fresh", trained, **plain)
    assert (code, out.isascii(), err.isascii()) == (0, True, True), err
    assert "finished at iteration 6" in out


def test_a_pipe_that_does_not_block():
    """What does not fit yet waits until it does."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    script = "import sys, time; time.sleep(.5); print(len(sys.stdin.buffer.read()))"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=read_end, stdout=subprocess.PIPE
    ) as reader:
        os.close(read_end)
        with io.FileIO(write_end, "w") as end, io.BufferedWriter(Steady(end)) as stream:
            stream.write(bytes(1_000_000))
        assert reader.communicate()[0] == b"1000000\n"


def test_streams_are_as_they_were_afterwards(monkeypatch):
    """Also where they have no bytes, as in a notebook, or are not there."""
    for out in (io.StringIO(), text_in("ascii"), None):
        monkeypatch.setattr(sys, "stdout", out)
        before = sys.stdout, sys.stderr
        with steady_streams() as output:
            assert not (out is not None and sys.stdout is None)
        assert (sys.stdout, sys.stderr) == before
        assert output.verdict() == (0, "")
