"""What a real Caffe computes, where it is beside the checkout, and nets made of it to compare."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from graphnet.interchange.caffe.files.blobs import StoredBlob, Weights
from graphnet.interchange.caffe.imported import Imported
from graphnet.interchange.caffe.importing import translate
from graphnet.net.load_net import load_net

GOLDEN = Path(__file__).parents[3] / "shared" / "data" / "caffe-golden"
needs_golden = pytest.mark.skipif(
    not (GOLDEN / "index.json").is_file(), reason="what a real Caffe computes is not here"
)


@cache
def index() -> dict:
    """What there is; nothing where it is not here."""
    path = GOLDEN / "index.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def cases(part: str) -> list[str]:
    """The names of the cases of a part."""
    return list(index().get(part, ()))


@cache
def arrays(part: str, name: str) -> dict[str, np.ndarray]:
    """The arrays of a case."""
    with np.load(GOLDEN / index()[part][name]["npz"]) as file:
        return {key: file[key] for key in file.files}


def weights_of(found: dict[str, np.ndarray], kind: str = "param") -> Weights:
    """The arrays ``param/LAYER/i`` as those of a model."""
    blobs: dict[str, dict[int, StoredBlob]] = {}
    for key, array in found.items():
        if key.startswith(f"{kind}/"):
            layer, _, i = key.removeprefix(f"{kind}/").rpartition("/")
            stored = StoredBlob(array.shape, False, lambda a=array: a)
            blobs.setdefault(layer, {})[int(i)] = stored
    return Weights(Path("golden"), {k: [v[i] for i in sorted(v)] for k, v in blobs.items()}, None)


def fill(net, made: Imported) -> None:
    """Copy the model's arrays into a net."""
    for name, array in made.arrays():
        group, _, path = name.partition("/")
        layer, _, param = path.rpartition("/")
        if group == "params":
            net.store.params[layer][param].data[...] = array
        else:
            net.store.state[layer][param][...] = array


def close(found, wanted, what, tolerance=None):
    """See that numbers are equal as far as float32 goes; in Caffe's shape or as many.

    Args:
        found: Here.
        wanted: In Caffe.
        what: Begins a message.
        tolerance: As a part of the array's largest number. Default: what Caffe's own order of
            sums may cost, which for most is 1e-5.
    """
    found, wanted = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    assert found.size == wanted.size, what
    found = found.reshape(wanted.shape)
    finite = wanted[np.isfinite(wanted)]
    scale = np.abs(finite).max() if finite.size else 0
    with np.errstate(invalid="ignore"):
        off = np.abs(found - wanted)
    if tolerance is None:
        equal = off <= 3e-4 * np.abs(wanted) + 3e-5 * scale + 1e-6
    else:
        equal = off <= tolerance * scale + 1e-12
    equal |= (found == wanted) | (np.isnan(found) & np.isnan(wanted))
    assert equal.all(), f"{what}: {found[~equal][:3]}, in Caffe {wanted[~equal][:3]}"


def number(made: Imported, net, blob):
    """The value of a loss or Accuracy by the name of its top, as Caffe gives it."""
    for entry, layers in made.entries:
        if blob in entry.message["top"][:1]:
            layer, weights = layers[-1], entry.message["loss_weight"]
            name = layer["name"]
            if layer.get("top_k", 1) > 1:
                name = f"{name}.top{layer['top_k']}"
            if weights == [0.0]:  # which is reported as 0 here
                return None
            values = net.losses() if name in net.losses() else net.statistics()
            return values[name] / ((weights or [1])[0])
        if blob in entry.message["top"]:  # the accuracy of each class
            return np.nan
    return None


def check_param(made: Imported, net, path, wanted, tolerance=None):
    """The gradient of a param, in graphnet's layer."""
    name, _, i = path.rpartition("/")
    for entry, layers in made.entries:
        if entry.message["name"] == name and not layers[-1].get("frozen"):
            for filled in entry.made.filled:
                if int(i) in filled.blobs and not filled.is_state:
                    diff = np.asarray(net.params[filled.layer][filled.param].diff)
                    if len(filled.blobs) > 1:  # two of Caffe's side by side
                        width = wanted.shape[1]
                        first = filled.blobs[0] == int(i)
                        diff = diff[:, :width] if first else diff[:, -width:]
                    turned = diff.shape != wanted.shape and diff.T.shape == wanted.shape
                    close(diff.T if turned else diff, wanted, f"param_diff/{path}", tolerance)


