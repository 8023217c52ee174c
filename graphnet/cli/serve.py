"""``graphnet serve``: a trained net over HTTP."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from graphnet.blob import Shape
from graphnet.cli.given.trained import fill, open_trained
from graphnet.cli.options import NetOptions
from graphnet.cli.output.streams import output_is_a_log
from graphnet.cli.output.terminal import say, warn
from graphnet.declare.overrides import Override
from graphnet.errors import GraphnetError, MissingExtraError, SpecError
from graphnet.files.paths import shown
from graphnet.files.reading import read_regular
from graphnet.installation import pip_install
from graphnet.serving.app import Service, ServiceLimits
from graphnet.serving.served_net import ServedNet

#: The variable that a bearer token may be in.
TOKEN = "GRAPHNET_TOKEN"  # noqa: S105  # its name, not the token
_LOCAL = ("127.0.0.1", "localhost", "::1")
#: Requests that are being answered when the service is asked to end may take so long.
_GRACE_S = 10


def serve(  # one for each option
    path: Path,
    weights: Path | None,
    address: tuple[str, int],
    limits: ServiceLimits,
    overrides: Sequence[Override],
    options: NetOptions,
    *,
    classes: str | None = None,
    shapes: Sequence[str] = (),
) -> None:
    """Serve until a signal ends it.

    Args:
        path: A run, snapshot or model, or a net's YAML file with ``weights``.
        weights: A run, a snapshot or a model. Default: those that ``path`` names.
        address: The host and the port; 0 for one that is free.
        limits: What a request may cost.
        overrides: For a net.
        options: Where it runs.
        classes: Names of the classes, with commas.
        shapes: ``BLOB=1,28,28``, where the net's data cannot say it.

    Raises:
        GraphnetError: If the net cannot be loaded, or the port is taken.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtraError(
            f"graphnet serve needs more: {error}\n  install it: {pip_install('serve')}"
        ) from error
    trained = open_trained(path, weights, overrides, user_code=options.user_code)
    net = ServedNet(
        trained,
        partial(fill, trained=trained),
        classes=[name.strip() for name in classes.split(",")] if classes else (),
        shapes=_shapes(shapes),
        backend=options.backend,
        threads=options.threads,
        memory_limit=options.memory_limit,
    )
    output_is_a_log()
    try:
        with _bound(*address) as listening:
            host = f"[{address[0]}]" if ":" in address[0] else address[0]
            say(f"http://{host}:{listening.getsockname()[1]}")
            said = f"net '{net.name}', {net.n_params:,} params from {shown(trained.file)}"
            say(f"{said}; Ctrl-C ends it")
            if address[0] not in _LOCAL and not limits.token:
                warn(f"warning: anybody who reaches {address[0]} may ask; set {TOKEN} to a secret")
            config = uvicorn.Config(
                Service(net, limits).app,
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_S,
            )
            with _signals_end_it():
                uvicorn.Server(config).run(sockets=[listening])
        say("ended")
    finally:
        net.close()


def _shapes(texts: Sequence[str]) -> Mapping[str, Shape]:
    found = {}
    for text in texts:
        name, _, sizes = text.partition("=")
        try:
            found[name] = tuple(int(size) for size in sizes.split(","))
        except ValueError:
            raise SpecError(f"--shape {text}: expected BLOB=1,28,28") from None
    return found


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens, so that whoever reads the address can connect."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends answers at once only where the socket says that its protocol is TCP: otherwise
    # the second packet of each waits some 40 ms for the client's acknowledgement of the first
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, port))
            made.listen(128)
        except (OSError, OverflowError) as error:
            said = getattr(error, "strerror", None) or error
            raise GraphnetError(
                f"{host}:{port} cannot be served at: {said}\n"
                "  choose another port: --port N, or 0 for one that is free"
            ) from error
        yield made


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """Within, SIGINT and SIGTERM end the service and nothing more: that is how it is ended."""

    def ended(_number: int, _frame: FrameType | None) -> None:
        """The server has taken it, and hands it on when it has ended."""

    numbers = (signal.SIGINT, signal.SIGTERM)
    before: dict[signal.Signals, Any] = {n: signal.signal(n, ended) for n in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def token_of(file: Path | None) -> str:
    """The bearer token: of a file, of the environment, or none.

    Raises:
        SpecError: If the file is empty.
    """
    if file is None:
        return os.environ.get(TOKEN, "").strip()
    token = read_regular(file).decode("utf-8").strip()
    if not token:
        raise SpecError(f"{file}: is empty; expected a token")
    return token
