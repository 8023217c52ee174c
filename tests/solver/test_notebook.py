"""Progress in a notebook, with a stand-in for IPython and with IPython itself."""

from __future__ import annotations

import re
import sys
from types import ModuleType, SimpleNamespace

import pytest
from support.fake_net import FakeNet
from support.fake_runs import solver_for

from graphnet.solver import notebook
from graphnet.solver.notebook import NotebookReporter, in_notebook
from graphnet.solver.reporter import RunProgress
from graphnet.solver.solver import solve
from graphnet.solver.state import SolverState


class Shown:
    """What a cell shows, and everything it has shown."""

    def __init__(self):
        self.texts = []

    def display(self, html, *, display_id):
        """Show something that can be updated."""
        assert display_id
        self.update(html)
        return self

    def update(self, html):
        """Show this instead."""
        self.texts.append(html.text)


@pytest.fixture
def shown(monkeypatch):
    """A notebook that shows HTML."""
    cell = Shown()
    ipython, display = ModuleType("IPython"), ModuleType("IPython.display")
    shell = type("ZMQInteractiveShell", (), {})()
    ipython.get_ipython = lambda: shell
    display.HTML, display.display = lambda text: SimpleNamespace(text=text), cell.display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return cell


@pytest.mark.usefixtures("shown")
def test_a_notebook_is_known_by_its_shell(monkeypatch):
    """A terminal with IPython is none, and where IPython is not loaded neither."""
    assert in_notebook()
    sys.modules["IPython"].get_ipython = type("TerminalInteractiveShell", (), {})
    assert not in_notebook()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not in_notebook()


def test_a_training_in_a_notebook_shows_a_bar(shown, tmp_path, monkeypatch, capsys):
    """By itself; it ends full, and the lines are printed as ever."""
    monkeypatch.setattr(notebook, "_REFRESH_S", 0.0)
    breaks = [{"type": "TrainingSummary", "every_n_iter": 5}]
    solve(solver_for(tmp_path, 10, breaks=breaks), FakeNet())
    values = [int(re.search(r'max="10" value="(\d+)"', text)[1]) for text in shown.texts]
    assert values[0] == 0
    assert values[-1] == 10
    assert values == sorted(values)
    assert len(values) == 12
    assert "iter 10/10" in shown.texts[-1]
    assert "loss " in shown.texts[-1]
    assert len(re.findall("^iter ", capsys.readouterr().out, re.MULTILINE)) == 2


def test_a_run_without_an_end_has_no_bar(shown):
    """The numbers alone."""
    reporter = NotebookReporter()
    reporter.start(RunProgress(SolverState(), 0, None, 4))
    reporter.step()
    reporter.finish()
    assert all("<progress" not in text for text in shown.texts)
    assert "iter 0" in shown.texts[-1]


def test_without_ipython_there_are_lines(monkeypatch, capsys):
    """Nothing else, and no error."""
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    assert not in_notebook()
    reporter = NotebookReporter()
    reporter.start(RunProgress(SolverState(), 0, 3, 4))
    reporter.step()
    reporter.line("a line")
    reporter.finish()
    assert capsys.readouterr().out == "a line\n"


def test_with_ipython_itself(capsys):
    """Outside of a notebook it prints a line for what would be shown."""
    pytest.importorskip("IPython", reason="needs the extra notebooks")
    reporter = NotebookReporter()
    reporter.start(RunProgress(SolverState(), 0, 3, 4))
    reporter.finish()
    assert "IPython.core.display.HTML" in capsys.readouterr().out
