"""What all campaigns share: folders, slices, figures, pages, stopping and going on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="slices are forked processes")
figures = pytest.importorskip("tests.campaigns.figures")
if hasattr(os, "fork"):
    from tests.campaigns.folder import CampaignFolder, figures_in
    from tests.campaigns.pages import put_into_page, table
    from tests.campaigns.slices import run_slices

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0

#: A campaign whose slices are told by files how long to take.
COUNTING = """\
import argparse
import os
import sys
import time
from pathlib import Path

from tests.campaigns.command import add_options, run


class Counting:
    name = "counting"

    def settings(self):
        return {}

    def prepare(self, folder):
        (folder / "shared").write_text("7")

        def slice_of(number, own):
            shared = int((folder / "shared").read_text())
            Path(os.environ["BEGUN"], str(number)).touch()
            if "raise" in os.environ and number == 2:
                raise KeyError("lost")
            while number >= int(os.environ.get("STOPS_AT", 99)):
                time.sleep(0.01)
            return {"n": 1, "sum": number, "shared": {"most": [shared]}}

        return slice_of

    def slices(self):
        return 5

    def is_enough(self, figures):
        return figures.get("n", 0) >= int(os.environ.get("ENOUGH", 99))

    def report(self, figures):
        return [f"slices {figures.get('n', 0)}"]

    def page(self, figures):
        return [f"There were {figures['n']}."]


parser = argparse.ArgumentParser()
add_options(parser)
sys.exit(run(Counting(), parser.parse_args()))
"""


class Command:
    """The campaign above as a command."""

    def __init__(self, folder):
        self.folder, self.begun = folder, folder / "begun"
        self.begun.mkdir()
        (folder / "counting.py").write_text(COUNTING, "utf-8")

    def start(self, *options, **environment):
        """Begin it."""
        return subprocess.Popen(
            [sys.executable, "counting.py", "--folder", "campaign", "--jobs", "2", *options],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "BEGUN": str(self.begun), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *options, **environment):
        """Its exit code, and what it printed."""
        process = self.start(*options, **environment)
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err

    def lines(self):
        """What is noted in its folder."""
        text = (self.folder / "campaign" / "slices.jsonl").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def wait_for(self, number):
        """Until a slice has begun."""
        limit = time.monotonic() + PATIENCE
        while not (self.begun / str(number)).exists():
            assert time.monotonic() < limit, f"slice {number} has not begun"
            time.sleep(0.01)


@pytest.fixture
def command(tmp_path):
    return Command(tmp_path)


def test_figures_add_up():
    """Numbers and mappings are added, the greatest is kept, lists stay short."""
    one = {"n": 1, "by": {"a": 2}, "slowest": figures.most(0.5, "x"), "wrong": ["p"] * 60}
    other = {"n": 2, "by": {"a": 1, "b": 1}, "slowest": figures.most(0.7, "y"), "wrong": ["q"] * 60}
    found = figures.add(one, other)
    assert found["n"] == 3
    assert found["by"] == {"a": 3, "b": 1}
    assert found["slowest"] == {"most": [0.7, "y"]}
    assert (len(found["wrong"]), found["wrong"][-1]) == (100, "q")


def test_all_slices_are_done_and_reported(command):
    """Each once, with its time; the report is in the folder, too."""
    code, out, err = command("--json", "figures.json")
    assert (code, err) == (0, "")
    assert out.startswith("slices 5\nmachine hours ")
    found = json.loads((command.folder / "figures.json").read_text("utf-8"))
    assert (found["n"], found["sum"], found["shared"]) == (5, 10, {"most": [7]})
    assert sorted(one["slice"] for one in command.lines() if "slice" in one) == [0, 1, 2, 3, 4]
    assert (command.folder / "campaign" / "report.txt").read_text("utf-8") == out
    code, out, _ = command()  # nothing is left to do
    assert (code, out.splitlines()[0]) == (0, "slices 5")
    assert len(command.lines()) == 7  # five slices, two starts


@pytest.mark.parametrize("way", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_what_is_stopped_goes_on(command, way):
    """A request to end waits for the slices that are being done; a kill loses these alone."""
    process = command.start(STOPS_AT="3")
    command.wait_for(3)
    command.wait_for(4)
    process.send_signal(getattr(signal, way))
    if way != "SIGKILL":
        time.sleep(0.1)
        process.send_signal(getattr(signal, way))  # the second does not wait
    process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    lines = command.folder / "campaign" / "slices.jsonl"
    lines.write_bytes(lines.read_bytes() + b'{"slice": 3, "secon')  # as a power cut may leave it
    assert command()[:2] == (0, (command.folder / "campaign" / "report.txt").read_text("utf-8"))
    done = [one["slice"] for one in command.lines() if "slice" in one]
    assert sorted(done) == [0, 1, 2, 3, 4]


def test_one_stop_waits_for_what_is_being_done(command):
    """What was begun is counted, and nothing else is begun."""
    process = command.start("--jobs", "1", ENOUGH="2")
    out, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out.splitlines()[0]) == (0, "slices 2")


def test_a_slice_that_fails_is_wrong(command):
    """It is counted as such, with what it said, and the others are done."""
    code, out, err = command(**{"raise": "1"})
    assert code == 1
    assert out.splitlines()[0] == "slices 4"
    assert "WRONG: slice 2: Traceback" in out
    assert "KeyError: 'lost'" in err


def test_another_seed_is_another_campaign(command):
    """Its figures would not belong together."""
    command()
    code, _, err = command("--seed", "1")
    assert code == 1
    assert "was begun with" in err
    assert "choose another --folder" in err


def test_figures_go_into_a_page(command):
    """Between the markers; what is around them stays. Other folders' figures may be added."""
    page = command.folder / "page.md"
    around = "# Title\n\n<!-- figures of counting -->\nold\n<!-- end of counting -->\nrest\n"
    page.write_text(around, "utf-8")
    assert command("--docs", str(page), "--also", "campaign")[0] == 0
    text = page.read_text("utf-8")
    assert text.startswith("# Title\n\n<!-- figures of counting -->\n\nThere were 10.\n\nIt took ")
    assert text.endswith("\n\n<!-- end of counting -->\nrest\n")
    assert "old" not in text
    page.write_text("# Title\n", "utf-8")
    with pytest.raises(SystemExit, match="has no lines '<!-- figures of counting -->'"):
        put_into_page(page, "counting", [])


