"""Models of other frameworks: sound ones of each kind, damaged ones, and how they are read."""

from __future__ import annotations

import io
import json
import re
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import h5py
import numpy as np

import graphnet as gn
from graphnet.cli import app
from graphnet.cli.interchange import caffe as caffe_commands
from graphnet.cli.interchange import onnx as onnx_commands
from graphnet.cli.interchange import weights as weight_commands
from graphnet.interchange.onnx.files.library import library
from tests.fuzz.mutate_bytes import mutated_bytes

#: The texts of nets that ``check`` has taken.
_SOUND: set[bytes] = set()
#: The file that each kind is written to.
MODEL_FILES = {
    "caffemodel": "fuzzed.caffemodel",
    "mocha": "fuzzed.hdf5",
    "npz": "fuzzed.npz",
    "onnx": "fuzzed.onnx",
    "prototxt": "fuzzed.prototxt",
    "safetensors": "fuzzed.safetensors",
    "torch": "fuzzed.pt",
}
MEMORY_LIMIT = 64 * 2**20  # of a net that has been imported
_TORCH_FILES = Path(__file__).parents[1] / "interchange" / "torch" / "files"
_IMAGES = {
    "name": "in",
    "type": "Input",
    "batch_size": 2,
    "shapes": {"x": [3, 8, 8]},
    "tops": ["x"],
}
_CLASSIC = [
    _IMAGES,
    {"name": "conv", "type": "Convolution", "n_filter": 4, "kernel": 3, "pad": 1, "neuron": "ReLU",
     "bottoms": ["x"], "tops": ["conv"]},
    {"name": "norm", "type": "LRN", "kernel": 3, "bottoms": ["conv"], "tops": ["norm"]},
    {"name": "pool", "type": "Pooling", "kernel": 3, "stride": 2, "bottoms": ["norm"],
     "tops": ["pool"]},
    {"name": "split", "type": "Slice", "axis": 1, "slice_points": [1], "bottoms": ["pool"],
     "tops": ["a", "b"]},
    {"name": "join", "type": "Concat", "axis": 1, "bottoms": ["b", "a"], "tops": ["c"]},
    {"name": "bn", "type": "BatchNorm", "bottoms": ["c"], "tops": ["bn"]},
    {"name": "sum", "type": "ElementWise", "operation": "Add", "bottoms": ["bn", "c"],
     "tops": ["sum"]},
    {"name": "ip", "type": "InnerProduct", "output_dim": 5, "bottoms": ["sum"], "tops": ["ip"]},
    {"name": "prob", "type": "Softmax", "bottoms": ["ip"], "tops": ["prob"]},
]  # fmt: skip
_PLAIN = [
    *(layer for layer in _CLASSIC if layer["name"] in ("in", "conv")),
    {"name": "ip", "type": "InnerProduct", "output_dim": 5, "bottoms": ["conv"], "tops": ["ip"]},
]
_SEQUENCES = [
    {"name": "in", "type": "Input", "batch_size": 2, "shapes": {"t": [4]}, "tops": ["t"]},
    {"name": "words", "type": "Embed", "input_dim": 9, "output_dim": 5, "bottoms": ["t"],
     "tops": ["words"]},
    {"name": "lstm", "type": "LSTM", "output_dim": 6, "bottoms": ["words"], "tops": ["lstm"]},
    {"name": "gru", "type": "GRU", "output_dim": 3, "bottoms": ["lstm"], "tops": ["gru"]},
]  # fmt: skip
_FACTORY = [
    _IMAGES,
    {"name": "up", "type": "Deconvolution", "n_filter": 2, "kernel": 4, "stride": 2, "pad": 1,
     "bottoms": ["x"], "tops": ["up"]},
    {"name": "flat", "type": "Reshape", "shape": [2, 256], "bottoms": ["up"], "tops": ["flat"]},
    {"name": "sums", "type": "Reduction", "operation": "Mean", "axis": 2, "bottoms": ["flat"],
     "tops": ["sums"]},
    {"name": "scale", "type": "Scale", "bias": True, "bottoms": ["sums"], "tops": ["scale"]},
    {"name": "tanh", "type": "Tanh", "bottoms": ["scale"], "tops": ["tanh"]},
]  # fmt: skip
_ALL = (_CLASSIC, _SEQUENCES, _FACTORY)
_NUMBERS = ("0", "1", "2", "-1", "7", "65536", "4294967295", "99999999999999", "0.5", "1e38")
_TOKENS = (
    "{",
    "}",
    '"',
    ":",
    "[",
    "]",
    ",",
    "#",
    "\n",
    "true",
    "layer {",
    "dim: 0 ",
    "lr_mult: 0 ",
)


def sound_models(folder: Path) -> dict[str, list[bytes]]:
    """Small models of each kind, made by graphnet's own writers; PyTorch's are files of the tests.

    Args:
        folder: An empty one, for a while.
    """
    library()
    folder.mkdir()
    found: dict[str, list[bytes]] = {kind: [] for kind in MODEL_FILES}
    for i, layers in enumerate((*_ALL, _PLAIN)):
        net, model, path = folder / f"{i}.yaml", folder / f"{i}.h5", folder / f"{i}.onnx"
        net.write_text(json.dumps({"name": f"n{i}", "layers": layers}), "utf-8")
        gn.save_model(gn.load_net(net), model)
        found["onnx"].append(_written(gn.interchange.export_onnx, net, path, weights=model))
        if layers is not _SEQUENCES:
            text = folder / f"{i}.prototxt"
            found["prototxt"].append(
                _written(gn.interchange.export_caffe, net, text, weights=model)
            )
            found["caffemodel"].append(text.with_suffix(".caffemodel").read_bytes())
    for kind in ("safetensors", "npz", "mocha"):
        export, file = getattr(gn.interchange, f"export_{kind}"), folder / f"m.{kind}"
        of = 3 if kind == "mocha" else 0
        found[kind].append(_written(export, folder / f"{of}.yaml", file, folder / f"{of}.h5"))
    found["torch"] = [path.read_bytes() for path in sorted(_TORCH_FILES.glob("*.pt"))]
    shutil.rmtree(folder)
    return found


