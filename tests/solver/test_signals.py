"""Signals."""

import os
import signal
import threading
from pathlib import Path

import pytest

from graphnet.solver.signals import Interrupted, SignalWatch

STOPS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.mark.parametrize(("number", "exit_code"), STOPS)
def test_first_asks_and_second_stops(number, exit_code):
    """The first sets a flag that the loop looks at; the second raises at once."""
    with SignalWatch() as watch:
        os.kill(os.getpid(), number)
        assert watch.stop == number
        with pytest.raises(Interrupted, match=f"stopped by {number.name}") as error:
            os.kill(os.getpid(), number)
    assert error.value.exit_code == exit_code


def test_hangup_asks_for_a_snapshot():
    """And for nothing else."""
    with SignalWatch() as watch:
        os.kill(os.getpid(), signal.SIGHUP)
        assert (watch.wants_snapshot, watch.stop) == (True, 0)


def test_handlers_of_before_come_back():
    """Whatever they were."""
    before = signal.signal(signal.SIGHUP, print)
    try:
        with SignalWatch():
            assert signal.getsignal(signal.SIGHUP) is not print
        assert signal.getsignal(signal.SIGHUP) is print
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ignored_signals_stay_ignored():
    """A run under nohup is not disturbed."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with SignalWatch() as watch:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not watch.wants_snapshot
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_install_nothing():
    """Only the main thread may; a run in another one is simply not watched."""
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def enter():
        with SignalWatch():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]


def test_message_says_what_was_saved():
    """And how to go on."""
    error = Interrupted(signal.SIGTERM, Path("run/s.h5"))
    assert str(error) == "stopped by SIGTERM; saved run/s.h5, solve again to go on"
    assert str(Interrupted(signal.SIGINT)) == "stopped by SIGINT"
    assert isinstance(error, KeyboardInterrupt)
