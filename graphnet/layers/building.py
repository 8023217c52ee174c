"""How a spec comes by its ``build``: from the ``Layer`` of its file that says it runs that spec."""

from __future__ import annotations

from typing import Any, get_args


def let_spec_build(layer: type[Any]) -> None:
    """Let ``build`` of ``Mine`` make a ``layer`` that is declared as ``Layer[Mine]``.

    Only in one module: a spec is not changed from another one. A spec that defines ``build``
    keeps its own, and the first of several layers stays.
    """
    for base in vars(layer).get("__orig_bases__", ()):
        for spec in get_args(base):
            # a type variable stands for the specs of layers that are derived from this one
            is_own = isinstance(spec, type) and spec.__module__ == layer.__module__
            if is_own and "build" not in vars(spec):
                _give_build(spec, layer)


def _give_build(spec: type[Any], layer: type[Any]) -> None:
    def build(self: Any, binding: Any) -> Any:
        """The layer that runs it, bound to its arrays."""
        return layer(self, binding)

    build.__annotations__["return"] = layer  # net/checks/contract.py looks at it
    spec.build = build
    # abc.update_abstractmethods asks every attribute, and pydantic's then build the class
    spec.__abstractmethods__ -= {"build"}
