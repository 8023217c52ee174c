"""``graphnet export features``: the values of blobs over a whole data set."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graphnet.blob import shape_text
from graphnet.cli.given.run_data import choose_data
from graphnet.cli.given.trained import fill, open_trained, refuse_to_lose
from graphnet.cli.options import NetOptions
from graphnet.cli.output.progress import RowBar
from graphnet.cli.output.summary import fallback_notice
from graphnet.cli.output.terminal import facts, is_terminal, notice, say
from graphnet.declare.overrides import Override
from graphnet.errors import ShapeError, SpecError, did_you_mean, listed
from graphnet.inference.predictions import Predicted
from graphnet.inference.sinks.opening import HDF5, NPY, check_ending, open_sink
from graphnet.layers.base import Phase
from graphnet.net.net import Net
from graphnet.net.passes import select_phase
from graphnet.net.spec import NetSpec


def features(  # what the command line gives
    path: Path,
    weights: Path | None,
    blobs: Sequence[str],
    phase: Phase,
    target: Path,
    overrides: Sequence[Override],
    options: NetOptions,
) -> None:
    """Write the values of blobs for each sample of a phase's data, in the order of the data.

    Args:
        path: The net; or a run, a snapshot or a model, which hold it.
        weights: A run, a snapshot or a model. Default: those that ``path`` names.
        blobs: Their names.
        phase: Whose layers are run, on whose data.
        target: The file to write.
        overrides: For the net.
        options: Where and how.

    Raises:
        GraphnetError: If something in the files or the data is wrong.
    """
    check_ending(target, (*HDF5, NPY))
    trained = open_trained(path, weights, overrides, user_code=options.user_code)
    place, names = target.absolute(), list(dict.fromkeys(blobs))
    refuse_to_lose(target, {}, path, trained, weights)
    _check_blobs(trained.spec, names, phase)
    run, recorded = path if weights is None else weights, trained.recorded_data
    data = choose_data(
        trained.spec, offline=options.offline, phase=phase, recorded=recorded, run=run
    )
    notice(fallback_notice(data), stderr=True)
    spec = data.spec.with_nodes(replace(n, spec=n.spec.in_order()) for n in data.spec.nodes)
    with options.open_net(spec, phase, keep=names) as net:
        fill(net, trained)
        shapes = {name: net.blobs[name].shape[1:] for name in names}
        _check_rows(net, names)
        total = net.evaluation_size
        with (
            open_sink(place, shapes, None, 1) as sink,
            RowBar(total, is_shown=is_terminal(sys.stderr)) as bar,
        ):

            def each(first: int) -> None:
                n = net.n_valid
                found = {m: net.backend.download(net.blobs[m].data)[:n] for m in names}
                sink.write(Predicted(first, (), found))
                bar.at(first + n)

            samples = net.evaluate(each=each).samples
    say(f"{samples:,} samples of phase {phase}, {trained.file}")
    facts([(name, f"{shape_text((samples, *s))} in {target}") for name, s in shapes.items()])


def _check_blobs(spec: NetSpec, names: Sequence[str], phase: Phase) -> None:
    """See that the phase has these blobs."""
    nodes = select_phase(spec.nodes, phase)
    known = list(dict.fromkeys(top for node in nodes for top in node.tops))
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"\n  it has: {listed(known)}"
            raise SpecError(f"net '{spec.name}' has no blob '{name}' in phase {phase}{hint}")


def _check_rows(net: Net, names: Sequence[str]) -> None:
    """See that each blob has a row for each sample."""
    for name in names:
        if net.blobs[name].shape[0] != net.batch_size:
            shape = shape_text(net.blobs[name].shape)
            raise ShapeError(
                f"blob '{name}' is {shape}: its first axis does not count the {net.batch_size}"
                " samples of a batch\n  name a blob before its axes are changed"
            )
