"""``graphnet predict``: run a trained net on rows of files, and show or write what it says."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from graphnet.blob import shape_text
from graphnet.cli.given.trained import fill, open_trained, refuse_to_lose
from graphnet.cli.options import NetOptions
from graphnet.cli.output.prediction_table import PredictionTable
from graphnet.cli.output.progress import RowBar
from graphnet.cli.output.terminal import facts, is_terminal, notice, say, say_json
from graphnet.declare.overrides import Override
from graphnet.errors import SpecError
from graphnet.inference.answer import answer_of
from graphnet.inference.fed import FedBlob, declared_shape, fed_blobs
from graphnet.inference.predictions import Fed, predictions
from graphnet.inference.restored import restorers
from graphnet.inference.rows.opening import GivenInput, InputOptions, given_inputs, open_rows
from graphnet.inference.sinks.opening import check_ending, open_sink
from graphnet.inference.sinks.texts import JsonLines
from graphnet.inference.trained import Trained
from graphnet.net.predicting.predict import check_rows_apart, output_names, prediction_spec

_DTYPE = np.dtype("float32")


@dataclass(frozen=True)
class PredictOptions:
    """What is fed and what is shown.

    Attributes:
        blobs: That get the rows; none: the data that the net computes with.
        raw: Whether rows are already what the blobs hold.
        top: How many of the most probable classes are shown.
        as_json: Whether a line of JSON is printed for each row.
        inputs: How inputs are read.
    """

    blobs: Sequence[str] = ()
    raw: bool = False
    top: int = 1
    as_json: bool = False
    inputs: InputOptions = field(default_factory=InputOptions)


def predict(  # what the command line gives
    path: Path,
    weights: Path | None,
    texts: Sequence[str],
    target: Path | None,
    overrides: Sequence[Override],
    wanted: PredictOptions,
    options: NetOptions,
) -> None:
    """Predict every row of the inputs.

    Rows are as in the net's data files: what was done to these when they were packed, and the
    transformers of the test phase's data layers, are done to them. The net's own data are not
    opened.

    Args:
        path: The net; or a run, a snapshot or a model, which hold it.
        weights: A run, a snapshot or a model. Default: those that ``path`` names.
        texts: The inputs.
        target: The file to write; None: to the terminal.
        overrides: For the net.
        wanted: What is fed, and what is shown.
        options: Where and how.

    Raises:
        GraphnetError: If something in the files is wrong.
    """
    if target is not None:
        check_ending(target)
        if wanted.as_json and target.suffix.lower() not in (".jsonl", ".ndjson", ".json"):
            raise SpecError(f"{target}: --json writes lines of JSON\n  name a file such as o.jsonl")
    trained = open_trained(path, weights, overrides, user_code=options.user_code)
    place = None if target is None else target.absolute()  # user code may change the directory
    with given_inputs(texts) as inputs, tempfile.TemporaryDirectory() as folder:
        if target is not None:
            read = {_called(one, inputs): one.path for one in inputs}
            refuse_to_lose(target, read, path, trained, weights)
        blobs = fed_blobs(trained, wanted.blobs, _DTYPE, raw=wanted.raw)
        rows = open_rows(inputs, blobs, wanted.inputs, Path(folder))
        fed = Fed(rows, blobs)
        _check_declared(trained, blobs, fed, inputs)
        check_rows_apart(trained.spec)
        spec = prediction_spec(trained.spec, fed.shapes, fed.batch)
        outputs = output_names(spec)
        with options.open_net(spec, "test", keep=outputs) as net:
            fill(net, trained)
            shapes = {name: net.blobs[name].shape[1:] for name in outputs}
            restore = {} if wanted.raw else restorers(trained.spec, outputs, trained.record)
            answer = answer_of(trained.spec, trained.record, list(shapes.items()))
            n = 0
            if place is not None:
                with open_sink(place, shapes, answer, wanted.top) as sink, _bar(rows.n_rows) as bar:
                    for some in predictions(net, fed, outputs, restore):
                        sink.write(some)
                        n += len(some.places)
                        bar.at(n)
            else:
                lines = JsonLines(answer, wanted.top)
                files = [one.name for one in inputs]
                is_one = len(inputs) == 1 and not inputs[0].path.is_dir()
                table = PredictionTable(shapes, answer, wanted.top, () if is_one else files)
                for some in predictions(net, fed, outputs, restore):
                    if wanted.as_json:
                        for line in lines.lines(some):
                            say_json(line)
                    else:
                        table.write(some)
    if target is not None:
        named = ", ".join(one.name for one in inputs[:3]) + ", …" * (len(inputs) > 3)  # noqa: PLR2004
        say(f"{n:,} row{'s'[: n != 1]} of {named}, {trained.file}")
        facts([(name, f"{shape_text((n, *s))} in {target}") for name, s in shapes.items()])
    notice(list(rows.notes), stderr=True)


def _check_declared(
    trained: Trained, blobs: Sequence[FedBlob], fed: Fed, inputs: Sequence[GivenInput]
) -> None:
    """See that rows have the shape that the data layers declare, as far as that is known."""
    for blob in blobs:
        expected = declared_shape(trained, blob.name)
        if expected is not None and fed.shapes[blob.name] != expected:
            told = FedBlob(blob.name, blob.feed, expected)
            told.check(fed.shapes[blob.name], inputs[0].name)


@contextmanager
def _bar(n_rows: int | None) -> Iterator[RowBar]:
    """A bar on a terminal; nothing elsewhere."""
    bar = RowBar(n_rows, is_shown=is_terminal(sys.stderr))
    with bar:
        yield bar


def _called(one: GivenInput, inputs: Sequence[GivenInput]) -> str:
    return "the input" if len(inputs) == 1 else f"the input {one.name}"
