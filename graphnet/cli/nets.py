"""``graphnet nets``: which nets come with graphnet."""

from __future__ import annotations

import json

from graphnet.cli.output.terminal import say, say_json, table
from graphnet.starters.catalog import SHIPPED
from graphnet.starters.shipped import shipped_file


def list_nets(*, as_json: bool) -> None:
    """Print each with what it is, its data, and what it reached there."""
    if as_json:
        found = [
            {
                "name": net.name,
                "about": net.about,
                "data": net.data,
                "reached": net.reached or None,
                "net": str(shipped_file("nets", f"{net.name}.yaml")),
                "solver": str(shipped_file("solvers", f"{net.name}.yaml")),
            }
            for net in SHIPPED.values()
        ]
        say_json(json.dumps(found, indent=2, ensure_ascii=False))
        return
    rows = [(net.name, net.about, net.data, net.reached or "-") for net in SHIPPED.values()]
    table(
        ["net", "what it is", "data", ">reached"],
        rows,
        narrow=(
            ["net", "data", ">reached"],
            [(name, data, reached) for name, _, data, reached in rows],
        ),
        leave_out=("data",),
    )
    say()
    say("copy one: graphnet new NAME --like NET")
