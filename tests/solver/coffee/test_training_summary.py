"""TrainingSummary."""

import re

import numpy as np
import pytest
from support import fake_net

from graphnet.solver.coffee.training_summary import TrainingSummary


class Table:
    """A net, a state, a lounge, and a summary at it."""

    def __init__(self, summary=None):
        self.net, self.state, self.lounge, self.said = fake_net.table()
        self.summary = summary or TrainingSummary()
        self.losses = []
        self.summary.open(self.net, self.state, self.lounge)

    def train(self, n):
        """Do n forwards, each as an update."""
        for _ in range(n):
            self.net.forward()
            self.losses.append(self.net.loss())
            self.state.advance(self.net)
            self.state.update_run(seconds_trained=self.state.run.seconds_trained + 0.5)

    def report(self, summary=None):
        """Have a summary report."""
        self.lounge.start_iteration(self.state.iter)
        (summary or self.summary).enjoy(self.net, self.state, self.lounge)

    def recorded(self, key):
        """What the lounge has under a key."""
        return self.lounge.get_statistics(key)


def test_records_loss_rates_and_means():
    """The last batch's loss, and the mean of the net's statistics since the last report."""
    table = Table()
    table.state._lr, table.state._momentum = 0.01, 0.9
    table.train(3)
    table.report()
    table.train(2)
    table.report()
    assert table.recorded("obj_val") == {3: table.losses[2], 5: table.losses[4]}
    assert table.recorded("lr") == {3: 0.01, 5: 0.01}
    assert table.recorded("momentum") == {3: 0.9, 5: 0.9}
    means = table.recorded("train.loss")
    assert means[3] == pytest.approx(np.mean(table.losses[:3]), rel=1e-12)
    assert means[5] == pytest.approx(np.mean(table.losses[3:]), rel=1e-12)


def test_each_summary_has_its_own_window():
    """Two of them, as one per 100 iterations and one per epoch, do not disturb each other."""
    table, other = Table(), TrainingSummary()
    other.open(table.net, table.state, table.lounge)
    table.train(2)
    table.report()
    table.train(2)
    before = table.net.state_dict()["statistics"]
    table.report(other)
    mean = table.recorded("train.loss")[4]
    assert mean == pytest.approx(np.mean(table.losses), rel=1e-12)
    np.testing.assert_array_equal(table.net.state_dict()["statistics"]["loss"], before["loss"])


def test_two_that_report_on_the_same_iterations_say_it_once():
    """As where one is in the solver's file and another is added; with windows of two kinds, both.

    The next window of the one that was silent begins where it was silent.
    """
    table, same, longer = Table(), TrainingSummary(), TrainingSummary()
    for other in (same, longer):
        other.open(table.net, table.state, table.lounge)
    table.train(2)
    table.report()
    same.enjoy(table.net, table.state, table.lounge)
    assert len(table.said.lines) == 1
    table.train(1)
    table.report(same)
    longer.enjoy(table.net, table.state, table.lounge)
    means = [re.search(r"mean loss ([\d.]+)", line)[1] for line in table.said.lines[1:]]
    assert [float(mean) for mean in means] == pytest.approx(
        [table.losses[2], np.mean(table.losses)], rel=1e-4
    )


def test_sums_that_somebody_reset():
    """The mean is then of what came since."""
    table = Table()
    table.train(4)
    table.report()
    table.net.reset_statistics()
    table.train(1)
    table.report()
    assert table.recorded("train.loss")[5] == pytest.approx(table.losses[4])


def test_line():
    """One line, aligned, with the speed of the training itself."""
    table = Table()
    table.state._lr, table.state._momentum = 0.0099256, 0.9
    table.train(3)
    table.report()
    (line,) = table.said.lines
    assert re.fullmatch(
        r"iter      3  epoch   1  obj_val [\d.]+ +mean loss [\d.]+ +lr 0\.0099256  momentum 0\.9 +"
        r"1\.5 s, 8 samples/s",
        line,
    )


def test_methods_without_momentum():
    """Neither said nor recorded."""
    table = Table()
    table.train(1)
    table.report()
    assert table.recorded("momentum") == {}
    assert "momentum" not in table.said.lines[0]


def test_nothing_at_iteration_zero():
    """Nothing has been trained, so there is nothing to say."""
    table = Table()
    table.report()
    assert table.said.lines == []
    assert table.recorded("obj_val") == {}


def test_means_go_on_after_a_snapshot():
    """The window that was open is closed as if nothing had happened."""
    table = Table()
    table.train(2)
    table.report()
    table.train(1)
    again = TrainingSummary()
    again.load_state_dict(table.summary.state_dict())
    again.open(table.net, table.state, table.lounge)
    table.train(1)
    table.report(again)
    expected = table.recorded("train.loss")[4]
    table.report()
    assert table.recorded("train.loss")[4] == expected


def test_sums_of_another_kind_are_left_out():
    """A snapshot made by somebody else's hand cannot make the report fail."""
    table, again = Table(), TrainingSummary()
    table.train(3)
    again.load_state_dict({"sums/loss": "[1.0, 2.0, 3.0, 4.0]"})
    again.open(table.net, table.state, table.lounge)
    table.report(again)
    assert table.recorded("train.loss")[3] == pytest.approx(np.mean(table.losses))


def test_a_summary_that_was_not_there_before_begins_now():
    """Added to a run that goes on, it does not report what was before its time."""
    table, added = Table(), TrainingSummary()
    table.train(3)
    added.load_state_dict({})
    added.open(table.net, table.state, table.lounge)
    table.train(1)
    table.report(added)
    assert table.recorded("train.loss")[4] == pytest.approx(table.losses[3])


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (None, "iter epoch obj_val mean lr momentum 0.5"),
        (80, "iter epoch obj_val mean lr"),
        (60, "iter epoch obj_val mean"),
        (40, "iter obj_val"),
    ],
)
def test_the_line_fits_the_terminal(width, expected):
    """A narrow one does without speed and rates; what is recorded is the same."""
    table = Table()
    table.state._lr, table.state._momentum = 0.01, 0.9
    table.state.update_run(width=lambda: width, samples_per_iter=4)
    table.train(1)
    table.report()
    (line,) = table.said.lines
    assert [part.split()[0] for part in re.split("  +", line) if not part[0].isdigit()] == [
        word for word in expected.split() if not word[0].isdigit()
    ]
    assert ("samples/s" in line) == ("0.5" in expected)
    assert width is None or len(line) <= width
    assert len(table.recorded("lr")) == 1


def test_records_the_epoch_with_its_parts():
    """From the samples read, not from a clock; data without an end have no epochs."""
    table = Table()
    table.state.update_run(samples_per_iter=4)
    for _ in range(2):
        table.train(3)
        table.report()
    assert table.recorded("epoch") == {3: 1.2, 6: 2.4}
    endless = Table()
    endless.train(3)
    endless.net.n_samples = 0
    endless.report()
    assert endless.recorded("epoch") == {}
