"""JSON Schema for nets and solvers, generated from the pydantic models, for editors.

``graphnet/schema/net.json`` and ``solver.json`` are this text, shipped; a test keeps them so.
``python -m graphnet.json_schema`` writes them again after a model has changed.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from graphnet.declare import fields
from graphnet.declare.repetition import MOST_REPETITIONS
from graphnet.declare.user_types import USER_CLASS, OrUserClass
from graphnet.layers import LAYER_TYPES
from graphnet.solver.coffee import BREAK_MODELS
from graphnet.solver.coffee.items import CustomBreak
from graphnet.solver.spec import SolverSpec

Which: TypeAlias = Literal["net", "solver"]
Schema: TypeAlias = dict[str, Any]

FOLDER = Path(__file__).parent / "schema"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OF_A_USER_CLASS = {
    "type": "object",
    "properties": {"type": USER_CLASS},
    "required": ["type"],
}


def schema_text(which: Which) -> str:
    """The schema as it is shipped."""
    schema = net_schema() if which == "net" else solver_schema()
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def net_schema() -> Schema:
    """The schema of a net: a mapping with ``layers``, or a bare list of layers."""
    definitions = _definitions(LAYER_TYPES.values())
    layers = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Item"}}
    net = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "Default: the file's name."},
            "solver": {
                "type": "string",
                "description": "The solver file that graphnet solve trains it with.",
            },
            "layers": layers,
        },
        "required": ["layers"],
        "additionalProperties": False,
    }
    return {
        "$schema": _DIALECT,
        "title": "graphnet net",
        "description": "Named layers that read blobs (bottoms) and write blobs (tops).",
        "if": {"type": "array"},
        "then": layers,
        "else": net,
        "$defs": {
            "Item": _item(),
            "Repetition": _repetition(layers),
            "Include": _INCLUDE,
            "Layer": _tagged(LAYER_TYPES, required=["name", "type"]),
            **definitions,
        },
    }


#: A word that a repetition has.
_WORD = {"type": "string", "pattern": r"^[A-Za-z_]\w*$"}
_INCLUDE: Schema = {
    "type": "object",
    "description": "The layers of a file, written here.",
    "properties": {
        "include": {
            "type": "string",
            "description": "The file, in the net's folder or below; its path from there.",
        },
        "name": {"type": "string", "description": "For --set layers.NAME.with.PARAMETER=VALUE."},
        "with": {
            "type": "object",
            "description": "What the words of the file's parameters stand for.",
            "additionalProperties": {"type": ["string", "number", "boolean"]},
        },
    },
    "required": ["include"],
    "additionalProperties": False,
}


def _item() -> Schema:
    """What a list of layers has: a layer, a repetition or an included file."""
    return {
        "type": "object",
        "properties": {
            "repeat": {"description": "How often a block is repeated."},
            "include": {"description": "A file whose layers are written here."},
        },
        "if": {"required": ["repeat"], "not": {"required": ["type"]}},
        "then": {"$ref": "#/$defs/Repetition"},
        "else": {
            "if": {"required": ["include"], "not": {"required": ["type"]}},
            "then": {"$ref": "#/$defs/Include"},
            "else": {"$ref": "#/$defs/Layer"},
        },
    }


def _repetition(layers: Schema) -> Schema:
    """A block of layers that is repeated."""
    word = {"type": "string", "pattern": r"^\{[A-Za-z_]\w*\}$"}
    most = {"type": "integer", "minimum": 1, "maximum": MOST_REPETITIONS}
    return {
        "type": "object",
        "description": "A block of layers, repeated.",
        "properties": {
            "repeat": {"description": "How often.", "anyOf": [most, word]},
            "name": {
                **_WORD,
                "description": "Behind the repetition, {NAME} stands for how often.",
            },
            "index": {
                **_WORD,
                "description": "In the block, {INDEX} stands for the number of the repetition,"
                " from 1, and {INDEX-1} for the one before. Default: i.",
            },
            "layers": {**layers, "description": "The block."},
        },
        "required": ["repeat", "name", "layers"],
        "additionalProperties": False,
    }


def solver_schema() -> Schema:
    """The schema of a solver."""
    definitions = _definitions([SolverSpec, *BREAK_MODELS.values()])
    solver = definitions.pop(SolverSpec.__name__)
    solver["properties"]["coffee_breaks"]["items"] = {"$ref": "#/$defs/CoffeeBreak"}
    item = _tagged(BREAK_MODELS, required=["type"])
    item["allOf"].append(_if_type({"pattern": USER_CLASS["pattern"]}, CustomBreak.__name__))
    return {
        "$schema": _DIALECT,
        "title": "graphnet solver",
        **solver,
        "anyOf": [{"required": ["max_iter"]}, {"required": ["max_epoch"]}],
        "$defs": {"CoffeeBreak": item, **definitions},
    }


def _tagged(types: Mapping[str, type], *, required: list[str]) -> Schema:
    """An object whose ``type`` decides which of the definitions holds, and has that one's words."""
    names = sorted(types)
    return {
        "type": "object",
        "properties": {"type": {"anyOf": [{"enum": names}, USER_CLASS]}},
        "required": required,
        "allOf": [_if_type({"const": name}, types[name].__name__) for name in names],
    }


def _if_type(test: Schema, definition: str) -> Schema:
    return {
        "if": {"properties": {"type": test}},
        "then": {"$ref": f"#/$defs/{definition}"},
    }


