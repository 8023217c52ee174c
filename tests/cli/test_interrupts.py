"""Ctrl-C outside training: 130, at most one line, at whatever moment it comes."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import ClassVar

import pytest

import graphnet
from graphnet.cli.interrupts import INTERRUPTED, quiet_interrupts

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(graphnet.__file__).parents[1])}

#: Imports something slow, as an import of NumPy is; the signal comes in the middle.
IMPORTING = """\
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from graphnet.cli.interrupts import quiet_interrupts
with quiet_interrupts():
    try:
        import interrupted_module
    except BaseException:
        print("the import raised")
"""
#: A command that answers the first Ctrl-C for long.
TWICE = """\
import os, signal, sys
from graphnet.cli import app, main
def stubborn(*args):
    try:
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        os.kill(os.getpid(), signal.SIGINT)
app.run = stubborn
sys.argv = ["graphnet", "check", "net.yaml"]
sys.exit(main())
"""


def python(code, *args):
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )
    return done.returncode, done.stdout, done.stderr


def test_in_the_middle_of_an_import(tmp_path):
    """The process ends at once: what a half-made module raises is nobody's business."""
    module = tmp_path / "interrupted_module.py"
    module.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nprint('on')\n")
    assert python(IMPORTING, str(tmp_path)) == (INTERRUPTED, "", "")


def test_twice():
    """The second one, while the first is being answered, changes nothing."""
    assert python(TWICE) == (INTERRUPTED, "", "")


def test_inside_it_is_an_exception():
    """And afterwards the process has none of it."""
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt, match=r"^$"), quiet_interrupts():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is not before
    finally:
        signal.signal(signal.SIGINT, before)


def test_only_where_ctrl_c_is_pythons():
    """A handler of the caller's own stays; other threads have none."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with quiet_interrupts():
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    entered = []

    def enter():
        with quiet_interrupts():
            entered.append(signal.getsignal(signal.SIGINT) is before)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [True]


@pytest.mark.parametrize("command", ["check net.yaml", "data info train.h5", "time net.yaml"])
def test_at_any_moment(folder, command):
    """From the first import of graphnet on."""
    for delay in (0.0, 0.1, 0.3, 0.7):
        with subprocess.Popen(
            [sys.executable, "-X", "importtime", "-m", "graphnet", *command.split()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            cwd=folder,
            text=True,
        ) as process:
            assert process.stderr
            for line in process.stderr:  # what is imported, as it is done
                if line.endswith("graphnet.cli.interrupts\n"):
                    break
            next(process.stderr)  # with the import after it under way, Ctrl-C is handled
            time.sleep(delay)
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            said = [line for line in process.stderr if not line.startswith("import time:")]
        # when the interpreter is all but gone the system ends it, which a shell calls 130 as well
        assert process.returncode in (0, INTERRUPTED, -signal.SIGINT), said
        assert said in ([], ["interrupted\n"])


def test_in_the_middle_of_a_download(run, folder, monkeypatch):
    """Nothing is left that could be taken for the data."""

    class Response(io.BytesIO):
        headers: ClassVar = {"Content-Length": "9000000"}

        def read(self, size=-1):
            raise KeyboardInterrupt

    monkeypatch.setenv("GRAPHNET_OFFLINE", "0")
    monkeypatch.setattr("urllib.request.urlopen", lambda *_args, **_more: Response())
    found = run("data mnist")
    assert (found.code, found.out, found.err) == (INTERRUPTED, "", "interrupted\n")
    assert not [path for path in folder.rglob("data/**/*") if path.is_file()]


@pytest.mark.parametrize("moment", ["graphnet.cli.predict.predictions", "h5py.File.create_dataset"])
def test_in_the_middle_of_predictions(run, folder, monkeypatch, moment):
    """While they are computed, and while they are written: there is no file, or the old one."""
    assert run("solve net.yaml --quiet").code == 0

    def interrupted(*_args, **_keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(moment, interrupted)
    (folder / "old.h5").write_bytes((folder / "train.h5").read_bytes())
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for output in ("new.h5", "old.h5"):
        found = run(f"predict net.yaml --weights run --input train.h5 --output {output}")
        assert (found.code, found.out, found.err) == (INTERRUPTED, "", "interrupted\n")
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before
