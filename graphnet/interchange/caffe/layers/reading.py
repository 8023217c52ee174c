"""What a translator of one type of layer sees, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import prod, sqrt
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.declare.names import free_name
from graphnet.errors import Position, SpecError
from graphnet.interchange.caffe.files.blobs import StoredBlob
from graphnet.interchange.caffe.files.message import Message

#: A layer of graphnet as its YAML has it.
LayerDict: TypeAlias = dict[str, Any]
#: What a stored array becomes: all blobs of the layer to one array.
Convert: TypeAlias = Callable[[Sequence[np.ndarray]], np.ndarray]


class AlongBatchError(SpecError):
    """A layer works along the batch axis; it is translated again, on joined batches."""


@dataclass(frozen=True)
class Filled:
    """An array of the model that an imported net needs.

    Attributes:
        layer: The layer in graphnet.
        param: Its param or state.
        convert: Makes it of the blobs of the Caffe layer.
        is_state: Whether it is running state, not a param.
        blobs: Which of the blobs are used; none for a constant.
    """

    layer: str
    param: str
    convert: Convert
    is_state: bool = False
    blobs: tuple[int, ...] = ()


@dataclass
class Made:
    """What became of one Caffe layer.

    Attributes:
        layers: The layers in graphnet, in order; none where nothing is needed.
        filled: Where their params come from.
        notes: What could not be said exactly, or needs to be known.
        renamed: Tops of the Caffe layer that readers find under another name.
        before: What stands before the layers: a gradient that is stopped.
        after: What stands behind them: tops that are terms of the objective.
    """

    layers: list[LayerDict] = field(default_factory=list)
    filled: list[Filled] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    before: list[LayerDict] = field(default_factory=list)
    after: list[LayerDict] = field(default_factory=list)

    def all_layers(self) -> list[LayerDict]:
        """The layers with what stands before and behind them."""
        return [*self.before, *self.layers, *self.after]


@dataclass(frozen=True)
class Converted:
    """What a database, or a list of pictures, becomes.

    Attributes:
        file: The file of HDF5.
        names: Of its data sets: samples and labels.
        samples: Reads it, sample after sample.
    """

    file: Path
    names: tuple[str, ...]
    samples: Callable[[], Iterator[tuple[np.ndarray, int]]]


@dataclass(frozen=True)
class Files:
    """Where files that a prototxt names are looked for: Caffe takes them from where it is started.

    Attributes:
        folders: In this order.
        mean: A mean file that is used instead of those named.
        out: The folder that is written; None where nothing is.
        means: The mean files that are converted, and to what.
        converted: The databases and lists that are converted, by path and tops.
    """

    folders: tuple[Path, ...]
    mean: Path | None = None
    out: Path | None = None
    means: dict[Path, Path] = field(default_factory=dict)
    converted: dict[tuple[Path, tuple[str, ...]], Converted] = field(default_factory=dict)

    @classmethod
    def beside(cls, path: Path, mean: Path | None = None, out: Path | None = None) -> Files:
        """The working directory, the folder of a file, and those around it."""
        folder = path.absolute().parent
        return cls((Path.cwd(), folder, *folder.parents), mean, out)

    def convert(
        self,
        path: Path,
        names: tuple[str, ...],
        samples: Callable[[], Iterator[tuple[np.ndarray, int]]],
    ) -> Path:
        """What the samples that lie there are converted to."""
        taken = [each.file.stem for each in self.converted.values()]
        stem = free_name(path.stem, taken)
        made = Converted((self.out or Path()) / f"{stem}.h5", names, samples)
        return self.converted.setdefault((path, names), made).file

    def mean_for(self, path: Path) -> Path:
        """What the mean of a file is converted to."""
        n = len(self.means)
        name = f"mean-{n + 1}.h5" if n else "mean.h5"
        return self.means.setdefault(path, (self.out or Path()) / name)

    def find(self, name: str) -> Path | None:
        """The file of that name, if it is there."""
        for folder in self.folders:
            if (folder / name).exists():
                return folder / name
        return None

    def at(self, name: str) -> Path:
        """The file of that name, or where it would be."""
        return self.find(name) or self.folders[1] / name


@dataclass
class Reader:
    """One Caffe layer, as it is to be translated.

    Attributes:
        message: What the file says, in the present form.
        name: Of the layer in graphnet.
        bottoms: Names of the blobs it reads, in graphnet.
        tops: Of those it writes.
        shapes: Of the bottoms; None where nobody knows.
        phase: ``TRAIN`` or ``TEST``.
        files: Where named files are looked for.
        stored: The arrays of the layer in the model; None without a model.
        decay: The regularizer that weight decay is: ``L2Regu`` or ``L1Regu``.
        time_first: Caffe's blobs that are ``(T, N, …)`` there and ``(N, T, …)`` here.
        joined: Whether the bottoms have an axis before Caffe's, since it works along the batch.
    """

    message: Message
    name: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    shapes: tuple[Shape | None, ...]
    phase: str
    files: Files
    stored: list[StoredBlob] | None = None
    decay: str = "L2Regu"
    time_first: frozenset[str] = frozenset()
    joined: bool = False

    # --- what it says -------------------------------------------------------------------

    @property
    def subject(self) -> str:
        """How a message about it begins."""
        return f"layer '{self.message['name'] or self.name}' ({self.message['type']}): "

    def refuse(self, why: str, position: Position | None = None) -> NoReturn:
        """Say that graphnet has no equal of this layer, or that it is wrong."""
        raise SpecError(self.subject + why, position or self.message.position)

    def need(self, message: Message, name: str, part: str) -> Any:
        """A field that must be set."""
        if not message.has(name):
            self.refuse(f"'{name}' is missing\n  expected it in '{part}'", message.position)
        return message[name]

    def axis(self, part: Message, name: str = "axis", i: int = 0) -> int:
        """An axis, counted from the front where the shape of bottom ``i`` is known.

        Raises:
            SpecError: If the bottom has no such axis.
        """
        axis, shape = int(part[name]), self.shapes[i]
        before = int(self.joined)  # axes that Caffe does not have
        if shape is None:
            return axis + before if axis >= 0 else axis
        n = len(shape) - before
        if not -n <= axis < n:
            self.refuse(
                f"'{name}' is {axis}, but its bottom '{self.message['bottom'][i]}' has the shape"
                f" {shape_text(shape[before:])}\n  expected {-n} to {n - 1}",
                part.at(name),
            )
        return axis % n + before

    def sample_axis(self, part: Message, name: str = "axis") -> int:
        """An axis that is not the batch axis.

        Raises:
            AlongBatchError: If it is.
        """
        axis = self.axis(part, name)
        if axis == 0:
            self.along_batch(part.at(name))
        return axis

    def along_batch(self, position: Position | None) -> NoReturn:
        """Have the layer translated on joined batches."""
        raise AlongBatchError(f"{self.subject}works along the batch axis", position)

    # --- what it becomes ----------------------------------------------------------------

    def layer(self, kind: str, suffix: str = "", /, **keys: Any) -> LayerDict:
        """A layer of graphnet with the bottoms and tops of this one, unless others are given."""
        made: LayerDict = {
            "name": f"{self.name}.{suffix}" if suffix else self.name,
            "type": kind,
            "bottoms": list(keys.pop("bottoms", self.bottoms)),
            "tops": list(keys.pop("tops", self.tops)),
        }
        return made | {key.rstrip("_"): value for key, value in keys.items()}

    def only(self, kind: str, **keys: Any) -> Made:
        """One layer without params."""
        return Made([self.layer(kind, **keys)])

    def learned(
        self,
        made: LayerDict,
        names: Sequence[str],
        fillers: Sequence[Message],
        shapes: Sequence[Shape | None],
        *,
        transposed: bool = False,
        first: int = 0,
        total: int | None = None,
    ) -> Made:
        """A layer with params: their rates, decay and fillers are added to its keys.

        Args:
            made: The layer.
            names: Of its params in graphnet, in the order of Caffe's blobs.
            fillers: Of each; how it starts where no model fills it.
            shapes: Of the blobs in Caffe; −1 for a size that nobody knows, None for nothing known.
            transposed: Whether blob 0 is a matrix that graphnet has the other way round.
            first: Which of the blobs is the first of these.
            total: How many blobs the layer has in Caffe. Default: these.
        """
        params, n = self.message["param"], len(names) if total is None else total
        if len(params) > n:
            self.refuse(
                f"has 'param' {len(params)} times, but {n} blobs\n  remove those that are too many",
                self.message.at("param", n),
            )
        params = params[first : first + len(names)]
        rates = [p["lr_mult"] for p in params] + [1.0] * (len(names) - len(params))
        decays = [p["decay_mult"] for p in params] + [1.0] * (len(names) - len(params))
        if names and not any(rates):
            made["frozen"] = True
        for i, name in enumerate(names):
            if not made.get("frozen"):
                made[f"{name}_lr"] = rates[i]
                regu = {"type": self.decay, "coef": decays[i]}
                made[f"{name}_regu"] = regu if decays[i] else {"type": "NoRegu"}
            start = self._initializer(fillers[i], shapes[i], name, transposed and i == 0)
            if start is not None:
                made[f"{name}_init"] = start
        filled = [
            Filled(
                made["name"],
                name,
                _taken(first + i, transposed=transposed and i == 0),
                blobs=(first + i,),
            )
            for i, name in enumerate(names)
        ]
        return Made([made], filled)

    def _initializer(
        self, filler: Message, shape: Shape | None, name: str, transposed: bool
    ) -> LayerDict | None:
        """The initializer that a filler is; None where a model fills the param instead."""
        if self.stored is not None and not filler.values:
            return None
        kind = filler["type"]
        match kind:
            case "constant":
                return {"type": "Constant", "value": filler["value"]}
            case "uniform":
                return {"type": "Uniform", "low": filler["min"], "high": filler["max"]}
            case "gaussian" if filler["sparse"] < 0:
                return {"type": "Gaussian", "mean": filler["mean"], "std": filler["std"]}
            case "bilinear":
                return {"type": "Bilinear"}
            case "xavier" | "msra":
                return self._by_fan(filler, shape, transposed)
            case "gaussian" | "positive_unitball":
                if self.stored is not None:
                    return {"type": "Null"}
                what = "a sparse gaussian" if kind == "gaussian" else "positive_unitball"
                self.refuse(
                    f"graphnet has no initializer that is the filler of its {name}: {what}"
                    "\n  choose another, or give weights that fill it",
                    filler.position,
                )
        return self.refuse(
            f"Caffe has no filler '{kind}'\n  expected one of: bilinear, constant, gaussian, msra,"
            " positive_unitball, uniform, xavier",
            filler.at("type"),
        )

    def _by_fan(self, filler: Message, shape: Shape | None, transposed: bool) -> LayerDict:
        """Xavier or MSRA; or, where graphnet would count otherwise, the same with its numbers."""
        is_xavier, norm = filler["type"] == "xavier", filler["variance_norm"]
        if norm == "FAN_IN" and shape is not None and len(shape) > 1 and not transposed:
            return {"type": "Xavier" if is_xavier else "MSRA"}
        if shape is None or min(shape) < 1:
            self.refuse(
                f"its filler '{filler['type']}' ({norm}) depends on a shape that is not known here"
                "\n  give the shapes of the inputs",
                filler.position,
            )
        count = prod(shape)
        fan_in, fan_out = count / shape[0], count / shape[1] if len(shape) > 1 else count
        n = {"FAN_IN": fan_in, "FAN_OUT": fan_out}.get(norm, (fan_in + fan_out) / 2)
        if is_xavier:
            limit = sqrt(3 / n)
            return {"type": "Uniform", "low": -limit, "high": limit}
        return {"type": "Gaussian", "std": sqrt(2 / n)}


def _taken(i: int, *, transposed: bool) -> Convert:
    return (lambda blobs: blobs[i].T) if transposed else (lambda blobs: blobs[i])


Translator: TypeAlias = Callable[[Reader], Made]
