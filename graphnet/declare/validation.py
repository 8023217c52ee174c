"""From parsed YAML to checked models, with pydantic's errors put into graphnet's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from graphnet.declare.key_words import key_hint, kind_hint, kind_meant, number_hint, shape_hint
from graphnet.declare.user_code import imported
from graphnet.declare.yaml_reader import Document, KeyPath
from graphnet.errors import Problem, SpecError, one_of

M = TypeVar("M", bound=BaseModel)


def validate(
    model: type[M],
    value: Any,
    document: Document,
    path: KeyPath = (),
    subject: str = "",
    *,
    context: Any = None,
) -> M:
    """Check ``value`` (which stands at ``path`` of the document) and build the model.

    Args:
        model: The model to build.
        value: Mappings, lists and scalars.
        document: Where the value came from.
        path: Its place in the document.
        subject: How each message begins, such as ``layer 'ip1' (InnerProduct): ``.
        context: For validators that ask for it.

    Raises:
        SpecError: With every problem found, each at its line and column.
    """
    if not isinstance(value, dict):
        raise SpecError(
            f"{subject}expected keys and values, found {describe(value)}{shape_hint(value)}",
            document.at(path),
        )
    try:
        return model.__pydantic_validator__.validate_python(value, context=context)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise spec_error(error, model, value, document, path, subject) from None


def spec_error(
    error: ValidationError,
    model: type[BaseModel] | Any,
    value: Any,
    document: Document,
    path: KeyPath = (),
    subject: str = "",
) -> SpecError:
    """What pydantic found wrong with ``value``, in the words of :func:`validate`.

    ``model`` may be a union of models.
    """
    findings = _Findings(model, value, document, path, subject)
    found = [
        (details, findings.problem(details))
        for details in error.errors()
        if details["type"] != "default_factory_not_called"  # another key of the model is wrong
    ]
    hints = [p.message.partition("\n")[2] for d, p in found if d["type"] == "extra_forbidden"]
    meant = set(re.findall(r"'(\w+)[':]", " ".join(hints)))
    return SpecError.of(
        problem
        for details, problem in found
        # a key that was given under another name is not reported as missing too
        if details["type"] != "missing" or details["loc"][-1] not in meant
    )


def describe(value: Any) -> str:
    """A value as messages show it: its kind and its beginning."""
    match value:
        case None:
            return "nothing"
        case type():
            return f"the class {value.__name__}"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text '{_short(value)}'"
        case int() | float():
            return _short(f"{value!r}")
        case list() | tuple():
            return f"a list of {len(value)}: {_short(_listed(value))}"
        case dict():
            return f"a mapping with the keys {_short(', '.join(map(str, value)))}"
    name = type(value).__name__
    if isinstance(shape := getattr(value, "shape", None), tuple) and hasattr(value, "dtype"):
        return f"an array of shape {' × '.join(map(str, shape)) or 'scalar'} ({name})"
    shown = repr(value)
    if shown.startswith("<"):
        return f"a {name}"
    return _short(shown) if shown.startswith(name) else f"{name} {_short(shown)}"


def _listed(value: Any) -> str:
    """A list as YAML writes it, within lists too; models hold tuples."""
    if not isinstance(value, list | tuple):
        return str(value)
    return f"[{', '.join(map(_listed, value))}]"


def _short(text: str, most: int = 60) -> str:
    line = text.replace("\r", "").replace("\n", "\\n")
    return line if len(line) <= most else line[: most - 1] + "…"


@dataclass(frozen=True)
class _Findings:
    """Turns pydantic's errors about a model into problems."""

    model: Any
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
        key = f"key '{where}': " if where else ""
        tag = found.get("type", "") if isinstance(found, Mapping) else ""
        match kind:
            case "extra_forbidden":
                around, holder = self.place(loc[:-1])
                message = f"unknown key '{last}'" + _inside(around, holder)
                models = _users_class(holder) or self.models(loc[:-1])
                known = [key for model in models for key in keys_of(model)]
                under = {getattr(m, "stands_under", "") for m in models} | {_tag(m) for m in models}
                message += key_hint(last, known, found, under)
                position = self.document.key_at((*self.path, *place))
            case "missing" if isinstance(loc[-1], str):
                message = f"missing key '{last}'" + _inside(place, details["input"])
            case "union_tag_not_found" | "union_tag_invalid" if not isinstance(tag, str):
                here = (*place, "type")
                message = f"key '{_dotted(here)}': expected a text, found {describe(tag)}"
                position = self.document.at((*self.path, *here))
            case "union_tag_not_found" if isinstance(found, Mapping):
                message = "missing key 'type'" + _inside(place, found)
                message += type_hint(found, self.kinds(loc))
            case "union_tag_not_found":
                message = f"{key}expected keys and values with 'type', found {describe(found)}"
            case "union_tag_invalid":
                tag = str(context["tag"]).strip("'")
                kinds = list(self.kinds(loc))
                message = f"{key}unknown type '{tag}'" + (kind_hint(tag, kinds) or one_of(kinds))
                position = self.document.at((*self.path, *place, "type"))
            case "value_error":
                unfit = _unfit(kind, context, details)
                message, first = key + unfit, unfit.split()[0].strip("':,")
                if isinstance(found, Mapping) and first in found:  # it says which of the keys
                    position = self.document.at((*self.path, *place, first))
            case _:
                message = key + _unfit(kind, context, details)
        if kind in _WANTS_KEYS:
            message += self.keys_hint(loc, place, found)
        return Problem(self.subject + message, position)

    def place(self, loc: Sequence[str | int]) -> tuple[KeyPath, Any]:
        """The place in the value that an error's ``loc`` leads to, without the union tags in it."""
        place: KeyPath = ()
        inner = self.value
        for step in loc:
            is_key = isinstance(inner, Mapping) and step in inner
            is_index = isinstance(inner, list | tuple) and isinstance(step, int)
            if is_key or (is_index and int(step) < len(inner)):
                place, inner = (*place, step), inner[step]
        return place, inner

    def models(self, loc: Sequence[str | int]) -> list[type[BaseModel]]:
        """The models that may stand at the place that an error's ``loc`` leads to."""
        models = _models_in(self.model)
        for step in loc:
            tagged = [m for m in models if _tag(m) == step]
            fields = [f for m in models for n, f in m.model_fields.items() if step in (n, f.alias)]
            models = tagged or [m for f in fields for m in _models_in(f.annotation)] or models
        return models

    def kinds(self, loc: Sequence[str | int]) -> dict[str, type[BaseModel]]:
        """The same models by their ``type``, as far as they have one."""
        return {tag: model for model in self.models(loc) if (tag := _tag(model))}

    def keys_hint(self, loc: Sequence[str | int], place: KeyPath, found: Any) -> str:
        """How a number, name or class is written with keys and values, if that is clear."""
        kinds = self.kinds(loc)
        if isinstance(found, type) and found in kinds.values():
            name = _tag(found)
            takes_none = {k for k, i in keys_of(found).items() if i.is_required()} <= {"name"}
            return f"\n  write '{name}'" if takes_none else f"\n  make one of it: {name}(…)"
        if not isinstance(found, str):
            return number_hint(str(place[-1]) if place else "", found)
        meant = kinds.get(kind_meant(found, list(kinds)))
        if meant is None:
            return ""
        keys = keys_of(meant)
        needed = [f"{key}: …" for key, info in keys.items() if info.is_required()]
        if "every_n_iter" in keys and not needed:
            needed = ["every_n_iter: …"]
        return f"\n  write {{{', '.join([f'type: {_tag(meant)}', *needed])}}}"


