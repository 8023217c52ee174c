# ruff: noqa: INP001  # a script, not a module of a package
"""Writes docs/solver.md, all that a solver file can say, and the pictures of its policies.

Run it from the root of the repository after changing a method, a policy, a coffee break or the
solver's keys: ``python docs/make_solver.py``.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter

from graphnet.declare.yaml_reader import parse_value
from graphnet.draw.chart import Panel, Series, chart
from graphnet.draw.svg import svg
from graphnet.solver.coffee import BREAK_MODELS, COFFEE_BREAKS
from graphnet.solver.coffee.items import BreakItem
from graphnet.solver.lr_policy import AnyLRPolicy
from graphnet.solver.methods import METHODS
from graphnet.solver.mom_policy import AnyMomentumPolicy
from graphnet.solver.policy import Policy
from graphnet.solver.spec import SolverSpec

sys.path.insert(0, str(Path(__file__).parent))

from docstrings import argument_texts, docstring_sections, property_table, row

OUTPUT = Path(__file__).with_name("solver.md")
PICTURES = OUTPUT.parent / "images" / "policies"

INTRODUCTION = """\
<!-- Made by docs/make_solver.py from the docstrings in graphnet/solver; change those instead. -->

# Solver files

A solver file says how a net is trained: how long, by which method, at which rate, and what is done
in the pauses. The net's file names it (`solver: mnist.yaml`), or `graphnet solve NET --solver FILE`
does. It needs one key, `max_iter` or `max_epoch`; each other has a default, which `graphnet check`
prints.

```yaml
# solver.yaml
method: SGD
max_iter: 10000
lr_policy: {type: Inv, base_lr: 0.01, gamma: 0.0001, power: 0.75}
mom_policy: {type: Fixed, momentum: 0.9}
regu_coef: 0.0005
exp_dir: runs/mnist
coffee_breaks:
  - {type: TrainingSummary, every_n_iter: 100}
  - {type: ValidationPerformance, every_n_iter: 500}
  - {type: Snapshot, every_n_iter: 1000, keep_last: 3, keep_best: accuracy}
```

