"""The arguments and options that several commands have."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from graphnet.cli.output.terminal import parse_bytes

if TYPE_CHECKING:
    from graphnet.declare.overrides import Override
    from graphnet.layers.base import Phase
    from graphnet.net.net import Net
    from graphnet.net.spec import NetSpec


NetFile = Annotated[Path, typer.Argument(metavar="NET", help="The net's YAML file.")]
ShownNetFile = Annotated[
    Path, typer.Argument(metavar="NET", help="The net: YAML, .prototxt, .caffemodel or .onnx.")
]
SnapshotFile = Annotated[
    Path,
    typer.Argument(
        metavar="RUN|SNAPSHOT|MODEL",
        help="A snapshot, a model, or a run's directory, whose newest good snapshot is read.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY.PATH=VALUE",
        help="Change a value of the net or its solver, such as layers.conv1.n_filter=8 or"
        " max_iter=200. Name an item of a list by its name, type or index. May be repeated.",
    ),
]
Weights = Annotated[
    Path,
    typer.Option(
        metavar="RUN|SNAPSHOT|MODEL",
        help="The trained params: a run's directory, a snapshot or a model.",
    ),
]
PhaseName = Annotated[
    Literal["train", "test"], typer.Option(help="The phase whose layers are used.")
]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="How many threads compute. Default: one for each processor. The results are the same.",
    ),
]
BackendName = Annotated[
    str, typer.Option(metavar="NAME", help="Where the net runs: numpy (CPU), cupy (GPU) or auto.")
]
MemoryLimit = Annotated[
    int | None,
    typer.Option(
        metavar="SIZE",
        parser=parse_bytes,
        help="Refuse a net that needs more memory than this, such as 4GiB. Default: what is free.",
    ),
]
Offline = Annotated[
    bool,
    typer.Option("--offline", help="Do not download data; the same as GRAPHNET_OFFLINE=1."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NoUserCode = Annotated[
    bool,
    typer.Option(
        "--no-user-code",
        help="Refuse layers and coffee breaks that are Python classes of your own.",
    ),
]


@dataclass(frozen=True)
class NetOptions:
    """Where and how a net runs.

    Attributes:
        threads: None for one per processor.
        backend: Its name.
        offline: Do not download data.
        user_code: Whether classes may be named by a dotted path.
        memory_limit: The most bytes a net may need; None for what the machine has free.
    """

    threads: int | None
    backend: str
    offline: bool = False
    user_code: bool = True
    memory_limit: int | None = None

    def open_net(self, spec: NetSpec, phase: Phase, **more: Any) -> closing[Net]:
        """Load a net, which is closed when the ``with`` block ends."""
        from graphnet.net.load_net import load_net

        more |= {"threads": self.threads, "memory_limit": self.memory_limit}
        return closing(load_net(spec, phase, self.backend, **more))


Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        metavar="KEY[=VALUE]",
        help="Let a run that goes on have another lr_policy, mom_policy, regu_coef or"
        " clip_gradients than before: what is declared now, or with a value as by --set, such as"
        " lr_policy.base_lr=0.001. Recorded in run.json. With processors: let ranks be on"
        " processors of several kinds. May be repeated.",
    ),
]


def parse_changes(texts: Sequence[str] | None) -> tuple[list[Override], list[str]]:
    """What ``--override`` says: values to be set, and the keys of the solver that may differ.

    Raises:
        typer.BadParameter: If a text names another key.
    """
    from graphnet.declare.overrides import parse_override
    from graphnet.solver.spec import OVERRIDABLE, PROCESSORS

    values, keys = [], []
    for text in texts or ():
        key = text.partition("=")[0].split(".")[0].strip()
        if key not in OVERRIDABLE and text != PROCESSORS:
            said = f"'{text}' is of another key: a run that goes on keeps it"
            known = f"  expected {', '.join((*OVERRIDABLE, PROCESSORS))}"
            raise typer.BadParameter(f"{said}\n{known}", param_hint="--override")
        keys.append(key)
        if "=" in text:
            try:
                values.append(replace(parse_override(text), text=f"--override {text}"))
            except ValueError as error:
                raise typer.BadParameter(str(error), param_hint="--override") from None
    return values, keys


def parse_overrides(texts: Sequence[str] | None) -> list[Override]:
    """What ``--set`` says.

    Raises:
        typer.BadParameter: If a text is no ``KEY.PATH=VALUE``.
    """
    from graphnet.declare.overrides import parse_override

    try:
        return [parse_override(text) for text in texts or ()]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--set") from None