def _users_class(holder: Any) -> list[type[BaseModel]]:
    """The class of the user's own that a mapping's ``type`` names by a dotted path, if any."""
    kind = holder.get("type") if isinstance(holder, Mapping) else None
    found = imported(kind) if isinstance(kind, str) and "." in kind else None
    return [found] if isinstance(found, type) and issubclass(found, BaseModel) else []


def keys_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by what they are called in YAML."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _inside(place: KeyPath, value: Any) -> str:
    """The place around a key and its type; nothing at the top."""
    if not place:
        return ""
    kind = value.get("type") if isinstance(value, Mapping) else value
    return f" in '{_dotted(place)}'" + (f" ({kind})" if isinstance(kind, str) else "")


def _dotted(path: KeyPath) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text


def type_hint(given: Mapping[str, Any], kinds: Mapping[str, type[BaseModel]]) -> str:
    """What to write where 'type' is missing: the kind that all given keys fit, or which these are.

    Args:
        given: The keys and values that are there.
        kinds: What may stand there, by type.
    """
    named = next((key for key in given if key in kinds), None)
    if named is not None:  # {Fixed: {base_lr: 0.1}}, as other formats have it
        inner = given[named]
        return _written(named, inner if isinstance(inner, Mapping) else {})
    lacks = {
        kind: [k for k, i in keys.items() if i.is_required() and k not in given]
        for kind, model in kinds.items()
        if given.keys() <= (keys := keys_of(model)).keys()
    }
    fit = [kind for kind, lacking in lacks.items() if not lacking] or list(lacks)
    if len(fit) == 1:
        return _written(fit[0], {**given, **dict.fromkeys(lacks[fit[0]], "…")})
    return one_of(fit or list(kinds)) if len(fit or kinds) <= _MOST_KINDS else ""