Any key can be set for one run: `graphnet solve nets/mnist.yaml --set max_iter=500 --set
lr_policy.base_lr=0.02`.
"""

METHODS_TEXT = """\
`method`: how params follow their gradients. In the formulas **g** is the mean gradient of the
batch, regularizers and clipping included; **W** a param, **r** the rate times the param's own
`…_lr`, **m** the momentum. A method without properties may be given by its name: `method: Adam`.
"""

RATES_TEXT = """\
`lr_policy`: the learning rate as a function of time. **t** is the number of the update (1, 2, …);
with `unit: epoch` it is the number of passes over the training data completed before it (0, 1, …),
and every length counts epochs. `Plateau` and `DecayOnValidation`, which are
[coffee breaks](#coffee-breaks), lower the policy's rate when a statistic says so.
"""

MOMENTA_TEXT = """\
`mom_policy`: the momentum as a function of time, for SGD and Nesterov; `unit` as above.
"""

BREAKS_TEXT = """\
`coffee_breaks`: what is done while training pauses, a list carried out in its order. Each item has
a `type`, keys that say when it is due, and the keys of its type. A break of your own is a class in
a file beside the YAML, named by its dotted path: `{type: my_hooks.Espresso, every_n_iter: 100}`.
"""

#: Over so many updates policies are drawn.
N_DRAWN = 1000
#: What each is drawn with.
DRAWN = {
    "Fixed": "{type: Fixed, base_lr: 0.01}",
    "Step": "{type: Step, base_lr: 0.01, gamma: 0.5, stepsize: 200}",
    "MultiStep": "{type: MultiStep, base_lr: 0.01, gamma: 0.1, stepvalues: [500, 800]}",
    "Exp": "{type: Exp, base_lr: 0.01, gamma: 0.995}",
    "Inv": "{type: Inv, base_lr: 0.01, gamma: 0.01, power: 0.75}",
    "Poly": "{type: Poly, base_lr: 0.01, power: 2, max_iter: 1000}",
    "Sigmoid": "{type: Sigmoid, base_lr: 0.01, gamma: -0.01, stepsize: 500}",
    "Cosine": "{type: Cosine, base_lr: 0.01, max_iter: 1000}",
    "CosineRestarts": "{type: CosineRestarts, base_lr: 0.01, length: 150, growth: 2}",
    "OneCycle": "{type: OneCycle, base_lr: 0.01, max_iter: 1000}",
    "Staged": """\
{type: Staged, stages: [
  {length: 300, policy: {type: Fixed, base_lr: 0.01}},
  {policy: {type: Exp, base_lr: 0.02, gamma: 0.997}}]}""",
    "Warmup": """\
{type: Warmup, length: 200,
  policy: {type: Cosine, base_lr: 0.01, max_iter: 1000}}""",
}
DRAWN_MOMENTA = {
    "Fixed": "{type: Fixed, momentum: 0.9}",
    "Step": "{type: Step, momentum: 0.5, gamma: 1.2, stepsize: 200, max_momentum: 0.9}",
    "Linear": "{type: Linear, momentum: 0.5, gamma: 0.1, stepsize: 200, max_momentum: 0.9}",
    "OneCycle": "{type: OneCycle, max_iter: 1000}",
    "Staged": """\
{type: Staged, stages: [
  {length: 300, policy: {type: Fixed, momentum: 0.5}},
  {policy: {type: Fixed, momentum: 0.9}}]}""",
}


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, "## Keys\n", *property_table(SolverSpec, SolverSpec.model_fields), ""]
    parts += ["## Methods\n", METHODS_TEXT]
    parts += ["\n\n".join(entry(method)) + "\n" for method in METHODS.values()]
    for title, text, what, union, drawn in (
        ("Learning-rate policies", RATES_TEXT, "rate", AnyLRPolicy, DRAWN),
        ("Momentum policies", MOMENTA_TEXT, "momentum", AnyMomentumPolicy, DRAWN_MOMENTA),
    ):
        parts += [f"## {title}\n", text]
        for policy in policies(union):
            name = policy.model_fields["type"].default
            shown = f"![The {what} of {name} over 1,000 updates](images/policies/{what}-{name}.svg)"
            example = f"```yaml\n{policy_key(what)}: {drawn[name]}\n```"
            parts.append("\n\n".join([*entry(policy, name, what), example, shown]) + "\n")
    parts += ["## Coffee breaks\n", BREAKS_TEXT, *when_table(), ""]
    parts += ["\n\n".join(break_entry(name)) + "\n" for name in COFFEE_BREAKS]
    return "\n".join(parts)


def policy_key(what: str) -> str:
    """The solver's key."""
    return "lr_policy" if what == "rate" else "mom_policy"


def policies(union: Any) -> Sequence[type[Policy]]:
    """The models of an annotated union."""
    return get_args(get_args(union)[0])


def entry(model: type[BaseModel], name: str | None = None, what: str = "") -> Iterator[str]:
    """A model of the solver: what it does, its properties, where it is from."""
    sections = docstring_sections(model)
    name = name or model.__name__
    yield f"### {name}" if what != "momentum" else f"### {name} momentum"
    yield as_code(sections[""])
    own = {key: f for key, f in model.model_fields.items() if key != "type"}
    if own:
        yield "\n".join(property_table(model, own))
    if "Source" in sections:
        yield "Source: " + " ".join(sections["Source"].split())


def as_code(text: str) -> str:
    """Lines that are indented become a block of code."""
    parts = []
    for paragraph in text.split("\n\n"):
        lines = paragraph.split("\n")
        if all(line.startswith("    ") for line in lines):
            parts.append("```text\n" + "\n".join(line[4:] for line in lines) + "\n```")
        else:
            parts.append(paragraph)
    return "\n\n".join(parts)


def when_table() -> Iterable[str]:
    """The keys that every break has."""
    keys = ("every_n_iter", "every_n_epoch")
    return property_table(BreakItem, {key: BreakItem.model_fields[key] for key in keys})


def break_entry(name: str) -> Iterator[str]:
    """A coffee break."""
    cls, model = COFFEE_BREAKS[name], BREAK_MODELS[name]
    sections = docstring_sections(cls)
    yield f"### {name}"
    yield as_code(sections[""])
    texts = argument_texts(model)
    rows = []
    for parameter in inspect.signature(cls).parameters.values():
        if parameter.name not in cls.python_only:
            default = parameter.default
            shown = "required" if default is inspect.Parameter.empty else written(default)
            rows.append(row(f"`{parameter.name}`", shown, texts[parameter.name]))
    if rows:
        yield "\n".join(["| property | default | |", "|---|---|---|", *rows])
    yield f"```yaml\n{sections['Example'].strip()}\n```"


def written(default: Any) -> str:
    """A default as YAML has it; nothing for None."""
    if default is None:
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def pictures() -> Iterator[tuple[str, str]]:
    """The name of each picture of a policy, and its text."""
    for what, union, drawn in (
        ("rate", AnyLRPolicy, DRAWN),
        ("momentum", AnyMomentumPolicy, DRAWN_MOMENTA),
    ):
        for name, text in drawn.items():
            policy = policy_of(text, union)
            yield f"{what}-{name}.svg", curve(policy.value_at, what, name)


def policy_of(text: str, union: Any) -> Policy:
    """The policy that a line of YAML declares."""
    found: Policy = TypeAdapter(union).validate_python(parse_value(text))
    return found


def curve(value_at: Callable[[int], float], what: str, name: str) -> str:
    """A function of time as a picture."""
    points = [(float(t), value_at(t)) for t in range(1, N_DRAWN + 1, 3)]
    panel = Panel(what, [Series("", points)], height=110.0)
    return svg(chart(name, [panel], "update", may_be_log=False))


if __name__ == "__main__":
    OUTPUT.write_text(page(), encoding="utf-8")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for file, text in pictures():
        (PICTURES / file).write_text(text, encoding="utf-8")
