"""Params that several layers of a Caffe net share by name."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.blob import shape_text
from graphnet.errors import SpecError
from graphnet.interchange.caffe.message import Message
from graphnet.interchange.caffe.phases import Translated
from graphnet.interchange.caffe.reading import Made

_KINDS = ("init", "regu", "cons", "lr")


class SharedParams:
    """Which layer owns the params of each name."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[Translated, int]] = {}

    def share(self, found: Translated, subject: str) -> None:
        """Give a layer the params of another, where all of them have the names of that one's.

        Raises:
            SpecError: If it shares only a part of them, or says something else of them.
        """
        layer, made = found.message, found.made
        n_blobs = _n_blobs(made)
        names = [param["name"] or "" for param in layer["param"]][:n_blobs]
        names += [""] * (n_blobs - len(names))
        taken = [self._owners.get(name) for name in names]
        owner = next((entry[0] for entry in taken if entry), None)
        if owner is None:
            self._own(found, names, subject)
            return
        whole = all(e is not None and e == (owner, i) for i, e in enumerate(taken))
        same = _n_blobs(owner.made) == n_blobs and owner.message["type"] == layer["type"]
        if not (whole and same):
            raise SpecError(
                f"{subject}shares only a part of the params of layer '{owner.message['name']}'"
                "\n  graphnet's layers share all of their params or none",
                layer.at("param"),
            )
        _check_rates(layer, owner.message, names, subject)
        mine, its = made.layers[-1], owner.made.layers[-1]
        for key in [k for k in mine if k.rpartition("_")[0] and k.rpartition("_")[2] in _KINDS]:
            del mine[key]
        mine.pop("frozen", None)
        if its.get("frozen"):
            mine["frozen"] = True
        mine["param_key"] = its["name"]
        made.filled = []

    def _own(self, found: Translated, names: Sequence[str], subject: str) -> None:
        """Note a layer's params by their names, for others that share them."""
        for i, name in enumerate(names):
            if name and name in names[:i]:
                raise SpecError(
                    f"{subject}has two params of the name '{name}'", found.message.at("param", i)
                )
            if name:
                self._owners[name] = (found, i)

    def check_shapes(self, found: Translated, subject: str) -> None:
        """See that shared params have one shape.

        Raises:
            SpecError: If they do not.
        """
        key = found.made.layers[-1].get("param_key") if found.made.layers else None
        owners = {entry[0].made.layers[-1]["name"]: entry[0] for entry in self._owners.values()}
        owner = owners.get(key)
        for (_, param), decl in found.params.items() if owner else ():
            there = owner.params.get((str(key), param)) if owner else None
            if owner and there is not None and there.shape != decl.shape:
                raise SpecError(
                    f"{subject}shares the params of layer '{owner.message['name']}', but its"
                    f" {param} is {shape_text(decl.shape)} and there it is"
                    f" {shape_text(there.shape)}\n  graphnet shares params of one shape",
                    found.message.at("param"),
                )


def _n_blobs(made: Made) -> int:
    """How many params a layer of Caffe's has."""
    return len({i for filled in made.filled if not filled.is_state for i in filled.blobs})


def _check_rates(layer: Message, owner: Message, names: Sequence[str], subject: str) -> None:
    """See that a layer says the same of shared params as their owner."""
    for name, param, first in zip(names, layer["param"], owner["param"], strict=False):
        for key in ("lr_mult", "decay_mult"):
            if param.has(key) and first.has(key) and param[key] != first[key]:
                raise SpecError(
                    f"{subject}has {key} {param[key]:g} for the param '{name}', which layer"
                    f" '{owner['name']}' gives {first[key]:g}",
                    param.at(key),
                )
