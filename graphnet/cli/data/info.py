"""``graphnet data info``: what is in a data file, and what may be wrong with it."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import Any

from graphnet.blob import shape_text
from graphnet.cli.output.terminal import facts, notice, say, say_json, table
from graphnet.data.text_file import class_text
from graphnet.data.tools.survey import FileSurvey, Survey, survey
from graphnet.errors import SpecError
from graphnet.files.paths import shown

_MOST_SHOWN = 20


def info(
    source: str,
    *,
    as_json: bool,
    picture: Path | None = None,
    net: Path | None = None,
    user_code: bool = True,
) -> None:
    """Print shapes, storage and statistics of each data set, its classes, and all problems.

    Args:
        source: An HDF5 file, or ``dataset:NAME/SPLIT``.
        as_json: As JSON.
        picture: Where samples, classes and values are drawn as well.
        net: Whose transformers are applied before that.
        user_code: Whether its layers may be the user's own.

    Raises:
        DataError: If it cannot be read.
        SpecError: If the picture cannot be drawn.
    """
    found = _surveyed(source, picture, net, user_code=user_code)
    if picture is not None and not as_json:
        say(f"drawn: {shown(picture.absolute())}")
        say()
    if as_json:
        value = {
            "sets": [_as_dict(one) for one in found.sets],
            "class_names": found.class_names,
            "problems": found.all_problems,
        }
        say_json(json.dumps(value, indent=2, ensure_ascii=False))
        return
    if found.sets:
        table(
            ["data set", "shape", "type", "stored", ">min", ">max", ">mean", ">std"],
            [_row(one) for one in found.sets],
            leave_out=("stored", "std", "mean", "max", "min"),
        )
    for one in found.sets:
        if one.classes:
            say()
            say(f"{len(one.classes)} classes in '{one.name}'")
            first = list(one.classes.items())[:_MOST_SHOWN]
            names = found.class_names if one.name == "label" else ()
            facts([(f"  {class_text(value, names)}", f"{count:,}") for value, count in first])
            if len(one.classes) > _MOST_SHOWN:
                say(f"  and {len(one.classes) - _MOST_SHOWN} more: --json lists all")
    if found.all_problems:
        say()
        notice(found.all_problems)


def _surveyed(
    source: str, picture: Path | None, net: Path | None, *, user_code: bool
) -> FileSurvey:
    """What is in the source; drawn into a file if one is given."""
    if picture is None:
        if net is not None:
            raise SpecError("--net says how samples are drawn\n  say where: --picture FILE")
        return survey(source)
    from graphnet.cli.data.picture import check_target, draw_data

    check_target(picture, source)
    found = survey(source)
    draw_data(source, found, picture, net, user_code=user_code)
    return found


def _row(one: Survey) -> list[str]:
    numbers = (one.low, one.high, one.mean, one.std)
    texts = [f"{number:.4g}" for number in numbers]
    return [one.name, shape_text(one.shape), str(one.dtype), one.storage, *texts]


def _as_dict(one: Survey) -> dict[str, Any]:
    """The survey as JSON can hold it, without NaN."""
    found = asdict(one) | {"dtype": str(one.dtype), "shape": list(one.shape)}
    return {k: None if isinstance(v, float) and isnan(v) else v for k, v in found.items()}
