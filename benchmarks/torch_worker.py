"""The PyTorch side: run by the Python that has PyTorch, asked over standard input.

Usage: python torch_worker.py CASE BATCH default|channels_last THREADS
Each line ``train K`` or ``infer K`` is answered by the seconds K steps took.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional

N_ROWS = 4096


def conv_net(*widths: int) -> nn.Module:
    """conv5, pool, conv5, pool, 500 ReLU, 10: Mocha's LeNet."""
    first, second, hidden = widths
    return nn.Sequential(
        nn.Conv2d(1, first, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(first, second, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * second, hidden),
        nn.ReLU(),
        nn.Linear(hidden, 10),
    )


def lenet_adam() -> nn.Module:
    """32-64-128-84-10 with ReLU."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(128, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


def lenet5_fashion() -> nn.Module:
    """The textbook's LeNet-5: sigmoids and mean pooling."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.Sigmoid(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Sigmoid(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Sigmoid(),
        nn.Linear(120, 84),
        nn.Sigmoid(),
        nn.Linear(84, 10),
    )


def cifar10_quick() -> nn.Module:
    """Caffe's CIFAR-10 quick net."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.ReLU(),
        nn.Conv2d(32, 32, 5, padding=2),
        nn.ReLU(),
        nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(32, 64, 5, padding=2),
        nn.ReLU(),
        nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.Flatten(),
        nn.Linear(1024, 64),
        nn.Linear(64, 10),
    )


NETS = {
    "mnist": lambda: conv_net(20, 50, 500),
    "lenet-adam": lenet_adam,
    "lenet5-fashion": lenet5_fashion,
    "cifar10-quick": cifar10_quick,
    "nielsen": lambda: nn.Sequential(
        nn.Linear(784, 30), nn.Sigmoid(), nn.Linear(30, 10), nn.Sigmoid()
    ),
    "iris": lambda: nn.Sequential(
        nn.Linear(4, 10), nn.ReLU(), nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 3)
    ),
}


def main() -> None:
    """Build the net, then answer requests until the input ends."""
    name, batch, layout, threads, row_shape, n_class = (
        sys.argv[1],
        int(sys.argv[2]),
        sys.argv[3],
        int(sys.argv[4]),
        json.loads(sys.argv[5]),
        int(sys.argv[6]),
    )
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    net = NETS[name]()
    x = torch.rand(N_ROWS, *row_shape)
    y = torch.randint(n_class, (N_ROWS,))
    onehot = functional.one_hot(y, n_class).float()
    last = torch.channels_last if layout == "channels_last" and x.ndim == 4 else None  # noqa: PLR2004
    if last:
        net = net.to(memory_format=last)
        x = x.to(memory_format=last)
    squared = name == "nielsen"
    optimizer = (
        torch.optim.Adam(net.parameters(), 1e-3)
        if name == "lenet-adam"
        else torch.optim.SGD(net.parameters(), 0.01, momentum=0.9)
    )
    order, at = torch.randperm(N_ROWS), 0

    def batch_rows() -> torch.Tensor:
        nonlocal at, order
        if at + batch > N_ROWS:
            order, at = torch.randperm(N_ROWS), 0
        rows = order[at : at + batch]
        at += batch
        return rows

    def train_step() -> None:
        rows = batch_rows()
        optimizer.zero_grad()
        out = net(x[rows])
        if squared:
            loss = 0.5 * ((out - onehot[rows]) ** 2).sum() / batch
        else:
            loss = functional.cross_entropy(out, y[rows])
        loss.backward()
        optimizer.step()

    @torch.inference_mode()
    def infer_step() -> None:
        net(x[:batch])

    steps = {"train": train_step, "infer": infer_step}
    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        what, count = line.split()
        if what == "peak":
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
            continue
        step = steps[what]
        start = time.perf_counter()
        for _ in range(int(count)):
            step()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
