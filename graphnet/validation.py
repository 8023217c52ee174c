"""From parsed YAML to checked models: pydantic's findings in the words of graphnet's errors.

Used for layers, solvers, coffee breaks: whatever is declared by a pydantic model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from graphnet.errors import Problem, SpecError, did_you_mean, one_of
from graphnet.yaml_reader import Document, KeyPath, parse_value

M = TypeVar("M", bound=BaseModel)

#: What users of other frameworks write, and graphnet's words for it.
KEY_WORDS: Mapping[str, tuple[str, ...]] = {
    "activation": ("neuron",),
    "bias_filler": ("bias_init",),
    "bias_term": ("bias",),
    "bottom": ("bottoms",),
    "chunk_size": ("buffer_bytes",),
    "decay_mult": ("filter_regu", "weight_regu"),
    "delta": ("epsilon",),
    "dropout_ratio": ("ratio",),
    "epochs": ("max_epoch",),
    "filters": ("n_filter",),
    "global_pooling": ("global",),
    "group": ("n_group",),
    "groups": ("n_group",),
    "inputs": ("bottoms",),
    "iterations": ("max_iter",),
    "kernel_size": ("kernel",),
    "local_size": ("kernel",),
    "loss_weight": ("weight",),
    "lr_mult": ("filter_lr", "weight_lr"),
    "momentum2": ("beta2",),
    "norm_region": ("mode",),
    "normalization": ("divisor",),
    "num_output": ("n_filter", "output_dim"),
    "optimizer": ("method",),
    "out_channels": ("n_filter",),
    "out_features": ("output_dim",),
    "outputs": ("tops",),
    "padding": ("pad",),
    "pool": ("pooling",),
    "random_seed": ("seed",),
    "rms_decay": ("rho",),
    "snapshot_prefix": ("exp_dir",),
    "solver_type": ("method",),
    "strides": ("stride",),
    "top": ("tops",),
    "units": ("output_dim",),
    "weight_filler": ("filter_init", "weight_init"),
}
#: The same where it takes more than a word.
KEY_PHRASES: Mapping[str, str] = {
    "base_lr": "lr_policy: {type: Fixed, base_lr: …}",
    "display": "coffee_breaks: [{type: TrainingSummary, every_n_iter: …}]",
    "learning_rate": "lr_policy: {type: Fixed, base_lr: …}",
    "lr": "lr_policy: {type: Fixed, base_lr: …}",
    "momentum": "mom_policy: {type: Fixed, momentum: …}",
    "snapshot": "coffee_breaks: [{type: Snapshot, every_n_iter: …}]",
    "test_interval": "coffee_breaks: [{type: ValidationPerformance, every_n_iter: …}]",
    "weight_decay": "regu_coef: …, half of that value: the gradient is 2·regu_coef·w",
}


def validate(
    model: type[M], value: Any, document: Document, path: KeyPath = (), subject: str = ""
) -> M:
    """Check ``value`` (which stands at ``path`` of the document) and build the model.

    Args:
        model: What it should be.
        value: Mappings, lists and scalars.
        document: Where it came from.
        path: Its place there.
        subject: Put before each message, such as ``layer 'ip1' (InnerProduct): ``.

    Raises:
        SpecError: With every problem found, each at its line and column.
    """
    if not isinstance(value, dict):
        raise SpecError(
            f"{subject}expected keys and values, found {describe(value)}", document.at(path)
        )
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = _Findings(model, value, document, path, subject)
        raise SpecError.of(
            found.problem(details)
            for details in error.errors()
            if details["type"] != "default_factory_not_called"  # another key of its is wrong
        ) from None


def describe(value: Any) -> str:
    """A value as a message shows it: its kind and its beginning."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text '{_short(value)}'"
        case int() | float():
            return f"{value!r}"
        case list() | tuple():
            return f"a list of {len(value)}: {_short(_flow(value))}"
        case dict():
            return f"a mapping with the keys {_short(', '.join(map(str, value)))}"
    return f"{type(value).__name__} {_short(repr(value))}"


def _flow(value: Any) -> str:
    return "[" + ", ".join(str(v) for v in value) + "]"


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


