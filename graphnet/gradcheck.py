"""Finite-difference check of a net's gradients: the user's own net, any layer.

The net is run in float64 on one batch, with the same random draws each time. Each checked
element of a param is moved up and down, and the change of the loss is compared with the diff
that ``backward`` gave. Steps that cross a kink (a ReLU at 0, a changed winner of a max) are
noticed by halving the step, and not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graphnet.layers.base import Kind
from graphnet.layers.input import InputLayer
from graphnet.net.compiled import compile_net
from graphnet.net.net import Net
from graphnet.param import Param, ParamStore, stream_key


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


def check_gradients(
    net: Net, *, step: float = 1e-5, tolerance: float = 1e-5, max_elements: int = 40
) -> GradientReport:
    """Compare a net's gradients with difference quotients.

    Args:
        net: In any phase that has a loss; it is not changed.
        step: How far an element is moved, relative to max(1, its size).
        tolerance: Largest relative error that passes.
        max_elements: Checked per param, chosen at random (by the net's seed) if it has more.

    Raises:
        TopologyError: If the net has no loss, or params that no loss reaches.
    """
    net.check_trainable()
    twin = _float64_twin(net)
    try:
        return _check(twin, step, tolerance, max_elements)
    finally:
        twin.close()


def _float64_twin(net: Net) -> Net:
    """The same net with params of its own, in float64, standing at the same batch."""
    compiled = compile_net(
        net.compiled.spec, net.phase, net.backend, np.dtype("float64"), keep="all"
    )
    store = ParamStore(net.backend, compiled.dtype, compiled.declared, net.context.seed)
    for key, name, param in store.items():
        param.data[...] = net.store.params[key][name].data
    for key, named in store.state.items():
        for name, array in named.items():
            array[...] = net.store.state[key][name]
    twin = Net(compiled, store, net.context.seed, net.inputs)
    twin.seek(net.cursors())
    for layer in net.layers:
        if isinstance(layer, InputLayer):
            for top in layer.tops:
                twin.fed(top.name)[...] = top.data
    twin.context.iteration = net.context.iteration
    return twin


def _check(net: Net, step: float, tolerance: float, max_elements: int) -> GradientReport:
    data = [layer for layer in net.layers if layer.spec.kind is Kind.DATA]
    for layer in data:
        layer.forward()
    rest = [layer.forward for layer in net.layers if layer.spec.kind is not Kind.DATA]
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
    net.backward()
    analytic = {id(p): net.backend.download(p.diff) for p in net.store.trainable()}
    scale = max((float(np.abs(d).max(initial=0)) for d in analytic.values()), default=0) * 1e-3
    checks = []
    for key, name, param in net.store.items():
        if param.diff is None:
            continue
        rng = np.random.Generator(
            np.random.Philox(key=stream_key(net.context.seed, f"gradcheck/{key}/{name}"))
        )
        found = list(
            _compare(loss, param, analytic[id(param)], _elements(param, rng, max_elements), step)
        )
        checks.append(_summary(key, name, found, max(scale, abs(total) * 1e-9, 1e-12), tolerance))
    return GradientReport(tuple(checks), tolerance)


def _elements(param: Param, rng: np.random.Generator, most: int) -> list[tuple[int, ...]]:
    size = int(param.data.size)
    flat = np.arange(size) if size <= most else np.sort(rng.choice(size, most, replace=False))
    return [tuple(int(i) for i in np.unravel_index(f, param.shape)) for f in flat]


@dataclass(frozen=True)
class _Comparison:
    index: tuple[int, ...]
    analytic: float
    numeric: float
    at_kink: bool


def _compare(loss, param, diff, elements, step) -> Iterator[_Comparison]:  # type: ignore[no-untyped-def]  # noqa: ANN001
    for index in elements:
        value = float(param.data[index])
        quotients = []
        for h in (step, step / 2):
            h *= max(1.0, abs(value))  # noqa: PLW2901
            param.data[index] = value + h
            up = loss()
            param.data[index] = value - h
            down = loss()
            quotients.append((up - down) / (2 * h))
        param.data[index] = value
        numeric, analytic = quotients[1], float(diff[index])
        size = max(abs(numeric), abs(analytic), 1e-12)
        # off a kink the two quotients differ by O(h²); on one, by O(1)
        at_kink = abs(quotients[0] - quotients[1]) > 1e-3 * size
        yield _Comparison(index, analytic, numeric, at_kink)


def _summary(
    key: str, name: str, found: list[_Comparison], scale: float, tolerance: float
) -> ParamCheck:
    counted = [c for c in found if not c.at_kink]
    errors = [
        abs(c.analytic - c.numeric) / max(scale, abs(c.analytic), abs(c.numeric)) for c in counted
    ]
    if not counted:
        return ParamCheck(key, name, 0, len(found), 0.0, (), 0.0, 0.0, ok=True)
    i = int(np.argmax(errors))
    worst, c = errors[i], counted[i]
    return ParamCheck(
        key,
        name,
        len(counted),
        len(found) - len(counted),
        worst,
        c.index,
        c.analytic,
        c.numeric,
        ok=worst <= tolerance,
    )
