"""The nets that are measured. Imports nothing, so that a peer's Python can read it as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Top:
    """What one row of a data layer's top is like, where the data set is not there.

    Attributes:
        shape: Of one row.
        low: Integers from here …
        high: … to below here; 0: floats in [0, 1).
    """

    shape: Shape = ()
    low: int = 0
    high: int = 0


IMAGE_28 = {"data": Top((1, 28, 28)), "label": Top(high=10)}


@dataclass(frozen=True)
class Case:
    """A net, its batch and its data.

    Attributes:
        name: Also of the peer's net in ``torch_nets.py``.
        batch: Samples of a training step.
        tops: Of the data layer, in its order; the last one is what is to be learned.
        infer_batches: Samples of an inference pass, one measurement each; none: the batch.
        shuffle: Whether rows are drawn in random order, or follow each other in the set.
        solver: File in ``solvers/``, without its ending; empty: the name.
        changes: Properties of layers that are not as in the net's file, by layer.
        width: Multiplies the filters and outputs of every layer but the last.
        lr: A fixed learning rate in place of the solver's policy; 0: that.
        depth: Of ``deep`` alone: how many convolutions it has.
    """

    name: str
    batch: int
    tops: Mapping[str, Top] = field(default_factory=lambda: IMAGE_28)
    infer_batches: tuple[int, ...] = ()
    shuffle: bool = True
    solver: str = ""
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    width: float = 1.0
    depth: int = 0
    lr: float = 0.0

    @property
    def is_images(self) -> bool:
        """Whether the layout of the memory can make a difference."""
        return len(next(iter(self.tops.values())).shape) > 1

    def with_sizes(self, **sizes: Any) -> Case:
        """The case with another batch, width, depth or learning rate."""
        return replace(self, **sizes)


CASES = {
    case.name: case
    for case in (
        Case("mnist", 64, infer_batches=(1, 64, 256)),
        Case("lenet-adam", 600),
        Case("lenet5-fashion", 256),
        Case("resnet20-fashion", 128),
        Case("mobilenet-fashion", 128),
        Case("cifar10-quick", 100, {"data": Top((3, 32, 32)), "label": Top(high=10)}),
        Case("nielsen", 10, {"data": Top((784,)), "label": Top(high=10)}),
        Case("iris", 16, {"data": Top((4,)), "label": Top(high=3)}),
        Case(
            "char-rnn",
            32,
            {
                "text": Top((64,), high=64),
                "cont": Top((64,), low=1, high=2),
                "next": Top((64,), high=64),
            },
            shuffle=False,
            changes={"embed": {"bias": False}},  # as PyTorch's Embedding
        ),
        Case(
            "tiny-gpt",
            32,
            {"text": Top((64,), high=64), "next": Top((64,), high=64)},
            # what is dropped is drawn by other numbers there
            changes={f"drop{i}{part}": {"ratio": 0.0} for i in range(1, 5) for part in "ab"},
        ),
    )
}

#: For growth with depth: so many convolutions of 16 filters, 3 × 3, then pooling and 10 outputs.
DEEP = Case("deep", 64, solver="mnist", depth=1)


def case_of(task: Mapping[str, Any]) -> Case:
    """The case of a task that a worker was given."""
    case = DEEP if task["net"] == DEEP.name else CASES[task["net"]]
    return case.with_sizes(**{key: task[key] for key in ("batch", "width", "depth", "lr")})
