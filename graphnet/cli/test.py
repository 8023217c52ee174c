"""``graphnet test``: run the test phase over its whole data set, and say how good it is."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from math import inf, isfinite
from pathlib import Path
from typing import Any

from graphnet.cli.given.run_data import choose_data
from graphnet.cli.given.trained import fill, open_trained, refuse_to_lose
from graphnet.cli.options import NetOptions
from graphnet.cli.output.examination import print_measures
from graphnet.cli.output.progress import RowBar
from graphnet.cli.output.summary import fallback_notice
from graphnet.cli.output.terminal import facts, is_terminal, notice, say, say_json
from graphnet.data.hdf5.writer import ADVICE
from graphnet.declare.overrides import Override
from graphnet.errors import TopologyError
from graphnet.files.paths import shown
from graphnet.files.writing import write_durably
from graphnet.inference.answer import JudgedAnswer
from graphnet.inference.examination.choosing import examined, examiner_of
from graphnet.inference.examination.csv_text import measures_csv
from graphnet.inference.examination.examiner import Examiner
from graphnet.inference.sinks.opening import check_ending
from graphnet.net.net import Net
from graphnet.net.spec import NetSpec

_ENDINGS = (".csv", ".tsv", ".json")


def test(  # what the command line gives
    path: Path,
    weights: Path | None,
    overrides: Sequence[Override],
    options: NetOptions,
    *,
    as_json: bool,
    target: Path | None,
    n_worst: int,
) -> None:
    """Evaluate a net with the params of a run, a snapshot or a model.

    Args:
        path: The net; or a run, a snapshot or a model, which hold it.
        weights: A run, a snapshot or a model. Default: those that ``path`` names.
        overrides: For the net.
        options: Where and how.
        as_json: Whether JSON is printed.
        target: A file for what was found; None for none.
        n_worst: How many of the worst rows are told.

    Raises:
        GraphnetError: If something in the files or the data is wrong.
    """
    if target is not None:
        check_ending(target, _ENDINGS)
    trained = open_trained(
        path, weights, overrides, user_code=options.user_code, check=_check_measures
    )
    spec = trained.spec
    if target is not None:
        refuse_to_lose(target, {}, path, trained, weights)
    run, recorded = path if weights is None else weights, trained.recorded_data
    data = choose_data(spec, offline=options.offline, phase="test", recorded=recorded, run=run)
    notice(fallback_notice(data), stderr=True)
    one = examined(data.spec)
    place = None if target is None else target.absolute()
    keep = "needed" if one is None else one.blobs
    with options.open_net(data.spec, "test", keep=keep) as net:
        fill(net, trained)
        total = net.evaluation_size
        if one is not None and net.blobs[one.answer].shape[0] != net.batch_size:
            one = None  # its rows are no samples, and not told of one by one
        with RowBar(total, is_shown=is_terminal(sys.stderr)) as bar:
            if one is None:
                examiner = None
                found = net.evaluate(each=lambda first: bar.at(first + net.n_valid))
            else:
                judged, shape = one.blobs, net.blobs[one.answer].shape
                examiner = examiner_of(data.spec, one, shape, trained.record, n_worst)

                def each(first: int) -> None:
                    n = net.n_valid
                    arrays = [net.backend.download(net.blobs[name].data)[:n] for name in judged]
                    examiner.add(first, *arrays)
                    bar.at(first + n)

                found = net.evaluate(each=each)
        measures = {} if examiner is None or one is None else _measures(net, examiner, one)
    statistics = {k: v if isfinite(v) else None for k, v in found.statistics.items()}
    whole = {"samples": found.samples, "statistics": statistics, **measures}
    if as_json:
        say_json(json.dumps(whole, indent=2, ensure_ascii=False))
    else:
        say(f"{net.name}: {found.samples:,} samples, {trained.file}")
        facts([(key, f"{value:.6g}") for key, value in found.statistics.items()])
        print_measures(measures, one.label if one is not None else "")
    if place is not None and target is not None:
        write_durably(place, _content(whole, place.suffix.lower()), ADVICE)
        if not as_json:
            say()
            say(f"written to {target}")


def _check_measures(spec: NetSpec) -> None:
    """See that there is something to measure."""
    if not spec.has_phase("test"):
        raise TopologyError(
            f"net '{spec.name}' has no loss and no statistic in phase test,"
            " so testing it tells nothing\n  add a layer such as Accuracy with 'phase: test'",
            spec.position,
        )


def _measures(net: Net, examiner: Examiner, one: JudgedAnswer) -> dict[str, Any]:
    """What was found, by what it was weighed, and the worst rows by their places."""
    weighed = {} if one.weights is None else {"weights": one.weights}
    worst = [
        {**_place(net, row.row), **row.detail}
        for row in examiner.worst.rows
        if row.cost > -inf  # otherwise nothing of it counts
    ]
    return {**examiner.measures(), **weighed, "worst": worst}


def _place(net: Net, row: int) -> dict[str, Any]:
    """The file of a row and its number there; only the number where nobody knows the file."""
    layer = next((one for one in net.data_layers if one.n_samples), None)
    text = None if layer is None else layer.place_of(row)
    file, comma, number = (text or "").rpartition(", row ")
    if not comma or not number.isdecimal():
        return {"file": None, "row": row}
    return {"file": str(shown(Path(os.path.normpath(file)))), "row": int(number)}


def _content(whole: dict[str, Any], suffix: str) -> bytes:
    if suffix == ".json":
        text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
        return text.encode("utf-8", "surrogateescape")
    delimiter = "\t" if suffix == ".tsv" else ","
    return measures_csv(whole, delimiter).encode("utf-8", "surrogateescape")