#: A longer list of kinds tells nobody anything.
_MOST_KINDS = 12


def _written(kind: str, keys: Mapping[str, Any]) -> str:
    """The line that writes these keys of a kind out."""
    texts = [f"{k}: {_in_yaml(value)}" for k, value in keys.items()]
    return f"\n  write {{{', '.join([f'type: {kind}', *texts])}}}"


def _in_yaml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return _short(str(value)) if isinstance(value, str | int | float) else "…"


def _tag(model: type[BaseModel]) -> str:
    """The ``type`` of a model; nothing where it has none, or one that the user chooses."""
    tag = model.model_fields["type"].default if "type" in model.model_fields else ""
    return tag if isinstance(tag, str) else ""


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for arg in getattr(annotation, "__args__", ()) for m in _models_in(arg)]


#: What was expected, by pydantic's kind of error; numbers come from the error's context.
_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "keys and values",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "is_instance_of": "an instance of {class}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "list_type": "a list",
    "literal_error": "{expected}",
    "invalid_key": "a text as the key",
    "model_attributes_type": "keys and values",
    "model_type": "keys and values",
    "none_required": "nothing",
    "string_pattern_mismatch": "a text of the form {pattern}",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "a text that is not empty",
    "string_type": "a text",
    "string_unicode": "a text in UTF-8",
    "too_long": "at most {max_length} items",
    "too_short": "at least {min_length} items",
    "tuple_type": "a list",
}


#: The kinds of error at a place where keys and values are expected.
_WANTS_KEYS = ("model_attributes_type", "model_type", "union_tag_not_found", "value_error")


def _unfit(kind: str, context: Mapping[str, Any], details: ErrorDetails) -> str:
    """What was expected of a value, and what was found."""
    found, message = details["input"], details["msg"]
    if kind == "value_error":
        message = str(context["error"])
        if not message.startswith("expected"):  # the models' own words, complete as they are
            return message
    elif kind == "missing":  # an item of a tuple, by its number
        message = f"expected at least {int(details['loc'][-1]) + 1} items"
    elif kind in _EXPECTED:
        message = "expected " + _EXPECTED[kind].format(**context)
    else:
        message = message[0].lower() + message[1:]
    if kind == "literal_error" and isinstance(found, str):
        hint = kind_hint(found, re.findall(r"'([^']*)'", message))
    else:
        hint = _rewrite_hint(kind, found)
    return f"{message}, found {describe(found)}{hint}"


def _rewrite_hint(kind: str, found: Any) -> str:
    """How a value of the wrong kind should be written, if that can be guessed."""
    if found is None:
        return "\n  give it a value, or leave the key out"
    if kind in ("tuple_type", "list_type") and isinstance(found, str | Mapping):
        is_item = isinstance(found, Mapping)
        write = "it as an item of a list, with '- ' before it" if is_item else f"[{found}]"
        return f"\n  write {write}"
    if kind == "string_type" and isinstance(found, int | float):
        text = str(found).lower() if isinstance(found, bool) else f"{found}"
        return f'\n  write it in quotes: "{text}"'
    write = _scalar_meant(kind, found)
    return f"\n  write {write}" if write else ""


def _scalar_meant(kind: str, found: Any) -> str:
    """The number or flag that was probably meant, or nothing."""
    if isinstance(found, float) and kind in ("int_type", "int_from_float"):
        return f"{found:.0f}" if found.is_integer() else ""
    if not isinstance(found, str):
        return ""
    text = found.strip().lower()
    if kind == "value_error":
        return _PADS.get(text, "")
    if kind == "bool_type" and text in _YES_NO:
        return _YES_NO[text]
    if kind not in ("bool_type", "int_type", "float_type"):
        return ""
    if _NUMBER.fullmatch(text):
        return "it without quotes"
    if re.fullmatch(r"\d{1,3}(,\d{3})+", text) and kind == "int_type":
        return text.replace(",", "")
    return _number_meant(text)


#: What Keras calls padding.
_PADS = {"same": "half the kernel: 1 for a kernel of 3, 2 for 5", "valid": "0"}
_YES_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|true|false")


def _number_meant(text: str) -> str:
    """The number that a text such as ``1/255``, ``0,5`` or ``10_000`` stands for, or nothing."""
    numerator, slash, denominator = (part.strip() for part in text.partition("/"))
    if slash and _NUMBER.fullmatch(numerator) and _NUMBER.fullmatch(denominator):
        if float(denominator):
            return f"the number: {float(numerator) / float(denominator):.10g}"
        return ""
    plain = text.replace("_", "").replace(",", ".")
    return plain if _NUMBER.fullmatch(plain) else ""
