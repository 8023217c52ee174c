# ruff: noqa: INP001  # a script, not a module of a package
"""Writes docs/layers.md, the catalogue of layers, from the docstrings and fields of the specs.

Run it from the root of the repository after changing a layer: ``python docs/make_layers.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic.fields import FieldInfo

from graphnet.data.mixing import AnyMixer
from graphnet.data.transformers import AnyTransformer
from graphnet.layers import LAYER_TYPES
from graphnet.layers.base import Arity, Kind, LayerSpec, exactly
from graphnet.layers.neurons.any_neuron import AnyNeuron
from graphnet.params.constraints import AnyConstraint
from graphnet.params.initializers import AnyInitializer
from graphnet.params.regularizers import AnyRegularizer

sys.path.insert(0, str(Path(__file__).parent))

from docstrings import (
    argument_texts,
    default_text,
    described,
    docstring_sections,
    property_table,
    row,
)

OUTPUT = Path(__file__).with_name("layers.md")

INTRODUCTION = """\
<!-- Made by docs/make_layers.py from the docstrings in graphnet/layers; change those instead. -->

# The layers

A net is a list of layers. Each has a `name`, a `type` from this page, `bottoms` it reads and
`tops` it writes, and the properties of its type. `N` is the number of samples in a batch; shapes
and axes are those of NumPy, the batch axis first: `(N, C, H, W)` for images. A pair is
`[height, width]`, and one number means both. What takes a name, such as `neuron: ReLU` or
`weight_init: Xavier`, also takes a mapping with properties: `{type: Gaussian, std: 0.01}`.
"""

WEIGHTS = (
    "A further bottom may hold weights, numbers of at least 0: one for each sample, or for each "
    "place on the first axes of what is counted, such as `(N, T)` for sequences. Where it is 0 "
    "nothing is counted, whatever stands there: a mask of 0 and 1 lets sequences of several "
    "lengths share a batch."
)

OF_CLASSES = (
    "Weights of classes: `weights` where scores of classes are compared with labels or "
    "distributions, `positive_weight` where each target is a yes or no. SquareLoss, L1Loss, "
    "HuberLoss, GaussianKLLoss and SumLoss know no classes. The cost of a class of WassersteinLoss "
    "is a row or column of its `M`; HingeLoss and ContrastiveLoss take the weights of their signs "
    "and pairs as a bottom, and so does CTCLoss those of its sequences: there no class has a cost "
    "of its own, only the whole way to read it."
)

GROUPS = {
    "Data": "Layers without bottoms: where samples come from.",
    "Computation": "From bottoms to tops.",
    "Neurons": "Element-wise functions: layers of their own, or the `neuron` of another layer.",
    "Losses": f"Terms of the objective; the objective is their sum. {WEIGHTS} Of a loss, a weight "
    "multiplies the cost and is no part of the divisor, which counts what has a weight.\n\n"
    f"{OF_CLASSES}",
    "Statistics": "Layers that measure something over batches, from which nothing is learned. "
    f"{WEIGHTS} Statistics are means weighted by them.",
    "Output": "Layers that write or keep blobs.",
}

#: The models that are values of properties of layers, and the properties.
VALUES = {
    "Initializers": ("`…_init`: how a param is filled before training.", AnyInitializer),
    "Regularizers": ("`…_regu`: what keeps a param small.", AnyRegularizer),
    "Constraints": ("`…_cons`: what is enforced on a param after an update.", AnyConstraint),
    "Transformers": ("`transformers`: what is done to samples on their way in.", AnyTransformer),
    "Mixers": ("`mix`: how samples are blended with others, behind the transformers.", AnyMixer),
}

#: The layers that can also be the ``neuron`` of another layer.
NEURONS = {spec.__name__ for spec in get_args(get_args(AnyNeuron)[0])}


def catalogue() -> str:
    """The whole page."""
    grouped: dict[str, list[type[LayerSpec]]] = {group: [] for group in GROUPS}
    for spec in LAYER_TYPES.values():
        grouped[group_of(spec)].append(spec)
    parts = [INTRODUCTION, *contents(grouped), *common_properties()]
    for group, specs in grouped.items():
        if specs:
            parts += [f"## {group}\n\n{GROUPS[group]}\n"]
            parts += ["\n\n".join(layer_entry(spec)) + "\n" for spec in specs]
    parts += values_entry()
    return "\n".join(parts)


def group_of(spec: type[LayerSpec]) -> str:
    """The heading it stands under."""
    if spec.__name__ in NEURONS:
        return "Neurons"
    return {
        Kind.DATA: "Data",
        Kind.COMPUTE: "Computation",
        Kind.LOSS: "Losses",
        Kind.STATISTIC: "Statistics",
        Kind.OUTPUT: "Output",
    }[spec.kind]


def contents(grouped: dict[str, list[type[LayerSpec]]]) -> Iterator[str]:
    """A table of what there is."""
    yield "| | |\n|---|---|"
    for group, specs in grouped.items():
        if specs:
            yield f"| [{group}](#{group.lower()}) | {', '.join(map(link, specs))} |"
    yield f"| Values | {', '.join(f'[{name}](#{name.lower()})' for name in VALUES)} |\n"


def link(spec: type[LayerSpec]) -> str:
    """To its entry."""
    return f"[{spec.__name__}](#{spec.__name__.lower()})"


def common_properties() -> Iterator[str]:
    """What every layer has."""
    yield "## Every layer\n"
    fields = {n: f for n, f in LayerSpec.model_fields.items() if n != "type"}
    head, rule, *rows = property_table(LayerSpec, fields)
    kind = "| `type` | required | From this page, or the dotted path of a class of your own. |"
    yield from (head, rule, kind, *rows, "")


def layer_entry(spec: type[LayerSpec]) -> Iterator[str]:
    """One layer."""
    sections = docstring_sections(spec)
    yield f"### {spec.__name__}"
    yield sections[""]
    yield arity_text(spec)
    for title in ("Bottoms", "Tops", "Params"):
        if title in sections:
            items = described(sections[title]).items()
            yield f"**{title}**\n\n" + "\n".join(f"- {name}: {text}" for name, text in items)
    own = own_fields(spec)
    if own:
        yield "**Properties**\n\n" + "\n".join(property_table(spec, own))
    yield f"```yaml\n{sections['Example']}\n```"
    yield "Source: " + " ".join(sections["Source"].split())


def own_fields(spec: type[LayerSpec]) -> dict[str, FieldInfo]:
    """The properties it adds, in the order its docstring describes them, or gives a default."""
    common = LayerSpec.model_fields
    described_order = list(argument_texts(spec))
    own = {
        name: info
        for name, info in spec.model_fields.items()
        if name not in common
        or (name not in ("type", "name") and info.default != common[name].default)
    }
    keys = {name: info.alias or name for name, info in own.items()}
    return dict(sorted(own.items(), key=lambda item: described_order.index(keys[item[0]])))


def arity_text(spec: type[LayerSpec]) -> str:
    """How many bottoms and tops it takes."""
    text = f"Takes {count(spec.n_bottoms, 'bottom')}, gives {count(spec.n_tops, 'top')}"
    if spec.each_bottom:
        text += "; or any number of bottoms and as many tops, computed alike"
    if spec.in_place:
        text += "; in place where `tops` is left out"
    return text + "."


def count(arity: Arity, what: str) -> str:
    """``1 bottom``, ``no tops``, ``2 or more bottoms``."""
    if arity == exactly(0):
        return f"no {what}s"
    return f"{arity} {what}" + ("" if arity == exactly(1) else "s")


def values_entry() -> Iterator[str]:
    """The models that are values of properties."""
    yield "## Values\n"
    for title, (text, union) in VALUES.items():
        yield f"### {title}\n\n{text}\n\n| type | properties | |\n|---|---|---|"
        for model in get_args(get_args(union)[0]):
            properties = ", ".join(
                f"`{info.alias or name}` {default_text(info)}".strip()
                for name, info in model.model_fields.items()
                if name != "type"
            )
            summary = docstring_sections(model)[""]
            yield row(model.model_fields["type"].default, properties, " ".join(summary.split()))
        yield ""


if __name__ == "__main__":
    OUTPUT.write_text(catalogue(), encoding="utf-8")
