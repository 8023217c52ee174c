"""Trained nets as the command line names them, and what must not be lost when one writes a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from graphnet.cli.given.net_and_solver import read_net_alone
from graphnet.cli.given.weights import GivenWeights, read_given
from graphnet.data.source import entries
from graphnet.declare.overrides import Override
from graphnet.errors import SpecError
from graphnet.files.paths import refuse_to_write_over
from graphnet.files.reading import open_regular
from graphnet.inference.trained import Trained, holds_net, read_trained
from graphnet.net.net import Net
from graphnet.net.spec import NetSpec
from graphnet.solver.record.snapshot_file import begins_as_snapshot


def open_trained(
    path: Path,
    weights: Path | None,
    overrides: Sequence[Override],
    *,
    user_code: bool,
    check: Callable[[NetSpec], None] = lambda _: None,
) -> Trained:
    """The net of a YAML file with weights, or of a run, a snapshot or a model.

    Args:
        path: The net, or what holds it.
        weights: Whose params it gets; None for those that ``path`` holds.
        overrides: For the net.
        user_code: Whether classes may be named by a dotted path.
        check: Raises if the net is not fit for what is to be done with it.

    Raises:
        SpecError: If weights are needed and none are named.
    """
    if holds_net(path):
        trained = read_trained(path, overrides, user_code=user_code)
        check(trained.spec)
        return trained if weights is None else _with(trained.spec, weights)
    spec = read_net_alone(path, overrides, user_code=user_code)
    check(spec)
    if weights is None:
        raise SpecError(
            f"{path}: a net's YAML file holds no params\n  name those that were trained:"
            " --weights RUN; or give the run's directory in place of the net"
        )
    return _with(spec, weights)


def _with(spec: NetSpec, weights: Path) -> Trained:
    given = read_given(weights)
    return Trained(spec, given.file, given.contents, given.format)


def fill(net: Net, trained: Trained) -> None:
    """Put what was learned into a net, all of which it fills.

    Raises:
        SnapshotError: Listing what is missing or has another shape.
    """
    GivenWeights(trained.file, trained.contents, trained.format).fill(net)


def refuse_to_lose(
    target: Path, read: Mapping[str, Path], net: Path, trained: Trained, weights: Path | None
) -> None:
    """See that what is written takes the place of nothing that is read or that a run has made.

    Args:
        target: The file to be written.
        read: Files that are read besides, by what they are.
        net: As the user named it.
        trained: What it is.
        weights: As the user named them.

    Raises:
        SpecError: If it does.
    """
    spec = trained.spec
    paths = [Path(e) for n in spec.data_nodes() for e in entries(n.spec.data_source or ())]
    refuse_to_write_over(
        target,
        {
            **read,
            **({} if net.is_dir() else {"the net": net}),
            **({"the net's solver": spec.solver} if spec.solver else {}),
            "the weights": trained.file,
            **{f"what the net reads ({path.name})": path for path in paths},
        },
    )
    for run in (weights, net):
        if run is None or not run.is_dir():
            continue
        if target.absolute().parent.resolve().is_relative_to(run.resolve()):
            raise SpecError(
                f"{target}: lies in the directory of the run {run}\n  choose another place for it"
            )
    if target.is_file():
        with open_regular(target) as existing:
            if begins_as_snapshot(existing.read(64)):
                raise SpecError(
                    f"{target}: is a snapshot or model, which would be lost\n"
                    "  choose another file to write to"
                )
