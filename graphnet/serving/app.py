"""The service: routes, limits, and what is counted; an application of Starlette's."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePath
from typing import Any

from graphnet.errors import MissingExtraError
from graphnet.installation import pip_install
from graphnet.serving import bodies
from graphnet.serving.batching import Batcher
from graphnet.serving.metrics import CONTENT_TYPE, Metrics
from graphnet.serving.openapi import openapi, operations
from graphnet.serving.refusal import RefusalError
from graphnet.serving.served_net import ServedNet

try:
    from starlette.applications import Starlette
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import HTMLResponse, JSONResponse, Response
    from starlette.routing import Route
except ImportError as missing:
    raise MissingExtraError(
        f"graphnet serve needs more: {missing}\n  install it: {pip_install('serve')}"
    ) from missing

_PAGES = Path(__file__).parent / "pages"
_TOO_LARGE, _UNAUTHORIZED, _TIMEOUT, _UNSUPPORTED = 413, 401, 408, 415
_GONE = 499
#: Kinds of bodies that are tables, and what files of them are called.
_TABLES = {"text/csv": ".csv", "text/tab-separated-values": ".tsv"}
#: Nothing outside the service is ever asked for by its pages.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True)
class ServiceLimits:
    """What a request may cost.

    Attributes:
        body_bytes: Of its body.
        rows: That it asks for.
        seconds: Until its body is there, and again until it is answered.
        token: What it must bring as bearer token; empty for nothing.
        top: Classes that a plain answer names for each row.
    """

    body_bytes: int = 8 * 1024**2
    rows: int = 1024
    seconds: float = 30.0
    token: str = ""
    top: int = 5


class Service:
    """A served net behind HTTP.

    Attributes:
        app: The ASGI application.

    Args:
        net: What answers.
        limits: What a request may cost.
    """

    def __init__(self, net: ServedNet, limits: ServiceLimits = ServiceLimits()) -> None:  # frozen
        self.net, self.limits = net, limits
        self.metrics, self.batcher = Metrics(), Batcher(net.run)
        routes: list[tuple[str, str, Callable[[Request], Awaitable[Response]], bool]] = [
            ("/predict", "POST", self.predict, True),
            ("/", "GET", self.page, False),
            ("/docs", "GET", self.docs, False),
            ("/openapi.json", "GET", self.openapi, False),
            ("/pages/{name}", "GET", self.file, False),
            ("/v2/health/live", "GET", self.healthy, False),
            ("/v2/health/ready", "GET", self.healthy, False),
            ("/about", "GET", self.about, True),
            ("/metrics", "GET", self.show_metrics, True),
            ("/v2", "GET", self.server, True),
            ("/v2/models/{model}", "GET", self.model, True),
            ("/v2/models/{model}/ready", "GET", self.ready, True),
            ("/v2/models/{model}/infer", "POST", self.infer, True),
        ]
        self.app = Starlette(
            routes=[
                Route(path, self._guarded(path, answer, closed=closed), methods=[method])
                for path, method, answer, closed in routes
            ],
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Any) -> AsyncIterator[None]:
        self.batcher.start()
        yield
        await self.batcher.stop()

    def _guarded(
        self, route: str, answer: Callable[[Request], Awaitable[Response]], *, closed: bool
    ) -> Callable[[Request], Awaitable[Response]]:
        """An answer whose refusals become responses, and which is counted."""

        async def guarded(request: Request) -> Response:
            start = time.perf_counter()
            try:
                if closed:
                    self._check_token(request)
                response = await answer(request)
            except RefusalError as refusal:
                response = JSONResponse({"error": str(refusal)}, refusal.status)
                if refusal.status == _UNAUTHORIZED:
                    response.headers["WWW-Authenticate"] = "Bearer"
            except ClientDisconnect:
                response = Response(status_code=_GONE)  # which nobody reads
            except Exception as error:  # noqa: BLE001  # the service goes on
                said = f"{type(error).__name__}: {error}"
                response = JSONResponse({"error": said}, 500)
            response.headers.update(_HEADERS)
            self.metrics.count(route, response.status_code, time.perf_counter() - start)
            return response

        return guarded

    def _check_token(self, request: Request) -> None:
        if not self.limits.token:
            return
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        wanted = self.limits.token.encode()
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), wanted):
            raise RefusalError(_UNAUTHORIZED, "expected the header Authorization: Bearer TOKEN")

    async def _body(self, request: Request) -> bytes:
        """The body, no larger than allowed and not later than allowed."""
        most = self.limits.body_bytes
        stated = request.headers.get("Content-Length", "")
        if stated.isdecimal() and int(stated) > most:
            raise RefusalError(_TOO_LARGE, f"the body is larger than {most:,} bytes")
        body = bytearray()
        try:
            async with asyncio.timeout(self.limits.seconds):
                async for part in request.stream():
                    body += part
                    if len(body) > most:
                        raise RefusalError(_TOO_LARGE, f"the body is larger than {most:,} bytes")
        except TimeoutError:
            raise RefusalError(_TIMEOUT, "the body did not come in time") from None
        return bytes(body)

    async def _outputs(self, rows: Any) -> Any:
        n_rows = len(next(iter(rows.values())))
        if n_rows > self.limits.rows:
            raise RefusalError(
                _TOO_LARGE, f"{n_rows:,} rows; a request may have {self.limits.rows:,}"
            )
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await self.batcher.outputs(self.net.fed(rows))
        except TimeoutError:
            raise RefusalError(503, "it could not be computed in time; try later") from None

    # --- answers ------------------------------------------------------------------------

    async def predict(self, request: Request) -> Response:
        """``POST /predict``: JSON, a picture or a table, as the body or as ``file`` of a form."""
        kind = request.headers.get("Content-Type", "application/json").partition(";")[0].strip()
        body = await self._body(request)
        invert = request.query_params.get("invert", "") in ("1", "true")
        if kind == "multipart/form-data":
            body, name = await self._uploaded(request, body)
            suffix = PurePath(name).suffix.lower()
            if suffix in _TABLES.values():
                rows = self.net.table(body, suffix)
            else:
                rows = bodies.picture_rows(self.net, body, invert=invert)
        elif kind in _TABLES:
            rows = self.net.table(body, _TABLES[kind])
        elif kind.startswith("image/") or kind == "application/octet-stream":
            rows = bodies.picture_rows(self.net, body, invert=invert)
        elif kind in ("application/json", "application/x-www-form-urlencoded", ""):
            # what curl calls a form unless it is told otherwise
            rows = bodies.simple_rows(self.net, body)
        else:
            raise RefusalError(
                _UNSUPPORTED,
                f"Content-Type {kind}: expected application/json, text/csv or a picture",
            )
        outputs = await self._outputs(rows)
        return JSONResponse(bodies.simple_answer(self.net, outputs, self.limits.top))

    @staticmethod
    async def _uploaded(request: Request, body: bytes) -> tuple[bytes, str]:
        """The first file of a form, and its name."""
        request._body = body  # noqa: SLF001  # it has been read, and the form is read from it
        try:
            async with request.form(max_files=1, max_fields=10) as form:
                for value in form.values():
                    if not isinstance(value, str):
                        return await value.read(), value.filename or ""
        except RefusalError:
            raise
        except Exception as error:  # noqa: BLE001  # of the parser, whatever it finds
            raise RefusalError(400, f"the form cannot be read: {error}") from None
        raise RefusalError(422, "the form has no file")

    async def infer(self, request: Request) -> Response:
        """``POST /v2/models/NAME/infer``."""
        self._check_model(request)
        rows, asked = bodies.v2_rows(self.net, await self._body(request))
        return JSONResponse(bodies.v2_answer(self.net, await self._outputs(rows), asked))

    def _check_model(self, request: Request) -> None:
        name = request.path_params["model"]
        if name != self.net.name:
            raise RefusalError(404, f"there is no model '{name}'; there is '{self.net.name}'")

    async def model(self, request: Request) -> Response:
        """``GET /v2/models/NAME``."""
        self._check_model(request)
        return JSONResponse(bodies.v2_metadata(self.net))

    async def ready(self, request: Request) -> Response:
        """``GET /v2/models/NAME/ready``."""
        self._check_model(request)
        return JSONResponse({"name": self.net.name, "ready": True})

    async def server(self, _request: Request) -> Response:
        """``GET /v2``."""
        from graphnet import __version__

        return JSONResponse({"name": "graphnet", "version": __version__, "extensions": []})

    async def healthy(self, _request: Request) -> Response:
        """``GET /v2/health/live`` and ``/ready``."""
        return JSONResponse({"live": True, "ready": True})

    async def about(self, _request: Request) -> Response:
        """``GET /about``: what the page needs to know of the net."""
        return JSONResponse(
            {
                "name": self.net.name,
                "inputs": {
                    name: {"shape": list(one.shape), "pixels": one.white}
                    for name, one in self.net.inputs.items()
                },
                "outputs": {name: list(shape) for name, shape in self.net.outputs.items()},
                "answer": self.net.answer.title if self.net.answer else None,
                "classes": list(self.net.classes),
                "takes_pictures": len(self.net.inputs) == 1
                and all(one.is_picture for one in self.net.inputs.values()),
            }
        )

    async def show_metrics(self, _request: Request) -> Response:
        """``GET /metrics``."""
        text = self.metrics.text(self.batcher.n_rows, self.batcher.n_batches)
        return Response(text, media_type=CONTENT_TYPE)

    async def openapi(self, _request: Request) -> Response:
        """``GET /openapi.json``."""
        return JSONResponse(openapi(self.net, has_token=bool(self.limits.token)))

    async def docs(self, _request: Request) -> Response:
        """``GET /docs``: the same as a page."""
        return HTMLResponse(
            (_PAGES / "docs.html")
            .read_text("utf-8")
            .replace("{{name}}", escape(self.net.name))
            .replace("{{operations}}", operations(self.net))
        )

    async def page(self, _request: Request) -> Response:
        """``GET /``: the page to draw on."""
        return HTMLResponse((_PAGES / "index.html").read_text("utf-8"))

    async def file(self, request: Request) -> Response:
        """``GET /pages/NAME``: what the pages consist of."""
        kinds = {"page.js": "text/javascript", "page.css": "text/css"}
        name = request.path_params["name"]
        if name not in kinds:
            raise RefusalError(404, "there is no such page")
        return Response((_PAGES / name).read_text("utf-8"), media_type=kinds[name])
