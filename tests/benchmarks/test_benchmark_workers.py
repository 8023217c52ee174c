"""Workers: a request and its answer, and what becomes of those that end."""

from __future__ import annotations

import ast
import sys

import pytest

from benchmarks.workers import (
    ROOT,
    TIMED_PARTS,
    Crew,
    Worker,
    WorkerEndedError,
    calls_in,
    seconds_of,
)

ECHO = "tests.support.echo_worker"


def echo(**task):
    return Worker(sys.executable, ECHO, task)


def test_a_worker_answers_what_it_is_asked():
    """It says what it is about first, then gives one answer for one request."""
    worker = echo(number=3)
    worker.ready()
    assert worker.about == {"number": 3}
    assert [worker.ask("double", n) for n in (1, 2.5)] == [2, 5.0]
    worker.close()


def test_a_worker_that_cannot_start_says_why():
    """The last line of its complaint is the reason."""
    worker = Worker(sys.executable, "benchmarks.no_such_module", {})
    with pytest.raises(WorkerEndedError, match=r"No module named benchmarks\.no_such_module"):
        worker.ready()
    worker.close()


def test_a_worker_that_fails_says_why_in_one_line():
    """The first line of what was raised, and its type."""
    worker = echo()
    worker.ready()
    with pytest.raises(WorkerEndedError, match=r"^RuntimeError: as it was told$"):
        worker.ask("fail")
    worker.close()


def test_a_peer_that_is_missing_is_named_and_the_others_go_on():
    """Who cannot start leaves the crew, with the reason."""
    with Crew({"graphnet": echo(), "PyTorch": echo(complaint="not installed")}) as crew:
        assert crew.unavailable == {"PyTorch": "ValueError: not installed"}
        assert crew.ask("double", 4) == {"graphnet": 8}


def test_without_graphnet_there_is_nothing_to_measure():
    """Where the essential worker ends, so does the suite."""
    crew = Crew({"graphnet": echo(complaint="broken")})
    with pytest.raises(WorkerEndedError, match="broken"):
        crew.__enter__()


class Clock:
    """A worker in this process; each answer is the number of the request among all workers'."""

    def __init__(self, name, asked, ends_at=1000):
        self.name, self.asked, self.ends_at = name, asked, ends_at

    def ask(self, what, *arguments):
        """The number of the request."""
        if len(self.asked) >= self.ends_at:
            raise WorkerEndedError("time is up")
        self.asked.append(self.name)
        return len(self.asked)

    def close(self):
        """Nothing has to end."""


def test_rounds_begin_with_another_worker_each_time():
    """No one always comes after the same other one; rounds that warm up do not count."""
    asked = []
    crew = Crew({name: Clock(name, asked) for name in ("graphnet", "b", "c")})
    found = crew.alternate(3, "train", warm_up=1)
    assert asked[:9] == ["graphnet", "b", "c", "b", "c", "graphnet", "c", "graphnet", "b"]
    assert found["graphnet"] == [6, 8, 10]


def test_one_that_ends_while_it_is_measured_is_left_out():
    """Its answers are too few to be compared; the others' are all there."""
    asked = []
    crew = Crew({"graphnet": Clock("graphnet", asked), "b": Clock("b", asked, ends_at=3)})
    found = crew.alternate(4, "train")
    assert list(found) == ["graphnet"]
    assert len(found["graphnet"]) == 4
    assert crew.unavailable == {"b": "time is up"}


def test_calls_that_are_not_timed_come_before_those_that_are():
    """As many as one part; and there is always one call to be timed."""
    calls = []
    assert seconds_of(lambda: calls.append(1), 5) >= 0
    assert len(calls) == 5 * (1 + TIMED_PARTS)
    assert calls_in(lambda: None, 0.0) >= 1


@pytest.mark.parametrize("module", ["torch_worker", "classics.torch_worker", "cliffs.torch_worker"])
def test_the_python_of_pytorch_needs_nothing_of_graphnet(module):
    """Its worker imports, with the packages it lies in, what every Python with PyTorch has."""
    waiting, seen = [f"benchmarks.{module}"], set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        parts = name.split(".")
        within = {".".join(parts[: n + 1]) for n in range(len(parts))}
        path = ROOT.joinpath(*parts)
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        imported = set()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module)
        others = {n.partition(".")[0] for n in imported} - {"benchmarks"}
        assert others <= {*sys.stdlib_module_names, "numpy", "torch"}, name
        waiting += {n for n in imported | within if n.startswith("benchmarks")} - seen
    assert len(seen) > 3
