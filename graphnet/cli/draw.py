"""``graphnet draw``: a picture of a net, as SVG, PNG, HTML, Mermaid or Graphviz."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from graphnet.cli.given.net_and_solver import read_net_alone
from graphnet.cli.given.run_data import choose_data
from graphnet.cli.output.summary import compile_to_show, fallback_notice
from graphnet.cli.output.terminal import bytes_text, count_text, notice, say
from graphnet.declare.overrides import Override
from graphnet.draw.diagram import BoxKey, Diagram, diagram
from graphnet.draw.dot import dot
from graphnet.draw.folding import folded
from graphnet.draw.html import html
from graphnet.draw.mermaid import mermaid
from graphnet.draw.picture import Heat, picture
from graphnet.draw.png import png
from graphnet.draw.shapes import Picture
from graphnet.draw.svg import svg
from graphnet.errors import GraphnetError, SpecError, TopologyError, one_of
from graphnet.files.paths import is_there, refuse_to_write_over, shown
from graphnet.files.reading import open_regular
from graphnet.files.writing import Advice, write_durably
from graphnet.layers.base import Phase
from graphnet.net.compiled import CompiledNet
from graphnet.net.load_net import load_net
from graphnet.net.sources import resolve_data
from graphnet.net.spec import NetSpec
from graphnet.timing import time_net

By: TypeAlias = Literal["kind", "macs", "bytes", "time"]
#: The most that a net may need to be drawn: nothing of it is ever allocated.
_ANY_SIZE = 2**62

_PICTURES: Mapping[str, Callable[[Picture], str | bytes]] = {
    ".svg": svg,
    ".png": png,
    ".html": html,
}
_TEXTS: Mapping[str, Callable[[Diagram], str]] = {".mmd": mermaid, ".dot": dot}
_ADVICE = Advice(GraphnetError)


def draw(
    path: Path,
    output: Path | None,
    phase: Phase | None,
    overrides: Sequence[Override],
    *,
    by: By = "kind",
    docs: str = "",
    unfold: bool = False,
    user_code: bool = True,
) -> None:
    """Draw a net into a file.

    Args:
        path: The net: its YAML file, or one of Caffe or ONNX.
        output: The picture's; its suffix says which kind. Default: ``NAME.svg`` here.
        phase: Which layers. Default: those of both phases.
        overrides: What is changed before.
        by: What boxes are coloured by.
        docs: The address of the catalogue of layers, to which boxes lead.
        unfold: Whether each block of a repetition is drawn, not the first alone.
        user_code: Whether layers may be the user's own.

    Raises:
        GraphnetError: If the net cannot be compiled, or the file cannot be written.
    """
    spec = read_net_alone(path, overrides, user_code=user_code, translates=True)
    target = output or Path(f"{spec.name}.svg")
    _check_suffix(target, by)
    refuse_to_write_over(target, {"the net": path})
    if output is None and is_there(target) and not _is_drawing(target):
        raise SpecError(
            f"{target}: there already, and no drawing of a net\n  name another: -o FILE"
        )
    nets = _compiled(spec, phase)
    drawn = diagram(nets, spec)
    n_layers = len(drawn.boxes)
    drawn = drawn if unfold else folded(drawn, spec)
    if target.suffix in _TEXTS:
        content: str | bytes = _TEXTS[target.suffix](drawn)
    else:
        heat = None if by == "kind" else _heat(drawn, nets, by)
        content = _PICTURES[target.suffix](picture(drawn, heat, docs))
    write_durably(target, content if isinstance(content, bytes) else content.encode(), _ADVICE)
    hidden = n_layers - len(drawn.boxes)
    once = f", {hidden} more as repetitions of these" if hidden else ""
    say(f"{len(drawn.boxes)} layers drawn{once}: {shown(target.absolute())}")


def _is_drawing(path: Path) -> bool:
    """Whether a file begins as the SVG files that are written here."""
    try:
        with open_regular(path) as file:
            return b'class="graphnet"' in file.read(200)
    except OSError:
        return False


def _check_suffix(target: Path, by: By) -> None:
    """See that the name says what to write.

    Raises:
        SpecError: Otherwise.
    """
    suffixes = sorted((*_PICTURES, *_TEXTS))
    if target.suffix not in suffixes:
        found = f"ends in '{target.suffix}'" if target.suffix else "has no suffix"
        raise SpecError(
            f"{target}: the name {found}, which says no kind of picture{one_of(suffixes)}"
        )
    if by != "kind" and target.suffix in _TEXTS:
        raise SpecError(
            f"--by {by}: a {target.suffix} file shows no colours of that kind\n"
            "  write an .svg, .png or .html file"
        )


def _compiled(spec: NetSpec, phase: Phase | None) -> list[CompiledNet]:
    """The net compiled for each phase that it has."""
    phases: tuple[Phase, ...] = ("train", "test") if phase is None else (phase,)
    if phase is None:
        declared = {node.spec.phase for node in spec.nodes}
        if None not in declared:
            phases = tuple(p for p in phases if p in declared)
        elif "test" not in declared:  # nothing is added by it
            phases = ("train",)
    nets = [
        compile_to_show(resolve_data(spec, phase=each).spec, each, _ANY_SIZE) for each in phases
    ]
    if not nets:
        raise TopologyError(f"net '{spec.name}' has no layers")
    return nets


def _heat(drawn: Diagram, nets: Sequence[CompiledNet], by: By) -> Heat:
    if by == "macs":
        amounts = {key: float(box.macs) for key, box in drawn.boxes.items()}
        return _shares("multiply-adds of a sample", amounts, lambda n: f"{count_text(int(n))} MACs")
    if by == "bytes":
        amounts = {key: float(box.n_bytes) for key, box in drawn.boxes.items()}
        return _shares("memory of tops and their diffs", amounts, lambda n: bytes_text(int(n)))
    return _shares(
        f"milliseconds of a step in phase {nets[0].phase}, here",
        _times(drawn, nets[0]),
        lambda n: f"{n:.2g} ms",
    )


def _shares(title: str, amounts: Mapping[BoxKey, float], text: Callable[[float], str]) -> Heat:
    total = sum(amounts.values()) or 1.0
    parts = {key: amount / total for key, amount in amounts.items()}
    texts = {k: f"{text(a)} · {parts[k]:.0%}" for k, a in amounts.items() if a}
    return Heat(title, parts, texts)


def _times(drawn: Diagram, compiled: CompiledNet) -> dict[BoxKey, float]:
    """How long each box takes; a folded layer counts for the box that it is a line of."""
    data = choose_data(compiled.spec, offline=False, phase=compiled.phase)
    notice(fallback_notice(data), stderr=True)
    net = load_net(data.spec, compiled.phase, keep="needed")
    try:
        measured = {layer.name: layer for layer in time_net(net).layers}
    finally:
        net.close()
    boxes: dict[str, BoxKey] = {part: key for key, box in drawn.boxes.items() for part in box.parts}
    found = dict.fromkeys(drawn.boxes, 0.0)
    for name, layer in measured.items():
        if name in boxes:
            found[boxes[name]] += layer.forward_ms + layer.backward_ms
    return found