def _definitions(models: Any) -> Schema:
    """The definitions of models and of all that stands in them, by class name."""
    references, schema = models_json_schema(
        [(model, "validation") for model in models], schema_generator=_Generator
    )
    asked = {r["$ref"].rpartition("/")[2]: model for (model, _), r in references.items()}
    text = json.dumps(schema["$defs"])
    for name in schema["$defs"]:
        if "__" in name:  # one of several classes of that name, told apart by their modules
            of_module = ".".join(name.split("__")[-2:])
            short = asked[name].__name__ if name in asked else of_module
            text = text.replace(f'{name}"', f'{short}"')
    definitions: Schema = json.loads(text)
    _add_bare_names(definitions, definitions)
    return dict(sorted({**definitions, "UserClass": dict(_OF_A_USER_CLASS)}.items()))


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, with the words of the docstrings and graphnet's short forms."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        json_schema = super().model_schema(schema)
        model = schema["cls"]
        json_schema.pop("title", None)
        json_schema["description"] = _summary(model)
        words = _described_args(model)
        properties = json_schema["properties"]
        summary = json_schema["description"].partition("\n\n")[0]  # a short model's has its keys
        for name, held in properties.items():
            if name != "type":
                held.setdefault("description", words.get(name, summary))
        if "const" in properties.get("type", {}):
            properties["type"].pop("default", None)
            properties["type"]["description"] = json_schema["description"]
            json_schema["required"] = ["type", *json_schema.get("required", [])]
        return json_schema

    def tuple_schema(self, schema: core_schema.TupleSchema) -> Schema:
        json_schema = super().tuple_schema(schema)
        items = json_schema.get("prefixItems", [])
        if items and all(item == items[0] for item in items):  # for editors of an older dialect
            del json_schema["prefixItems"]
            json_schema["items"] = items[0]
        return json_schema

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> Schema:
        json_schema = super().tagged_union_schema(schema)
        json_schema.pop("discriminator", None)
        return json_schema

    def function_wrap_schema(self, schema: core_schema.WrapValidatorFunctionSchema) -> Schema:
        """A union, which may also take classes of the user's own."""
        choices = super().function_wrap_schema(schema)
        if not isinstance(getattr(schema["function"]["function"], "__self__", None), OrUserClass):
            return choices
        return {"oneOf": [*choices["oneOf"], _OF_A_USER_CLASS]}

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> Schema:
        json_schema = super().function_before_schema(schema)
        match schema["function"]["function"]:
            case fields.both | fields.both_numbers | fields.thrice:
                return {"anyOf": [json_schema["items"], json_schema]}
            case fields.named:  # the names are known when all definitions are: _add_bare_names
                return {"anyOf": [{"enum": []}, json_schema]}
        return json_schema


def _add_bare_names(schema: Any, definitions: Schema) -> None:
    """Where a bare name is short for ``{type: …}``, say which: those that need no other key.

    What is said of classes of the user's own becomes a reference.
    """
    match schema:
        case {"anyOf": [{"enum": []}, {"oneOf": choices}, *_]}:
            found = (definitions[c["$ref"].rpartition("/")[2]] for c in choices if "$ref" in c)
            tags = [d["properties"]["type"]["const"] for d in found if d["required"] == ["type"]]
            schema["anyOf"][0]["enum"] = tags
            schema["anyOf"] += [USER_CLASS] * (_OF_A_USER_CLASS in choices)
            _add_bare_names(choices, definitions)
        case dict():
            for inner in schema.values():
                _add_bare_names(inner, definitions)
        case list():
            for i, inner in enumerate(schema):
                if inner == _OF_A_USER_CLASS:
                    schema[i] = {"$ref": "#/$defs/UserClass"}
                _add_bare_names(inner, definitions)


def _summary(model: type) -> str:
    """The docstring up to its first section, as plain text."""
    text = inspect.cleandoc(model.__doc__ or "")
    text = re.split(r"^(?:\w+):$", text, maxsplit=1, flags=re.MULTILINE)[0]
    return "\n\n".join(_plain(paragraph) for paragraph in text.strip("\n").split("\n\n"))


def _described_args(model: type) -> dict[str, str]:
    """What the docstrings of a model and its bases say of each key."""
    words: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        doc = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
        section = re.search(r"^Args:\n((?:    .*\n?|\n)+)", doc, flags=re.MULTILINE)
        for name, text in re.findall(
            r"^    (\w+): (.*(?:\n     +.*)*)", section[1] if section else "", flags=re.MULTILINE
        ):
            words[name] = _plain(text)
    return words


def _plain(text: str) -> str:
    """A paragraph as editors show it: without the marks of code and references.

    It is on one line, unless it is indented: formulas stay on lines of their own.
    """
    text = re.sub(r":\w+:`(?:~?[\w.]*\.)?(\w+)`", r"\1", text).replace("``", "")
    lines = text.splitlines()
    if len(lines) > 1 and all(line.startswith("    ") for line in lines):
        return "\n".join(line.strip() for line in lines)
    return re.sub("::$", ":", " ".join(text.split()))


def write_shipped(folder: Path = FOLDER) -> None:
    """Write both schemas as they are shipped."""
    for which in ("net", "solver"):
        (folder / f"{which}.json").write_text(schema_text(which), "utf-8", newline="\n")


if __name__ == "__main__":
    write_shipped()
