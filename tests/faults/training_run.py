"""The run that is killed: a small net with everything on that a resumption could get wrong.

Shuffled data streamed in groups of compressed chunks by a reader thread, augmentation by sample,
batch normalization, dropout, a policy and breaks that keep state, and snapshots every third
iteration with the two newest and the best one kept.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

#: What differs between the kinds of run: the method, and what belongs to it.
RECIPES = {
    "Adam": "method: Adam\nlr_policy: {type: Fixed, base_lr: 0.003}\n",
    "Nesterov": (
        "method: Nesterov\niter_size: 2\n"
        "lr_policy: {type: Inv, base_lr: 0.02, gamma: 0.01, power: 0.75}\n"
        "mom_policy: {type: Linear, momentum: 0.5, gamma: 0.01, stepsize: 5, max_momentum: 0.9}\n"
    ),
}
LAST_ITER = 40

NET = """\
name: killed
solver: {recipe}.yaml
layers:
  - name: train-data
    type: AsyncHDF5Data
    phase: train
    source: [train-1.h5, train-2.h5]
    batch_size: 12
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
SOLVER = f"""\
max_iter: {LAST_ITER}
exp_dir: run
coffee_breaks:
  - {{type: TrainingSummary, every_n_iter: 4}}
  - {{type: TrainingSummary, every_n_epoch: 1}}
  - {{type: ValidationPerformance, every_n_iter: 7}}
  - {{type: Plateau, key: accuracy, patience: 2, gamma: 0.7}}
  - {{type: Snapshot, every_n_iter: 2, keep_last: 2, keep_best: accuracy}}
"""

#: What must be the same in the end, byte for byte; the params are in the snapshot.
RESULTS = (f"snapshots/snapshot-{LAST_ITER:06d}.h5", "snapshots/best.h5", "statistics.jsonl")


def write_run(folder: Path) -> None:
    """Write the nets, the solvers and the data into a folder that all runs share."""
    for recipe, keys in RECIPES.items():
        (folder / f"{recipe}-net.yaml").write_text(NET.format(recipe=recipe), "utf-8")
        (folder / f"{recipe}.yaml").write_text(keys + SOLVER, "utf-8")
    rng = np.random.Generator(np.random.Philox(1))
    bands = np.repeat(np.eye(4), 3, axis=1)[:, None, :, None] * 120  # by class
    for name, n in (("train-1", 130), ("train-2", 70), ("test", 40)):
        label = rng.integers(0, 4, n)
        data = (bands[label] + rng.random((n, 1, 12, 12)) * 135).astype("uint8")
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file.create_dataset("data", data=data, chunks=(10, 1, 12, 12), compression="gzip")
            file.create_dataset("label", data=label.astype("uint8"), chunks=(10,))
