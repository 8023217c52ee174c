"""The description of the service: as OpenAPI, and as rows of its own page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

from graphnet import __version__
from graphnet.serving.served_net import ServedNet


class _Operation(NamedTuple):
    method: str
    path: str
    about: str
    is_open: bool
    body: dict[str, Any] | None = None


def _operations(net: ServedNet) -> list[_Operation]:
    rows = {name: _zeros((1, *one.shape)) for name, one in net.inputs.items()}
    example = {"inputs": rows}
    tensors = [
        {"name": n, "shape": [1, *one.shape], "datatype": "FP32", "data": _zeros((1, *one.shape))}
        for n, one in net.inputs.items()
    ]
    return [
        _Operation("post", "/predict", "What it says of rows or a picture.", False, example),
        _Operation("get", "/about", "Inputs, outputs and classes.", False),
        _Operation("get", "/metrics", "Figures in the text form of Prometheus.", False),
        _Operation("get", "/v2", "The server.", False),
        _Operation("get", "/v2/health/live", "Whether the server lives.", True),
        _Operation("get", "/v2/health/ready", "Whether it answers.", True),
        _Operation("get", f"/v2/models/{net.name}", "The model's inputs and outputs.", False),
        _Operation("get", f"/v2/models/{net.name}/ready", "Whether the model answers.", False),
        _Operation(
            "post",
            f"/v2/models/{net.name}/infer",
            "Inference, as the Open Inference Protocol has it.",
            False,
            {"inputs": tensors},
        ),
    ]  # fmt: skip


def _zeros(shape: Sequence[int]) -> Any:
    return 0 if not shape else [_zeros(shape[1:])] * shape[0]


def openapi(net: ServedNet, *, has_token: bool) -> dict[str, Any]:
    """The description in OpenAPI 3.1.

    Args:
        net: What is served.
        has_token: Whether requests need a bearer token.
    """
    paths: dict[str, Any] = {}
    for one in _operations(net):
        answers = {"200": {"description": "The answer."}}
        operation: dict[str, Any] = {"summary": one.about, "responses": answers}
        if one.body is not None:
            content: dict[str, Any] = {
                "application/json": {"example": one.body, "schema": {"type": "object"}}
            }
            if one.path == "/predict":
                picture = {"schema": {"type": "string", "format": "binary"}}
                content |= {"image/png": picture, "image/jpeg": picture}
                content["text/csv"] = {"schema": {"type": "string"}}
            operation["requestBody"] = {"required": True, "content": content}
            for status, said in (
                ("400", "The body cannot be read."),
                ("408", "The body did not come in time."),
                ("413", "The body or its rows are too many."),
                ("422", "The rows do not fit the net, or are not finite."),
                ("503", "Too much is waiting."),
            ):
                answers[status] = {"description": said}
        if has_token and not one.is_open:
            operation["security"] = [{"bearer": []}]
            answers["401"] = {"description": "The token is missing or wrong."}
        paths.setdefault(one.path, {})[one.method] = operation
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": net.name, "version": __version__, "description": "A net of graphnet's."},
        "paths": paths,
    }
    if has_token:
        found["components"] = {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}
    return found


def operations(net: ServedNet) -> str:
    """The operations as HTML."""
    parts = []
    for one in _operations(net):
        parts.append(
            f"<h2><b>{one.method.upper()}</b> {escape(one.path)}</h2><p>{escape(one.about)}</p>"
        )
        if one.body is not None:
            text = json.dumps(one.body)
            shown = text if len(text) < 400 else f"{text[:200]} … {text[-40:]}"  # noqa: PLR2004  # a screen's worth
            parts.append(f"<pre>{escape(shown)}</pre>")
    return "\n".join(parts)
