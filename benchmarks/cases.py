"""The nets that are measured: shapes of one row, batch, and the files that declare them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Attributes:
        name: Also the name of the peer's net in ``torch_worker.py``.
        net: File in ``nets/``.
        solver: File in ``solvers/``.
        batch: Samples of a step.
        data_shape: Of one row.
        n_class: Labels are drawn below it; 0: the label is a random vector of ``label_shape``.
        label_shape: Of one row's label.
        steps: How many make one measurement.
    """

    name: str
    net: str
    solver: str
    batch: int
    data_shape: tuple[int, ...]
    n_class: int
    label_shape: tuple[int, ...] = ()
    steps: int = 10


CASES = {
    case.name: case
    for case in (
        Case("mnist", "mnist.yaml", "mnist.yaml", 64, (1, 28, 28), 10, steps=20),
        Case("lenet-adam", "lenet-adam.yaml", "lenet-adam.yaml", 600, (1, 28, 28), 10, steps=2),
        Case(
            "lenet5-fashion",
            "lenet5-fashion.yaml",
            "lenet5-fashion.yaml",
            256,
            (1, 28, 28),
            10,
            steps=10,
        ),
        Case(
            "cifar10-quick",
            "cifar10-quick.yaml",
            "cifar10-quick.yaml",
            100,
            (3, 32, 32),
            10,
            steps=4,
        ),
        Case("nielsen", "nielsen.yaml", "nielsen.yaml", 10, (784,), 10, steps=500),
        Case("iris", "iris.yaml", "iris.yaml", 16, (4,), 3, steps=500),
    )
}
