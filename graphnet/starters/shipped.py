"""Copies of the nets and solvers that come with graphnet, changed so that they run elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from graphnet.errors import UnknownNameError, did_you_mean, one_of
from graphnet.starters.catalog import SHIPPED
from graphnet.starters.folder import Files, schema_uri, yaml_name

_HERE = Path(__file__).parent
_CLONE = _HERE.parent.parent
_SCHEMA = re.compile(r"(?<=\$schema=)\S*/(net|solver)\.json")
_RUN = re.compile(r"\.\./runs/([\w-]+)")


def shipped_file(folder: str, name: str) -> Path:
    """A file of the folder ``nets`` or ``solvers``: in the installed package, else in the clone."""
    installed = _HERE / folder
    return (installed if installed.is_dir() else _CLONE / folder) / name


def copy_of(name: str, own_name: str) -> tuple[Files, list[str]]:
    """The files of a new folder with a shipped net in it.

    Args:
        name: Of the shipped net.
        own_name: What the copy is called.

    Returns:
        The files, by name; and the nets in the order in which they are to be trained. A net that
        starts from the params of others brings these with it.

    Raises:
        UnknownNameError: If there is no such net.
    """
    if name not in SHIPPED:
        hint = did_you_mean(name, SHIPPED) or one_of(list(SHIPPED))
        raise UnknownNameError(f"there is no net '{name}' to start from{hint}")
    stages = _stages(name)
    # the net itself is called net.yaml, an earlier stage NAME.yaml
    nets = {stage: f"{stage}.yaml" for stage in stages[:-1]} | {name: "net.yaml"}
    solvers = {stage: f"{stage}-solver.yaml" for stage in stages[:-1]} | {name: "solver.yaml"}
    runs = {stage: f"run-{stage}" for stage in stages[:-1]} | {name: "run"}
    files: dict[str, str] = {}
    for stage in stages:
        net = _read("nets", f"{stage}.yaml")
        net = net.replace(f"../solvers/{stage}.yaml", solvers[stage])
        if stage == name:
            net = re.sub(r"(?m)^name: .*$", lambda _: f"name: {yaml_name(own_name)}", net, count=1)
        files[nets[stage]] = _adapted(net, runs)
        files[solvers[stage]] = _adapted(_read("solvers", f"{stage}.yaml"), runs)
    for other in SHIPPED[name].also:
        text = _read("nets", other).replace(f"nets/{other}", other)
        text = text.replace(f"nets/{name}.yaml", "net.yaml").replace(f"{name}.yaml", "net.yaml")
        files[other] = text.replace(f"runs/{name}", "run")
    return files, list(nets.values())


def _stages(name: str) -> list[str]:
    """The net and those that it starts from, the first to be trained at first."""
    found = re.search(r"(?m)^load_from: \.\./runs/([\w-]+)", _read("solvers", f"{name}.yaml"))
    return [*(_stages(found[1]) if found else []), name]


def _read(folder: str, name: str) -> str:
    return shipped_file(folder, name).read_text("utf-8")


def _adapted(text: str, runs: Mapping[str, str]) -> str:
    """The text with the installed schema, and runs in the same folder."""
    text = _SCHEMA.sub(lambda found: schema_uri(found[1]), text)
    return _RUN.sub(lambda found: runs.get(found[1], found[0]), text)
