"""Finite-difference check of a net's gradients: the user's own net, any layer.

The net is run in float64 on one batch, with the same random draws each time. Each checked
element of a param is moved up and down, and the change of the loss is compared with the diff
that ``backward`` gave, at a point next to the net's params. Steps that cross a kink (a ReLU at 0,
a changed winner of a max) are noticed, since slopes then differ by side and by step, and not
counted. Params borrowed by tied layers are constants, as they are to those layers' backward.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from graphnet.declare.arguments import expect, expect_net, spelled_out, whole_number
from graphnet.layers.base import Kind
from graphnet.net.checks.trainable import check_learns
from graphnet.net.compiled import compile_net
from graphnet.net.net import Net
from graphnet.params.param import Param, ParamStore
from graphnet.random.keys import stream_key

#: Slopes of one element that differ by more than this part of their size have a kink between them.
KINK = 1e-3
#: Standard deviation of the distance from the net's params to where they are checked.
NUDGE = 1e-3


@dataclass(frozen=True)
class ParamCheck:
    """What was found about one param.

    Attributes:
        layer: The key of the param in the store.
        param: Its name.
        n_checked: Elements compared.
        n_kinks: Elements left out because the loss has a kink there.
        worst: Largest ``|analytic − numeric| / max(scale, |analytic|, |numeric|)``.
        index: Where that was.
        analytic: The diff there.
        numeric: The finite difference there.
        ok: Whether ``worst`` is within the tolerance.
    """

    layer: str
    param: str
    n_checked: int
    n_kinks: int
    worst: float
    index: tuple[int, ...]
    analytic: float
    numeric: float
    ok: bool


@dataclass(frozen=True)
class GradientReport:
    """What :func:`check_gradients` found.

    Attributes:
        checks: One for each param that learns.
        tolerance: What ``worst`` was held against.
    """

    checks: tuple[ParamCheck, ...]
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether every param passed."""
        return all(check.ok for check in self.checks)

    def __str__(self) -> str:
        lines = []
        for c in self.checks:
            left_out = f", {c.n_kinks} at kinks left out" if c.n_kinks else ""
            line = f"{'ok  ' if c.ok else 'FAIL'} {c.layer}.{c.param}: worst {c.worst:.1e}"
            line += f" over {c.n_checked} elements{left_out}"
            if not c.ok:
                line += f"; at {list(c.index)} backward gives {c.analytic:.9g}"
                line += f", the difference quotient {c.numeric:.9g}"
            lines.append(line)
        verdict = "all gradients agree" if self.ok else "some gradients do not agree"
        return "\n".join([*lines, f"{verdict} (tolerance {self.tolerance:g})"])


@spelled_out
def check_gradients(
    net: Net, *, step: float = 1e-5, tolerance: float = 1e-5, max_elements: int = 40
) -> GradientReport:
    """Compare a net's gradients with difference quotients.

    Args:
        net: In any phase that has a loss; it is not changed.
        step: How far an element is moved, relative to max(1, its size).
        tolerance: Largest relative error that passes.
        max_elements: Checked per param, chosen at random (by the net's seed) if it has more.

    Returns:
        The largest relative error of each param and bottom, and whether all are small enough.

    Raises:
        TopologyError: If the net has no loss, or params that no loss reaches.

    Example:
        >>> gn.check_gradients(gn.load_net("iris/net.yaml", dtype="float64")).ok
        True
    """
    expect_net("check_gradients", net, call="check_gradients(net)")
    expect(isinstance(net, Net), "check_gradients", "a net that is not cut into shards", net)
    for name, value in (("step", step), ("tolerance", tolerance)):
        fits = isinstance(value, float | int) and value > 0
        expect(fits, f"check_gradients: {name}", "a number above 0", value)
    max_elements = whole_number("check_gradients: max_elements", max_elements, 1)
    net.check_ready()
    check_learns(net.compiled, net.store)
    twin = _float64_twin(net)
    try:
        with net.backend.computing():
            return _check(twin, step, tolerance, max_elements)
    finally:
        twin.close()


