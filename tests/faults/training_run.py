"""The runs that are killed: small nets with everything on that a resumption could get wrong.

Shuffled data streamed in groups of compressed chunks by a reader thread, augmentation by sample,
batch normalization, dropout, policies and breaks that keep state, snapshots of which some stay.
What differs from run to run is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

import h5py
import numpy as np

#: Methods, and what belongs to them.
METHODS = {
    "Adam": "method: Adam\nlr_policy: {type: Fixed, base_lr: 0.003}\n",
    "Nesterov": (
        "method: Nesterov\niter_size: 2\n"
        "lr_policy: {type: Inv, base_lr: 0.02, gamma: 0.01, power: 0.75}\n"
        "mom_policy: {type: Linear, momentum: 0.5, gamma: 0.01, stepsize: 5, max_momentum: 0.9}\n"
    ),
    "SGD": (
        "method: SGD\nlr_policy: {type: Step, base_lr: 0.02, gamma: 0.5, stepsize: 7}\n"
        "mom_policy: {type: Fixed, momentum: 0.9}\n"
    ),
    "RMSProp": "method: RMSProp\nlr_policy: {type: Fixed, base_lr: 0.002}\n",
}


@dataclass(frozen=True)
class Recipe:
    """What differs between the runs.

    Attributes:
        method: One of :data:`METHODS`.
        last_iter: At which the run ends.
        saved_every: Iterations between snapshots.
        kept: How many of them stay.
        has_best: Whether the best one is kept, too.
        batch_size: Of the training set.
    """

    method: str = "Adam"
    last_iter: int = 12
    saved_every: int = 2
    kept: int = 2
    has_best: bool = True
    batch_size: int = 12

    @property
    def results(self) -> tuple[str, ...]:
        """What must be the same in the end, byte for byte; the params are in the snapshot."""
        best = ("snapshots/best.h5",) if self.has_best else ()
        return (f"snapshots/snapshot-{self.last_iter:06d}.h5", *best, "statistics.jsonl")


def any_recipe(chance: Random) -> Recipe:
    """One of all of them."""
    return Recipe(
        method=chance.choice(sorted(METHODS)),
        last_iter=chance.choice((6, 9, 12, 15)),
        saved_every=chance.choice((1, 2, 2, 3)),
        kept=chance.choice((1, 2, 2, 4)),
        has_best=chance.random() < 0.7,
        batch_size=chance.choice((7, 12, 20)),
    )


NET = """\
name: killed
solver: solver.yaml
layers:
  - name: train-data
    type: AsyncHDF5Data
    phase: train
    source: [train-1.h5, train-2.h5]
    batch_size: {batch_size}
    shuffle: true
    buffer_bytes: 24000
    transformers:
      data:
        - {{type: Scale, scale: 0.00390625}}
        - {{type: RandomCrop, crop_size: [10, 10]}}
        - {{type: RandomMirror}}
        - {{type: RandomShift, shift: 1}}
  - name: test-data
    type: HDF5Data
    phase: test
    source: test.h5
    batch_size: 16
    transformers:
      data: [{{type: Scale, scale: 0.00390625}}, {{type: RandomCrop, crop_size: [10, 10]}}]
  - {{name: conv, type: Convolution, n_filter: 6, kernel: 3, bottoms: [data], tops: [conv]}}
  - {{name: bn, type: BatchNorm, moving_average_fraction: 0.7, bottoms: [conv], tops: [bn]}}
  - {{name: relu, type: ReLU, bottoms: [bn]}}
  - {{name: pool, type: Pooling, kernel: 2, stride: 2, bottoms: [bn], tops: [pool]}}
  - {{name: ip1, type: InnerProduct, output_dim: 24, neuron: ReLU, bottoms: [pool], tops: [ip1]}}
  - {{name: drop, type: Dropout, ratio: 0.4, bottoms: [ip1]}}
  - {{name: ip2, type: InnerProduct, output_dim: 4, bottoms: [ip1], tops: [ip2]}}
  - {{name: loss, type: SoftmaxLoss, bottoms: [ip2, label]}}
  - {{name: accuracy, type: Accuracy, phase: test, bottoms: [ip2, label]}}
"""
SOLVER = """\
max_iter: {last_iter}
exp_dir: run
coffee_breaks:
  - {{type: TrainingSummary, every_n_iter: 4}}
  - {{type: TrainingSummary, every_n_epoch: 1}}
  - {{type: ValidationPerformance, every_n_iter: 3}}
  - {{type: Plateau, key: accuracy, patience: 2, gamma: 0.7}}
  - {{type: Snapshot, every_n_iter: {saved_every}, keep_last: {kept}{best}}}
"""


def write_run(folder: Path, recipe: Recipe) -> None:
    """Write net and solver of a recipe beside the data."""
    best = ", keep_best: accuracy" if recipe.has_best else ""
    solver = METHODS[recipe.method] + SOLVER.format(best=best, **vars(recipe))
    (folder / "net.yaml").write_text(NET.format(batch_size=recipe.batch_size), "utf-8")
    (folder / "solver.yaml").write_text(solver, "utf-8")


def write_data(folder: Path) -> None:
    """Write the data that all runs share."""
    rng = np.random.Generator(np.random.Philox(1))
    bands = np.repeat(np.eye(4), 3, axis=1)[:, None, :, None] * 120  # by class
    for name, n in (("train-1", 130), ("train-2", 70), ("test", 40)):
        label = rng.integers(0, 4, n)
        data = (bands[label] + rng.random((n, 1, 12, 12)) * 135).astype("uint8")
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file.create_dataset("data", data=data, chunks=(10, 1, 12, 12), compression="gzip")
            file.create_dataset("label", data=label.astype("uint8"), chunks=(10,))
