"""Params that several layers of a Caffe net share by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graphnet.blob import shape_text
from graphnet.errors import SpecError
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers.reading import LayerDict, Made
from graphnet.interchange.caffe.net.phases import Translated

_KINDS = ("init", "regu", "cons", "lr")
#: Layers whose bias is the same as a Bias behind them.
_PARTED = [[kind] for kind in ("InnerProduct", "Convolution", "Convolution3D", "Deconvolution")]


class SharedParams:
    """Which layer owns the params of each name."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[Translated, int]] = {}
        self._users: dict[int, list[Translated]] = {}  # that share all, by their owner

    def share(self, found: Translated, subject: str) -> None:
        """Give a layer the params of others of the same names.

        Where it shares only a part of them, its bias becomes a layer of its own, and so does that
        of the layer that it shares them with.

        Raises:
            SpecError: If it shares them with a layer of another kind, or says something else of
                them.
        """
        layer, made = found.message, found.made
        n_blobs = _n_blobs(made)
        names = [param["name"] or "" for param in layer["param"]][:n_blobs]
        names += [""] * (n_blobs - len(names))
        taken = [self._owners.get(name) for name in names]
        owners = {id(entry[0]): entry[0] for entry in taken if entry}
        if not owners:
            self._own(found, names, subject)
            return
        owner = next(iter(owners.values()))
        whole = all(e is not None and e == (owner, i) for i, e in enumerate(taken))
        if whole and _n_blobs(owner.made) == n_blobs and owner.message["type"] == layer["type"]:
            self._share_all(found, owner, names, subject)
            return
        for i, entry in enumerate(taken):
            if entry and (entry[1] != i or entry[0].message["type"] != layer["type"]):
                raise SpecError(
                    f"{subject}shares a part of the params of layer '{entry[0].message['name']}'"
                    " as another part of its own, or is of another type"
                    "\n  graphnet's layers share params of one kind",
                    layer.at("param", i),
                )
        for each in (found, *owners.values()):
            _refuse_unless_parted(each, subject, layer)
        for other in owners.values():
            for each in (other, *self._users.get(id(other), ())):
                part_bias(each)
        part_bias(found)
        for i, entry in enumerate(taken):
            if entry:
                _check_rates(layer, entry[0].message, names, subject, only=i)
                _take(_part(found, i), _part(entry[0], i))
        made.filled = [f for f, entry in zip(made.filled, taken, strict=True) if not entry]
        self._own(found, [n if not e else "" for n, e in zip(names, taken, strict=True)], subject)

    def _share_all(
        self, found: Translated, owner: Translated, names: Sequence[str], subject: str
    ) -> None:
        """Give a layer all the params of another."""
        _check_rates(found.message, owner.message, names, subject)
        if _is_parted(owner):
            part_bias(found)
            for mine, its in zip(found.made.layers[-2:], owner.made.layers[-2:], strict=True):
                _take(mine, its)
        else:
            _take(found.made.layers[-1], owner.made.layers[-1])
        self._users.setdefault(id(owner), []).append(found)
        found.made.filled = []

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
        keys = {layer["name"]: layer.get("param_key") for layer in found.made.layers}
        owners = {
            layer["name"]: owner
            for owner, _ in self._owners.values()
            for layer in owner.made.layers
        }
        for (name, param), decl in found.params.items():
            key = keys.get(name)
            owner = owners.get(key) if key else None
            there = owner.params.get((str(key), param)) if owner else None
            if owner and there is not None and there.shape != decl.shape:
                raise SpecError(
                    f"{subject}shares the params of layer '{owner.message['name']}', but its"
                    f" {param} is {shape_text(decl.shape)} and there it is"
                    f" {shape_text(there.shape)}\n  graphnet shares params of one shape",
                    found.message.at("param"),
                )


def _is_parted(found: Translated) -> bool:
    """Whether its bias is a layer of its own."""
    return [layer["type"] for layer in found.made.layers[1:]] == ["Bias"]


def _refuse_unless_parted(found: Translated, subject: str, layer: Message) -> None:
    """See that its bias can be a layer of its own.

    Raises:
        SpecError: If it is more than one layer, or of a kind that has more params than these.
    """
    if _is_parted(found) or [made["type"] for made in found.made.layers] in _PARTED:
        return
    raise SpecError(
        f"{subject}shares only a part of the params of a layer\n  graphnet's layers of this type"
        " share all of their params or none",
        layer.at("param"),
    )


def part_bias(found: Translated) -> None:
    """Make the bias of a layer a layer of its own, where there is one."""
    made = found.made
    if _is_parted(found):
        return
    (layer,) = made.layers
    if not layer.get("bias", True):
        return
    (top,) = layer["tops"]
    name = f"{layer['name']}.bias"
    moved = [key for key in layer if key.startswith("bias_")]
    parted = {
        "name": name,
        "type": "Bias",
        "axis": layer.get("axis", 1),
        **{key: layer.pop(key) for key in moved},
        "bottoms": [f"{top}.unbiased"],
        "tops": [top],
    }
    parted |= {"frozen": True} if layer.get("frozen") else {}
    parted |= {"param_key": f"{layer['param_key']}.bias"} if "param_key" in layer else {}
    layer |= {"bias": False, "tops": [f"{top}.unbiased"]}
    made.layers = [layer, parted]
    made.filled = [
        replace(filled, layer=name) if filled.param == "bias" else filled for filled in made.filled
    ]
    if (layer["name"], "bias") in found.params:
        found.params[name, "bias"] = found.params.pop((layer["name"], "bias"))
    made.notes.append("its bias is a layer of its own: its params are shared in part")


def _part(found: Translated, blob: int) -> LayerDict:
    """The layer that has a blob."""
    return found.made.layers[blob if _is_parted(found) else 0]


def _take(mine: LayerDict, its: LayerDict) -> None:
    """Have a layer use the params of another, and say nothing of them itself."""
    for key in [k for k in mine if k.rpartition("_")[0] and k.rpartition("_")[2] in _KINDS]:
        del mine[key]
    mine.pop("frozen", None)
    if its.get("frozen"):
        mine["frozen"] = True
    mine["param_key"] = its.get("param_key", its["name"])


def _n_blobs(made: Made) -> int:
    """How many params a layer of Caffe's has."""
    return len({i for filled in made.filled if not filled.is_state for i in filled.blobs})


def _check_rates(
    layer: Message, owner: Message, names: Sequence[str], subject: str, only: int | None = None
) -> None:
    """See that a layer says the same of shared params, or of one of them, as their owner."""
    pairs = list(zip(names, layer["param"], owner["param"], strict=False))
    for name, param, first in pairs if only is None else pairs[only : only + 1]:
        for key in ("lr_mult", "decay_mult"):
            if param.has(key) and first.has(key) and param[key] != first[key]:
                raise SpecError(
                    f"{subject}has {key} {param[key]:g} for the param '{name}', which layer"
                    f" '{owner['name']}' gives {first[key]:g}",
                    param.at(key),
                )