def test_a_folder_is_one_process_s(command):
    """A second one is told, while the first is going on."""
    first = command.start(STOPS_AT="3")
    command.wait_for(3)
    code, _, err = command()
    first.kill()
    first.communicate(timeout=PATIENCE)
    assert (code, err.partition("campaign: ")[2]) == (1, "another process works on this campaign\n")


def test_what_a_folder_has_counted(tmp_path):
    """For another campaign's report."""
    folder = CampaignFolder(tmp_path, {"seed": 0})
    folder.add(3, 1.5, 1.0, {"n": 1})
    folder.close()
    assert figures_in(tmp_path) == ({"n": 1}, 1.5)


def test_a_slice_that_hangs_is_ended(tmp_path):
    """With the processes it has started; the others are not kept waiting."""

    def slice_of(number, _own):
        if number:
            if not os.fork():
                time.sleep(1000)
            time.sleep(1000)
        return {"n": 1}

    done = {
        one.number: one.figures
        for one in run_slices(iter((0, 1)), slice_of, tmp_path, 2, patience=1.0)
    }
    assert done[0]["n"] == 1
    assert done[1]["wrong"] == ["slice 1: ended with -9"]
    assert list(tmp_path.iterdir()) == []


def test_a_table():
    """As Markdown."""
    assert table(("a", "b"), [("1", "2")]) == ["| a | b |", "|---|---|", "| 1 | 2 |"]
