"""The templates of ``graphnet new``, and a folder's files made from one of them for some data.

A template is text with ``${name}`` where something depends on the data: what stands there is
chosen here, from what :mod:`graphnet.starters.seen` knows of the data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Any

from graphnet.blob import Shape, shape_text
from graphnet.errors import DataError, UnknownNameError, did_you_mean, one_of
from graphnet.starters import layers_of_data
from graphnet.starters.folder import Files, name_of, schema_uri, yaml_name
from graphnet.starters.layers_of_data import DataLayers, InputRange
from graphnet.starters.seen import SeenData, see_data
from graphnet.starters.target import Target, target_of

_TEXTS = Path(__file__).parent / "texts"
_TOPS = re.compile(r"tops: \[([\w-]+)\]")
_UPDATES = 2000
_MOST_EPOCHS = 100
#: Height and width that a template's convolutions and poolings need at least.
_LEAST_SIDE = {"lenet": 16, "cnn": 8}
_CHANNELS_LAST = (1, 3, 4)


@dataclass(frozen=True)
class NetTemplate:
    """What a net can be made like.

    Attributes:
        about: What it is, in a few words.
        data: What it is made for where the user names no data.
        columns: The data sets it reads; nothing where it takes what it finds.
        last: The blob that scores are made from; nothing where it has no scores.
        watched: The layer whose params the hook looks at.
        rate: The learning rate.
    """

    about: str
    data: str
    columns: tuple[str, ...] = ()
    last: str = ""
    watched: str = "ip1"
    rate: float = 0.001


#: Every template, by its name.
TEMPLATES: Mapping[str, NetTemplate] = MappingProxyType({
    "mlp": NetTemplate("a perceptron of two hidden layers", "dataset:iris", last="ip2"),
    "lenet": NetTemplate("LeNet", "dataset:digits28", last="ip1"),
    "cnn": NetTemplate("a convolutional net", "dataset:digits28", last="ip1"),
    "autoencoder": NetTemplate("an auto-encoder", "dataset:digits28", watched="code"),
    "lstm": NetTemplate(
        "an LSTM that predicts the next symbol",
        "dataset:docs-text",
        columns=("text", "cont", "next"),
        watched="lstm",
        rate=0.003,
    ),
    "siamese": NetTemplate(
        "a siamese net",
        "dataset:digits28-pairs",
        columns=("data_a", "data_b", "similar"),
    ),
    "vae": NetTemplate("a variational auto-encoder", "dataset:digits28", watched="mu"),
})  # fmt: skip


@dataclass(frozen=True)
class NewNet:
    """A net that has been made, and is not written yet.

    Attributes:
        files: Their texts, by name.
        about: What it is, in a sentence.
        problems: What is wrong with its data.
    """

    files: Files
    about: str
    problems: list[str]


def check_template(name: str) -> None:
    """See that there is such a template.

    Raises:
        UnknownNameError: If there is none.
    """
    if name not in TEMPLATES:
        hint = did_you_mean(name, TEMPLATES) + one_of(list(TEMPLATES))
        raise UnknownNameError(f"there is no template '{name}'{hint}")


def new_net(folder: Path, template: str | None, data: str | None) -> NewNet:
    """Make a net for a folder.

    Args:
        folder: Where it will lie; it is not written to.
        template: Which; None: one that suits the data.
        data: As :func:`see_data` takes it; None: the template's own.

    Raises:
        UnknownNameError: If there is no such template.
        DataError: If the data cannot be read, or the template cannot use it.
    """
    if template is not None:
        check_template(template)
    seen = see_data(data or TEMPLATES[template or "mlp"].data)
    name = template or _suitable(seen)
    made = TEMPLATES[name]
    if made.columns:
        return _of_columns(folder, name, seen)
    values, label = seen.input_and_label()
    shape = values.shape[1:]
    _check_shape(name, shape, seen)
    target = target_of(seen, label) if made.last and label is not None else None
    if made.last and target is None:
        raise DataError(
            f"{seen.given}: there is nothing to be learned but '{values.name}' itself"
            "\n  a net that needs no labels: --template autoencoder"
        )
    found = InputRange(seen, values)
    if name == "vae" and not found.is_bounded:
        raise DataError(
            f"{seen.given}: '{values.name}' goes from {values.low:g} to {values.high:g}, and a vae"
            " takes numbers from 0 to 1\n  try --template autoencoder"
        )
    tops = [values.name, *([label.name] if label is not None and target is not None else [])]
    layers = layers_of_data.data_layers(folder, seen, tops, found, target)
    n_values = prod(shape)
    hidden = _hidden(n_values)
    words = {
        "input": yaml_name(layers.input),
        "hidden": hidden,
        "hidden2": max(8, hidden // 2),
        "code": _code(name, n_values),
        "n_values": n_values,
        "bounded": ", neuron: Sigmoid" if found.is_bounded else "",
        "batch": layers.batch,
        "last": made.last,
    }
    if target is not None:
        words |= {"label": yaml_name(target.name), "n_classes": target.n_outputs}
        words["head"] = _filled(f"head-{target.kind}.yaml", words).rstrip()
    about = f"{_capital(made.about)} for {_what(seen, shape, target)}"
    statistic = {"classes": "accuracy", "tags": "accuracy", "numbers": "loss"}
    keep = statistic[target.kind] if target is not None else "" if name == "vae" else "loss"
    is_of_classes = target is not None and target.kind == "classes"
    return _made(folder, name, seen, layers, words, about, keep, is_of_classes=is_of_classes)


def _of_columns(folder: Path, name: str, seen: SeenData) -> NewNet:
    """A net that reads data sets of certain names."""
    made = TEMPLATES[name]
    lacking = [column for column in made.columns if column not in seen.columns]
    if lacking:
        raise DataError(
            f"{seen.given}: there is no '{lacking[0]}'\n  the template {name} reads"
            f" {', '.join(made.columns)}; there are {', '.join(seen.columns)}"
        )
    first = seen.columns[made.columns[0]]
    n_values = prod(first.shape[1:])
    n_symbols = int(seen.highest(*made.columns[::2])) + 1 if name == "lstm" else 0
    if name == "lstm":
        layers = layers_of_data.sequence_layers(folder, seen, made.columns)
        about = f"{_capital(made.about)}, of {n_symbols}, in rows of {n_values} from {seen.given}"
    else:
        layers = layers_of_data.data_layers(folder, seen, made.columns, InputRange(seen, first))
        about = (
            f"{_capital(made.about)} for pairs of {shape_text(first.shape[1:])} from {seen.given}"
        )
    hidden = _hidden(n_values)
    words = {
        "hidden": hidden,
        "hidden2": max(8, hidden // 2),
        "n_classes": n_symbols,
        "code": min(64, max(4, n_symbols)),
    }
    return _made(folder, name, seen, layers, words, about, "accuracy")


def _made(
    folder: Path,
    template: str,
    seen: SeenData,
    layers: DataLayers,
    words: Mapping[str, Any],
    about: str,
    keep_best: str,
    *,
    is_of_classes: bool = False,
) -> NewNet:
    """All files, from what has been chosen."""
    made, name = TEMPLATES[template], name_of(folder)
    head, _, body = _filled(f"{template}.yaml", words).partition("\n")
    taken = [name for name in layers.tops if name in _TOPS.findall(body)]
    if taken:
        raise DataError(
            f"{seen.given}: a blob of the net is called '{taken[0]}', as a column of the data is"
            "\n  call the columns 'data' and 'label'"
        )
    net = (
        f"# yaml-language-server: $schema={schema_uri('net')}\n{head}\n# {about}.\n"
        f"name: {yaml_name(name)}\nsolver: solver.yaml\n\nlayers:\n{layers.text}\n{body}"
    )
    n_train = seen.n_rows[0]
    epochs = min(_MOST_EPOCHS, max(2, round(_UPDATES * layers.batch / n_train)))
    often = max(1, epochs // 10)
    stopping = (
        "  # Ends when nothing has become better for a while:\n"
        f"  # - {{type: EarlyStopping, key: {keep_best}, patience: 5}}"
    )
    solver = _filled(
        "solver.yaml",
        {
            "schema": schema_uri("solver"),
            "name": name,
            "max_epoch": epochs,
            "rate": made.rate,
            "regu": 0 if template in ("vae", "lstm", "autoencoder") else 0.0005,
            "two_thirds": max(1, 2 * epochs // 3),
            "clip": "clip_gradients: 5 # recurrent nets have steep places\n"
            if template == "lstm"
            else "",
            "often": often,
            "seldom": max(1, epochs // 2) if not keep_best else often,
            "keep_best": f", keep_best: {keep_best}" if keep_best else "",
            "layer": made.watched,
            "stopping": stopping if keep_best else "",
        },
    )
    readme = _filled("README.md", {"title": name, "about": f"{about}."})
    hooks = _filled("hooks.txt", {"name": name.replace('"', "'").replace("\\", "/")})
    files = {"net.yaml": net, "solver.yaml": solver, "hooks.py": hooks, "README.md": readme}
    files = {file: text.rstrip() + "\n" for file, text in files.items()}
    return NewNet(files, about, seen.problems(of_classes=is_of_classes))


def _filled(file: str, words: Mapping[str, Any]) -> str:
    return Template((_TEXTS / file).read_text("utf-8")).substitute(words)


def _suitable(seen: SeenData) -> str:
    """A template for data: by the names of its columns, then by the shape of a row."""
    for name, made in TEMPLATES.items():
        if made.columns and set(made.columns) <= set(seen.columns):
            return name
    values, label = seen.input_and_label()
    if label is None:
        return "autoencoder"
    shape = values.shape[1:]
    if _side(shape) >= _LEAST_SIDE["lenet"] and shape[0] == 1:
        return "lenet"
    return "cnn" if _side(shape) >= _LEAST_SIDE["cnn"] else "mlp"


def _side(shape: Shape) -> int:
    """The shorter side of pictures; 0 for what are none, or have their channels last."""
    if len(shape) != 3 or (shape[2] in _CHANNELS_LAST and shape[0] not in _CHANNELS_LAST):  # noqa: PLR2004
        return 0
    return min(shape[1:])


def _check_shape(name: str, shape: Shape, seen: SeenData) -> None:
    """See that a template can use rows of a shape.

    Raises:
        DataError: If it takes pictures, and these are none or too small.
    """
    least = _LEAST_SIDE.get(name, 0)
    if _side(shape) >= least:
        return
    raise DataError(
        f"{seen.given}: a row is {shape_text(shape)}, and the template {name} takes pictures"
        f" (channels, height, width) of {least}×{least} or more\n  try --template"
        f" {'cnn' if _side(shape) >= _LEAST_SIDE['cnn'] else 'mlp'}"
    )


def _hidden(n_values: int) -> int:
    """Units of the first hidden layer: a power of two, more for longer rows."""
    return 1 << min(8, max(4, (2 * n_values - 1).bit_length()))


def _code(name: str, n_values: int) -> int:
    return max(1, min(20 if name == "vae" else 32, n_values // 2))


def _what(seen: SeenData, shape: Shape, target: Target | None) -> str:
    """``3 classes of 4 numbers, from dataset:iris``."""
    rows = f"rows of {shape_text(shape)}" if shape else "single numbers"
    return f"{rows}{target.text if target is not None else ''}, from {seen.given}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
