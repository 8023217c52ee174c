"""Two nets with the same params: where the one needs what the other does not have, and why."""

from __future__ import annotations

from collections.abc import Mapping

from graphnet.blob import shape_text
from graphnet.errors import Position, Problem, ShapeError
from graphnet.net.compiled import CompiledNet
from graphnet.net.graph import LayerVertex
from graphnet.params.param import DeclaredParams, Misfit, misfits


def check_shared(net: CompiledNet, with_: CompiledNet, given: Mapping[str, DeclaredParams]) -> None:
    """See that a net finds all its params in those of another.

    Args:
        net: The one that uses them.
        with_: The one that has them, such as the training phase of the same net.
        given: What the store of the two holds.

    Raises:
        ShapeError: At each layer whose params are missing or have another shape.
    """
    found = misfits(net.declared, given)
    if found:
        here, there = _names(net, with_)
        raise ShapeError.of(
            _problem(key, [m for m in found if m.key == key], net, with_, here, there)
            for key in dict.fromkeys(m.key for m in found)
        )
    if net.phase == "train":
        _check_learnable(net, with_, given)


def _check_learnable(
    net: CompiledNet, with_: CompiledNet, given: Mapping[str, DeclaredParams]
) -> None:
    """See that what is to learn has gradients in the other net's store."""
    here, there = _names(net, with_)
    owners = {v.spec.store_key: v for v in net.layers if v.owns_params}
    problems = [
        Problem(
            f"{layer.subject}its params are frozen in {there}, and to learn in {here}\n"
            "  declare it frozen in both, or in neither",
            layer.position,
        )
        for key, layer in owners.items()
        if net.declared[key].params and not net.declared[key].frozen and given[key].frozen
    ]
    if problems:
        raise ShapeError.of(problems)


def _names(net: CompiledNet, with_: CompiledNet) -> tuple[str, str]:
    """What tells the two apart: their phases, or their names as well."""
    if net.spec.name == with_.spec.name:
        if net.phase != with_.phase:
            return f"phase {net.phase}", f"phase {with_.phase}"
        return "this net", "the net it shares with"
    return f"net '{net.spec.name}' ({net.phase})", f"net '{with_.spec.name}' ({with_.phase})"


def _problem(  # the two nets, and what they are called
    key: str, found: list[Misfit], net: CompiledNet, with_: CompiledNet, here: str, there: str
) -> Problem:
    layer = next(v for v in net.layers if v.owns_params and v.spec.store_key == key)
    absent = [m.name for m in found if m.there is None]
    if absent:
        message = f"{there} has no {' and '.join(absent)} of it, which {here} needs"
        cure = f"\n  a layer that is in {here} alone is never trained: give it no 'phase'"
        return Problem(layer.subject + message + cure, layer.position)
    shapes = [
        f"its {m.name} is {shape_text(m.here)} in {here} and {shape_text(m.there or ())} in {there}"
        for m in found
    ]
    return Problem(
        f"{layer.subject}{'; '.join(shapes)}{_origin(layer, net, with_, here, there)}",
        layer.position,
    )


def _origin(layer: LayerVertex, net: CompiledNet, with_: CompiledNet, here: str, there: str) -> str:
    """A line on the first blob before a layer that differs, which made all others do so."""
    others = with_.graph.blobs
    for name, blob in net.graph.blobs.items():
        if blob.producer.index >= layer.index or name not in others:
            continue
        ours, theirs = blob.shape[1:], others[name].shape[1:]
        if ours != theirs:
            return (
                f"\n  that comes from '{name}': a sample of it is {shape_text(ours)} in {here}"
                f"{_made(blob.producer)} and {shape_text(theirs)} in {there}"
                f"{_made(others[name].producer)}"
            )
    return ""


def _made(layer: LayerVertex) -> str:
    position: Position | None = layer.position
    line = f", line {position.line}" if position and position.line else ""
    return f" (layer '{layer.of or layer.name}'{line})"