def _float64_twin(net: Net) -> Net:
    """The same net with params of its own, in float64, standing at the same batch."""
    compiled = compile_net(
        net.compiled.spec, net.phase, net.backend, np.dtype("float64"), keep="all", backward=True
    )
    store = ParamStore(net.backend, compiled.dtype, compiled.declared, net.context.seed)
    for key, name, param in store.items():
        rng = _generator(net.context.seed, f"nudge/{key}/{name}")
        # off the point itself: a bias of 0 under an empty image puts every ReLU on its kink
        nudge = NUDGE * rng.standard_normal(param.shape)
        values = net.backend.download(net.store.params[key][name].data)
        net.backend.upload(values + nudge, param.data)
    twin = Net(compiled, store, net.context.seed, net.inputs, freeze_borrowed=True)
    running = {layer.name: layer for layer in net.layers}
    for layer in twin.layers:
        for name, array in layer.state.items():
            array[...] = running[layer.name].state[name]
    twin.load_state_dict({"cursors": net.state_dict()["cursors"]})
    for layer in net.layers:
        if layer.spec.is_filled_by_caller:
            for top in layer.tops:
                twin.fed(top.name)[...] = top.data
    twin.context.iteration = net.context.iteration
    return twin


def _check(net: Net, step: float, tolerance: float, max_elements: int) -> GradientReport:
    data = [layer for layer in net.layers if layer.spec.kind is Kind.DATA]
    for layer in data:
        layer.forward()
    quiet = (Kind.DATA, Kind.OUTPUT)  # a check writes no files
    rest = [layer.forward for layer in net.layers if layer.spec.kind not in quiet]
    # what a pass may overwrite: the data, by a layer in place on it, and recurrent state
    tops = [(top.data, top.data.copy()) for layer in data for top in layer.tops]
    state = {(k, n): a.copy() for k, named in net.store.state.items() for n, a in named.items()}

    def loss() -> float:
        for array, values in tops:
            array[...] = values
        for (key, name), values in state.items():
            net.store.state[key][name][...] = values
        for forward in rest:
            forward()
        return net.loss()

    total = loss()
    net.run_backward()
    analytic = {id(p): net.backend.download(p.diff) for p in net.store.trainable()}
    largest = max(float(np.abs(d).max(initial=0)) for d in analytic.values())
    # what rounding the loss does to a quotient counts as agreement
    rounding = 8 * float(np.finfo(np.float64).eps) * abs(total) / step
    scale = max(largest * 1e-3, rounding / tolerance, 1e-12)
    checks = []
    for key, name, param in net.store.items():
        if param.diff is None:
            continue
        rng = _generator(net.context.seed, f"gradcheck/{key}/{name}")
        elements = _elements(param, rng, max_elements)
        diff = analytic[id(param)]
        checks.append(_compare(loss, (key, name, param), diff, elements, step, scale, tolerance))
    return GradientReport(tuple(checks), tolerance)


def _generator(seed: int, purpose: str) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=stream_key(seed, purpose)))


def _elements(param: Param, rng: np.random.Generator, most: int) -> list[tuple[int, ...]]:
    size = int(param.data.size)
    flat = np.arange(size) if size <= most else np.sort(rng.choice(size, most, replace=False))
    return [tuple(int(i) for i in np.unravel_index(f, param.shape)) for f in flat]


def _compare(
    loss: Callable[[], float],
    item: tuple[str, str, Param],
    diff: np.ndarray,
    elements: list[tuple[int, ...]],
    step: float,
    scale: float,
    tolerance: float,
) -> ParamCheck:
    """Move each element of a param up and down, by a step and by half of it."""
    key, name, param = item
    here, found = loss(), []
    for index in elements:
        value, analytic = float(param.data[index]), float(diff[index])
        slopes = []  # to the right and to the left, for a step and for half of it
        for h in (step * max(1.0, abs(value)), step / 2 * max(1.0, abs(value))):
            for move in (h, -h):
                param.data[index] = value + move
                slopes.append((loss() - here) / move)
        param.data[index] = value
        numeric = (slopes[2] + slopes[3]) / 2
        # where the loss is smooth the four differ by O(step), across a kink by O(1)
        size = max(scale, abs(numeric), abs(analytic))
        at_kink = max(slopes) - min(slopes) > KINK * size
        # a small kink: what lies between the slopes is a subgradient
        off = abs(analytic - numeric) > tolerance * size
        at_kink |= off and min(slopes) <= analytic <= max(slopes)
        if not at_kink:
            found.append((abs(analytic - numeric) / size, index, analytic, numeric))
    n_kinks = len(elements) - len(found)
    if not found:
        return ParamCheck(key, name, 0, n_kinks, 0.0, (), 0.0, 0.0, ok=True)
    worst, index, analytic, numeric = found[int(np.argmax([error for error, *_ in found]))]
    ok = worst <= tolerance
    return ParamCheck(key, name, len(found), n_kinks, worst, index, analytic, numeric, ok)
