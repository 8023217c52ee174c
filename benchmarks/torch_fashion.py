"""The recipes of the nets on Fashion-MNIST in PyTorch: trains, and says what it reached.

    python -m benchmarks.torch_fashion NET FOLDER [SEED [THREADS]]

FOLDER has the ``train.h5`` and ``test.h5`` that ``graphnet data get fashion-mnist`` writes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import h5py
import torch
from torch import Tensor, nn

from benchmarks.cases import CASES
from benchmarks.torch_nets import peer_of

#: Of the pixels of the training set.
MEAN, DEVIATION = 72.94, 90.02
PAD = 2


def rows_of(file: Path) -> tuple[Tensor, Tensor]:
    """All pictures ``(N, 1, 28, 28)``, normalised, and their labels."""
    with h5py.File(file) as opened:
        data, label = torch.from_numpy(opened["data"][:]), torch.from_numpy(opened["label"][:])
    return (data.float() - MEAN) / DEVIATION, label.long()


def moved(x: Tensor) -> Tensor:
    """Each picture up to two pixels off, with zeros at its edge, and every other one mirrored."""
    n, _, height, width = x.shape
    padded = nn.functional.pad(x, (PAD,) * 4)
    top, left = torch.randint(0, 2 * PAD + 1, (2, n, 1))
    columns = torch.arange(width).expand(n, width)
    mirrored = torch.rand(n, 1) < 0.5  # noqa: PLR2004
    columns = torch.where(mirrored, columns.flip(1), columns) + left
    rows = torch.arange(height) + top
    return padded[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(
        0, 3, 1, 2
    )


def accuracy_of(net: nn.Module, x: Tensor, y: Tensor) -> float:
    """How many pictures are told right, from 0 to 1."""
    net.eval()
    with torch.inference_mode():
        right = sum(
            int((net(a).argmax(1) == b).sum())
            for a, b in zip(x.split(250), y.split(250), strict=True)
        )
    net.train()
    return right / len(x)


def run(name: str, folder: Path, seed: int, threads: int) -> None:
    """Train with a seed, and print the accuracy on the test set."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    case = CASES[name]
    peer = peer_of(case)
    net = peer.build().to(memory_format=torch.channels_last)
    optimizer = peer.optimizer(net)
    x, y = rows_of(folder / "train.h5")
    order, at = torch.randperm(len(x)), 0
    start, used = time.perf_counter(), time.process_time()
    for update in range(1, peer.updates + 1):
        if at + case.batch > len(x):
            order, at = torch.randperm(len(x)), 0
        rows = order[at : at + case.batch]
        at += case.batch
        for group in optimizer.param_groups:
            group["lr"] = peer.lr(update) * group["times"]
        optimizer.zero_grad()
        loss = peer.loss(net(moved(x[rows]).to(memory_format=torch.channels_last)), y[rows])
        loss.backward()
        optimizer.step()
        if update % 47 == 0:
            print(f"update {update}: loss {loss.item():.4f}", flush=True)
    taken, used = time.perf_counter() - start, time.process_time() - used
    accuracy = accuracy_of(net, *rows_of(folder / "test.h5"))
    print(f"{name}, seed {seed}: {accuracy:.2%} after {peer.updates} updates in {taken:.0f} s, "
          f"{used:.0f} s of a processor's time")  # fmt: skip


if __name__ == "__main__":
    given = sys.argv[3:]
    run(sys.argv[1], Path(sys.argv[2]), *(int(n) for n in (*given, *(0, 1)[len(given) :])))