def _written(export: Callable[..., Any], net: Path, to: Path, *args: Any, **keys: Any) -> bytes:
    export(net, to, *args, **keys)
    return to.read_bytes()


# --- damage -----------------------------------------------------------------------------


def model_input(rng: Random, kind: str, sound: list[bytes]) -> bytes:
    """One of them, damaged in a way that its format is not proof against."""
    content = rng.choice(sound)
    if rng.random() < 0.1:
        return content[: rng.randrange(len(content) + 1)]
    if kind == "prototxt":
        return _text(rng, content)
    if kind == "safetensors" and rng.random() < 0.6:
        return _header(rng, content)
    if kind in ("npz", "torch") and _is_whole_zip(content) and rng.random() < 0.7:
        return _member(rng, content)
    return mutated_bytes(rng, content)


def _text(rng: Random, content: bytes) -> bytes:
    """Numbers, words and lines of a text exchanged; else its bytes."""
    if rng.random() < 0.2:
        return mutated_bytes(rng, content)
    text = content.decode("utf-8")
    for _ in range(rng.choice((1, 1, 2, 3))):
        words, lines = list(re.finditer(r"[\w.\"-]+", text)), text.split("\n")
        match rng.randrange(6):
            case 0 | 1 if words:
                word = rng.choice([w for w in words if w[0][0].isdigit()] or words)
                text = text[: word.start()] + rng.choice(_NUMBERS) + text[word.end() :]
            case 2 if words:
                word = rng.choice(words)
                text = text[: word.start()] + rng.choice(words)[0] + text[word.end() :]
            case 3:
                at = rng.randrange(len(text) + 1)
                text = text[:at] + rng.choice(_TOKENS) + text[at:]
            case 4:
                lines.insert(rng.randrange(len(lines)), rng.choice(lines))
                text = "\n".join(lines)
            case _:
                del lines[rng.randrange(len(lines)) :][: rng.choice((1, 1, 3))]
                text = "\n".join(lines)
    return text.encode()


def _header(rng: Random, content: bytes) -> bytes:
    """The header of safetensors with other numbers and words, its length right or wrong."""
    (n,) = struct.unpack("<Q", content[:8])
    header = _text(rng, content[8 : 8 + n])
    length = len(header) if rng.random() < 0.8 else rng.choice((0, 7, 2**20, 2**40, 2**63))
    return struct.pack("<Q", length) + header + content[8 + n :]


def _is_whole_zip(content: bytes) -> bool:
    """Whether it is an archive whose checksums are right."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return False
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        try:
            return archive.testzip() is None
        except zipfile.BadZipFile:
            return False


def _member(rng: Random, content: bytes) -> bytes:
    """An archive, one of its members damaged and its checksum right."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        pickles = [name for name in names if name.endswith((".pkl", ".npy"))]
        chosen = rng.choice(pickles or names)
        for name in names:
            data = old.read(name)
            damaged = mutated_bytes(rng, data) if name == chosen else data
            new.writestr(name, damaged, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    return out.getvalue()


# --- reading ----------------------------------------------------------------------------


def write_model_fixtures(folder: Path) -> None:
    """The nets that weights are read for."""
    for name, layers in (("classic", _CLASSIC), ("plain", _PLAIN), ("sequences", _SEQUENCES)):
        text = json.dumps({"name": name, "layers": layers})
        (folder / f"{name}.yaml").write_text(text, "utf-8")


def read_model(run: Callable[..., bool], wrap: Any, path: Path, rng: Random) -> None:
    """``graphnet import``; a whole net is given to ``check`` then, and its numbers are read."""
    kind = next(kind for kind, name in MODEL_FILES.items() if name == path.name)
    to = path.with_name("run")
    match kind:
        case "onnx":
            done = run(wrap(onnx_commands.from_onnx), path, to, force=True)
        case "prototxt" | "caffemodel":
            done = run(
                wrap(caffe_commands.caffe), path, to, None, None, None, level=0, stages=(),
                force=True,
            )  # fmt: skip
        case _:
            names = ("plain",) if kind == "mocha" else ("classic",) * 5 + ("plain", "sequences")
            net = path.with_name(f"{rng.choice(names)}.yaml")
            prints = rng.random() < 0.2
            run(wrap(weight_commands.take), kind, net, path, to, None, prints=prints, force=True)
            return
    if done and _is_sound(run, to / "net.yaml"):
        model = to / "model.h5"
        if model.exists():
            with h5py.File(model, "r") as file:
                file.visititems(_look)


def _is_sound(run: Callable[..., bool], net: Path) -> bool:
    """Whether ``check`` takes a net; one whose text was taken before is not looked at again."""
    text = net.read_bytes()
    if text not in _SOUND and run(app.check, net, "test", memory_limit=MEMORY_LIMIT):
        _SOUND.add(text)
    return text in _SOUND


def _look(_name: str, node: Any) -> None:
    if isinstance(node, h5py.Dataset) and node.dtype.kind == "f":
        assert np.isfinite(node[()]).all(), "a model holds a number that is not finite"