def batch_first(found: dict[str, np.ndarray], made: Imported) -> dict[str, np.ndarray]:
    """What a case holds, the blobs turned round that have time first in Caffe."""

    def turned(key: str, value: np.ndarray) -> np.ndarray:
        is_blob = any(
            f"{kind}/{blob}" == key or key.endswith(f"/{kind}/{blob}")
            for blob in made.time_first
            for kind in ("blob", "diff", "input", "top_diff")
        )
        return value.swapaxes(0, 1) if is_blob else value

    return {key: turned(key, value) for key, value in found.items()}


class Case:
    """One case of a layer, as a net of graphnet with its gradients."""

    def __init__(self, name: str) -> None:
        self.entry = index()["layers"][name]
        self.found = arrays("layers", name)
        self.phase = self.entry["phase"].lower()
        first = "1/" if self.entry["steps"] > 1 else ""
        weights = weights_of({k.removeprefix(first): v for k, v in self.found.items()})
        self.made = translate(GOLDEN / self.entry["prototxt"], weights, phases=(self.phase,))
        self.found = batch_first(self.found, self.made)
        given = {k.removeprefix(first): v for k, v in self.found.items()}
        self.layers = [dict(layer) for layer in self.made.layers()]
        self.wants_gradients = self.entry["backward"]
        self._as_in_phase()
        if self.wants_gradients:
            self._lift_inputs(given)
            self._drive_outputs(given)

    def _as_in_phase(self) -> None:
        """Gradients are planned in phase train alone: what a test net does is written out."""
        for layer in self.layers:
            if self.phase == "test" and layer["type"] == "BatchNorm":
                layer.setdefault("use_global_stats", True)
            if self.phase == "test" and layer["type"] == "Dropout":
                layer.update(type="Identity")
                layer.pop("ratio")

    def _lift_inputs(self, given) -> None:
        """A learned bias of 0 on each input that takes a gradient, so that it gets one."""
        added = []
        for layer in self.layers:
            if layer["type"] != "Input":
                continue
            for i, top in enumerate(layer["tops"]):
                if f"diff/{top}" not in given or len(given[f"diff/{top}"].shape) < 2:
                    continue
                fed = f"{top}.fed"
                layer["tops"][i] = fed
                layer["shapes"][fed] = layer["shapes"].pop(top)
                added.append({"name": f"{top}.lift", "type": "Bias", "num_axes": -1,
                              "bottoms": [fed], "tops": [top]})  # fmt: skip
        n = sum(layer["type"] == "Input" for layer in self.layers)
        self.layers[n:n] = added

    def _drive_outputs(self, given) -> None:
        """A loss on each output whose gradient is the one that Caffe was given."""
        tops = {top for layer in self.layers for top in layer["tops"]}
        for key in list(given):
            blob = key.removeprefix("top_diff/")
            if key.startswith("top_diff/") and blob in tops:
                shape = given[key].shape or (1,)  # one number of all the batch
                name, product = f"{blob}.wanted", f"{blob}.product"
                self.layers += [
                    {"name": name, "type": "Input", "batch_size": shape[0],
                     "shapes": {name: list(shape[1:])}, "tops": [name], "bottoms": []},
                    {"name": product, "type": "ElementWise", "operation": "Multiply",
                     "bottoms": [blob, name], "tops": [product]},
                    {"name": f"{blob}.drive", "type": "SumLoss", "bottoms": [product],
                     "tops": [], "loss_weight": shape[0]},
                ]  # fmt: skip

    def load(self, dtype: str = "float64"):
        """The net, with Caffe's params."""
        phase = "train" if self.wants_gradients else self.phase
        net = load_net({"name": "case", "layers": self.layers}, phase, dtype=dtype)
        fill(net, self.made)
        return net

    def feed(self, net, step: str) -> None:
        """Fill the inputs of a step, and what drives the outputs."""
        for key, value in self.found.items():
            if not key.startswith(step):
                continue
            kind, _, blob = key.removeprefix(step).partition("/")
            if kind == "input":
                name = f"{blob}.fed" if f"{blob}.fed" in net.blobs else blob
                net.blobs[name].data = value
            elif kind == "top_diff" and f"{blob}.wanted" in net.blobs:
                wanted = net.blobs[f"{blob}.wanted"]
                wanted.data = value.reshape(wanted.shape)