@dataclass(frozen=True)
class _Findings:
    """Turns pydantic's errors about one model into problems."""

    model: type[BaseModel]
    value: Any
    document: Document
    path: KeyPath
    subject: str

    def problem(self, details: ErrorDetails) -> Problem:
        """One error as a problem."""
        loc, kind, context = details["loc"], details["type"], details.get("ctx", {})
        place, found = self.place(loc)
        position = self.document.at((*self.path, *place))
        where, last = _dotted(place), str(loc[-1] if loc else "")
        inside, key = (f" in '{where}'", f"key '{where}': ") if where else ("", "")
        match kind:
            case "extra_forbidden":
                parent = _dotted(place[:-1])
                message = f"unknown key '{last}'" + (f" in '{parent}'" if parent else "")
                message += _unknown_key_hint(last, self.known_keys(loc), found)
                position = self.document.key_at((*self.path, *place))
            case "missing":
                message = f"missing key '{last}'{inside}"
            case "union_tag_not_found" | "union_tag_invalid" if _has_odd_type(found):
                here = (*place, "type")
                message = f"key '{_dotted(here)}': expected a text, found {describe(found['type'])}"
                position = self.document.at((*self.path, *here))
            case "union_tag_not_found" if not isinstance(found, Mapping):
                message = f"{key}expected keys and values with 'type', found {describe(found)}"
            case "union_tag_not_found":
                message = f"missing key 'type'{inside}"
            case "union_tag_invalid":
                tag = str(context["tag"]).strip("'")
                expected = [t.strip(" '") for t in str(context["expected_tags"]).split(",")]
                message = f"{key}unknown type '{tag}'" + _closest(tag, expected)
                position = self.document.at((*self.path, *place, "type"))
            case "value_error":
                unfit = _unfit(kind, context, details)
                message, first = key + unfit, unfit.split()[0].strip("':,")
                if isinstance(found, Mapping) and first in found:  # it says which of the keys
                    position = self.document.at((*self.path, *place, first))
            case _:
                message = key + _unfit(kind, context, details)
        return Problem(self.subject + message, position)

    def place(self, loc: Sequence[str | int]) -> tuple[KeyPath, Any]:
        """Where an error's ``loc`` leads in the value, leaving out the union tags in it."""
        place: KeyPath = ()
        inner = self.value
        for step in loc:
            is_key = isinstance(inner, Mapping) and step in inner
            is_index = isinstance(inner, list | tuple) and isinstance(step, int)
            if is_key or (is_index and int(step) < len(inner)):
                place, inner = (*place, step), inner[step]
        return place, inner

    def known_keys(self, loc: Sequence[str | int]) -> list[str]:
        """The keys of the model that refused the last step of an error's ``loc``."""
        models = [self.model]
        for step in loc[:-1]:
            tagged = [m for m in models if _tag(m) == step]
            fields = [f for m in models for n, f in m.model_fields.items() if step in (n, f.alias)]
            models = tagged or [m for f in fields for m in _models_in(f.annotation)] or models
        return [f.alias or name for m in models for name, f in m.model_fields.items()]


def _has_odd_type(value: Any) -> bool:
    """Whether it is a mapping whose ``type`` is no text."""
    return isinstance(value, Mapping) and not isinstance(value.get("type", ""), str)


def _dotted(path: KeyPath) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text


def _tag(model: type[BaseModel]) -> Any:
    """What stands at ``type`` to mean this model."""
    return model.model_fields["type"].default if "type" in model.model_fields else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for arg in getattr(annotation, "__args__", ()) for m in _models_in(arg)]


def _closest(found: str, known: list[str]) -> str:
    """The name that was probably meant, or else all there are."""
    return did_you_mean(found, known) or (one_of(known) if known else "")


def _unknown_key_hint(key: str, known: list[str], value: Any) -> str:
    if key in ("dim", "channel_dim") and "axis" in known:
        return "\n  " + _axis_for(key, value)
    words = [word for word in KEY_WORDS.get(key, ()) if word in known]
    if words:
        return "\n  write " + " or ".join(f"'{word}'" for word in words)
    phrase = KEY_PHRASES.get(key, "")
    if phrase.partition(":")[0] in known:
        return f"\n  write {phrase}"
    return _closest(key, known)


def _axis_for(key: str, value: Any) -> str:
    """Mocha counts axes from the other end, from 1; graphnet as NumPy does, from 0."""
    if not isinstance(value, int) or value == 0:
        return (
            f"graphnet's key is 'axis', counted as in NumPy's (N, C, H, W); Mocha's '{key}' is not"
        )
    if value < 0:
        return f"Mocha's '{key}: {value}' is 'axis: {-value - 1}' here (NumPy's order, from 0)"
    return (
        f"Mocha's '{key}: {value}' is 'axis: n - {value}' here for a blob of n axes"
        f" (NumPy's order, from 0): 'axis: {4 - value}' for an image blob (N, C, H, W)"
    )


#: What pydantic's kinds of error say, with the numbers of their context filled in.
_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "keys and values",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "list_type": "a list",
    "literal_error": "{expected}",
    "model_attributes_type": "keys and values",
    "model_type": "keys and values",
    "none_required": "nothing",
    "string_too_short": "a text that is not empty",
    "string_type": "a text",
    "too_long": "at most {max_length} items",
    "too_short": "at least {min_length} items",
    "tuple_type": "a list",
}


def _unfit(kind: str, context: Mapping[str, Any], details: ErrorDetails) -> str:
    """What was expected of a value, and what it is."""
    found, message = details["input"], details["msg"]
    if kind == "value_error":
        message = str(context["error"])
        if not message.startswith("expected"):  # the models' own words, complete as they are
            return message
    elif kind in _EXPECTED:
        message = "expected " + _EXPECTED[kind].format(**context)
    else:
        message = message[0].lower() + message[1:]
    return f"{message}, found {describe(found)}{_rewrite_hint(kind, found)}"


def _rewrite_hint(kind: str, found: Any) -> str:
    """How a value of the wrong kind is written right, where that can be guessed."""
    if kind in ("tuple_type", "list_type") and isinstance(found, str):
        return f"\n  write [{found}]"
    if kind == "string_type" and isinstance(found, int | float):
        text = "true" if found is True else "false" if found is False else f"{found}"
        return f'\n  write it in quotes: "{text}"'
    if kind in ("int_type", "float_type", "bool_type") and isinstance(found, str):
        value = parse_value(found) if found.isascii() and found.isalnum() else None
        if isinstance(value, int | float):
            return "\n  write it without quotes"
    return ""
