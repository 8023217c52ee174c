"""From parsed YAML to checked models: pydantic's findings in the words of graphnet's errors.

Used for layers, solvers, coffee breaks: whatever is declared by a pydantic model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from graphnet.errors import Problem, SpecError, did_you_mean, one_of
from graphnet.yaml_reader import Document, KeyPath

M = TypeVar("M", bound=BaseModel)

#: What users of other frameworks write, and graphnet's word for it.
KEY_WORDS: Mapping[str, str] = {
    "num_output": "n_filter' (Convolution) or 'output_dim' (InnerProduct)",
    "kernel_size": "kernel",
    "filters": "n_filter",
    "group": "n_group",
    "bottom": "bottoms",
    "top": "tops",
    "bias_term": "bias",
    "weight_filler": "weight_init' or 'filter_init",
    "bias_filler": "bias_init",
    "units": "output_dim",
    "dropout_ratio": "ratio",
    "momentum": "mom_policy",
    "momentum_policy": "mom_policy",
    "weight_decay": "regu_coef' (half of Caffe's weight_decay: the gradient is 2·coef·w)",
    "base_lr": "lr_policy: {type: Fixed, base_lr: …}",
    "learning_rate": "lr_policy: {type: Fixed, base_lr: …}",
    "lr": "lr_policy: {type: Fixed, base_lr: …}",
    "snapshot": "coffee_breaks: [{type: Snapshot, every_n_iter: …}]",
    "snapshot_prefix": "exp_dir",
    "solver_type": "method",
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
        problems = [
            _problem(details, model, value, document, path, subject) for details in error.errors()
        ]
        raise SpecError.of(dict.fromkeys(problems)) from None


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


def _problem(
    details: ErrorDetails,
    model: type[BaseModel],
    value: Any,
    document: Document,
    path: KeyPath,
    subject: str,
) -> Problem:
    """One pydantic error as a Problem. Its ``loc`` holds union tags that are no keys; skip them."""
    place, inner, fields = path, value, _fields(model)
    loc = list(details["loc"])
    last = loc[-1] if loc else ""
    for step in loc:
        is_key = isinstance(inner, dict) and (step in inner or step == last)
        is_index = isinstance(inner, list | tuple) and isinstance(step, int) and step < len(inner)
        if (is_key and not (step == last and step not in inner)) or is_index:
            place = (*place, step)
            inner = inner[step]
    kind, context = details["type"], details.get("ctx", {})
    where = _dotted(place[len(path) :])
    key = f"key '{where}': " if where else ""
    at_key = document.key_at(place) if where else document.at(path)
    match kind:
        case "extra_forbidden":
            parent = _dotted(place[len(path) : -1])
            inside = f" in '{parent}'" if parent else ""
            known = fields if not parent else _nested_fields(model, loc)
            hint = _unknown_key_hint(str(last), known, inner)
            return Problem(f"{subject}unknown key '{last}'{inside}{hint}", at_key)
        case "missing":
            inside = f" in '{where}'" if where else ""
            return Problem(f"{subject}missing key '{last}'{inside}", document.at(place))
        case "union_tag_invalid":
            tag = str(context.get("tag", "")).strip("'")
            expected = [t.strip(" '") for t in str(context.get("expected_tags", "")).split(",")]
            at = document.at((*place, "type")) or at_key
            hint = one_of(expected) + did_you_mean(tag, expected)
            return Problem(f"{subject}{key}unknown type '{tag}'{hint}", at)
        case "union_tag_not_found":
            return Problem(f"{subject}{key}missing key 'type'", document.at(place))
    expected_text = _expected(kind, context, details["msg"])
    return Problem(f"{subject}{key}{expected_text}, found {describe(details['input'])}", at_key)


def _dotted(path: KeyPath) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text


def _fields(model: type[BaseModel]) -> list[str]:
    return [f.alias or name for name, f in model.model_fields.items()]


def _nested_fields(model: type[BaseModel], loc: list[Any]) -> list[str]:
    """The keys a nested model knows: those of the class that the union tag in ``loc`` names."""
    tag = loc[-2] if len(loc) > 1 else ""
    for candidate in _reachable(model, set()):
        default = candidate.model_fields.get("type")
        if default is not None and default.default == tag:
            return _fields(candidate)
    return []


def _reachable(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """The models that stand in a model's annotations, at any depth."""
    if model not in seen:
        seen.add(model)
        for info in model.model_fields.values():
            for found in _models_in(info.annotation):
                _reachable(found, seen)
    return seen


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for arg in getattr(annotation, "__args__", ()) for m in _models_in(arg)]


def _unknown_key_hint(key: str, known: list[str], value: Any) -> str:
    if key in ("dim", "channel_dim"):
        return "\n  " + _axis_for(key, value)
    if key in KEY_WORDS:
        return (
            f"\n  write '{KEY_WORDS[key]}'"
            if "{" not in KEY_WORDS[key]
            else (f"\n  write {KEY_WORDS[key]}")
        )
    return (one_of(known) if known else "") + did_you_mean(key, known)


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


_PLAIN = {
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "string_type": "expected a text",
    "bool_type": "expected true or false",
    "tuple_type": "expected a list",
    "list_type": "expected a list",
    "dict_type": "expected keys and values",
    "model_type": "expected keys and values",
    "model_attributes_type": "expected keys and values",
    "finite_number": "expected a finite number",
    "none_required": "expected nothing",
}


def _expected(kind: str, context: Mapping[str, Any], message: str) -> str:
    match kind:
        case "greater_than":
            return f"expected more than {context['gt']}"
        case "greater_than_equal":
            return f"expected at least {context['ge']}"
        case "less_than":
            return f"expected less than {context['lt']}"
        case "less_than_equal":
            return f"expected at most {context['le']}"
        case "literal_error":
            return f"expected {context['expected']}"
        case "string_too_short":
            return "expected a text that is not empty"
        case "value_error":
            return str(context.get("error", message))
    return _PLAIN.get(kind, message[0].lower() + message[1:])
