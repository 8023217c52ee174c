"""Cases of layers that compute a function of each element."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from support.layer_case import LayerCase, Rig

from graphnet.layers.base import LayerSpec

SHAPES = ((4, 3), (2, 3, 4, 5), (1,))


def elementwise_cases(
    *formulas: tuple[LayerSpec, Callable[[np.ndarray], np.ndarray]],
    between: tuple[float, float] | None = None,
) -> list[LayerCase]:
    """Each spec with its formula, for bottoms of several shapes.

    Args:
        formulas: The specs and what they compute.
        between: What the values lie between. Default: as those of the harness.
    """
    draw = np.random.default_rng(2).uniform
    return [
        LayerCase(
            spec,
            [draw(*between, shape) if between else shape],
            lambda bottoms, _, f=formula: [f(bottoms[0])],
        )
        for spec, formula in formulas
        for shape in SHAPES
    ]


def slopes(spec: LayerSpec, values: Sequence[float]) -> list[float]:
    """The derivative that the layer uses at each value."""
    rig = Rig(LayerCase(spec, [np.array([values])], None))
    return (rig.run()["diff of bottom 0"] / rig.projections()[0])[0].tolist()
