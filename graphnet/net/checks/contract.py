"""What a layer's class must be able to do, checked before anything runs.

A layer may be the user's own. If it had no backward, for example, a pass would leave in its
bottoms' diffs whatever lay there in memory, and nobody would notice.
"""

from __future__ import annotations

import inspect
from typing import Any

from graphnet.declare.user_code import written_in
from graphnet.errors import SpecError
from graphnet.layers.base import Layer, LayerSpec

_WHY = {
    "forward": "so nothing would write its tops",
    "backward": "but a gradient goes through it",
}
_CURES = {
    "forward": "define forward(self)",
    "backward": (
        "define backward(self), or let the spec's differentiable() give () for a layer that"
        " passes no gradient on"
    ),
}


def declared_class(spec: LayerSpec) -> type[Layer[Any]] | None:
    """The class that ``build`` says it returns; None if it says nothing of use."""
    try:
        found = inspect.get_annotations(type(spec).build, eval_str=True).get("return")
    except Exception:  # noqa: BLE001  # annotations of the user's own need not make sense
        return None
    is_one = isinstance(found, type) and issubclass(found, Layer) and found is not Layer
    return found if is_one else None


def check_class(cls: type[Layer[Any]], *, runs_backward: bool) -> None:
    """See that a class defines what is wanted, unless ``setup`` may yet bind it.

    Raises:
        SpecError: Naming class, file and method.
    """
    if cls.setup is Layer.setup:
        _check(cls, cls, runs_backward=runs_backward)


def check_layer(layer: Any, *, runs_backward: bool) -> None:
    """See that what ``build`` has made is a layer that can do what is wanted.

    Raises:
        SpecError: Naming class, file and method.
    """
    if not isinstance(layer, Layer):
        raise SpecError(f"its build() gave {layer!r}\n  expected a Layer: derive the class from it")
    _check(type(layer), layer, runs_backward=runs_backward)


def _check(cls: type[Layer[Any]], of: Any, *, runs_backward: bool) -> None:
    """Check a class or a layer: an attribute of either is what would be called."""
    if cls.__module__.partition(".")[0] == Layer.__module__.partition(".")[0]:
        return  # graphnet's own classes are checked by its tests
    for method in ("forward", "backward") if runs_backward else ("forward",):
        call = getattr(of, method)
        if getattr(call, "__func__", call) is getattr(Layer, method):
            raise SpecError(
                f"{written_in(cls)} has no {method}(), {_WHY[method]}\n  {_CURES[method]}"
            )
