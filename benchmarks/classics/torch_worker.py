"""The PyTorch side: run by the Python that has PyTorch, asked over standard input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.classics.torch_net import LayersNet, loss_of
from benchmarks.classics.turns import serve_turns
from benchmarks.workers import serve


def run(task: dict[str, Any]) -> None:
    """One net, one batch: passes without gradients, or steps of SGD."""
    torch.set_num_threads(task["threads"])
    layers = json.loads(Path(task["layers"]).read_text(encoding="utf-8"))
    net = LayersNet(layers, np.load(task["arrays"]))
    rows = np.load(task["images"])
    data = torch.from_numpy(rows["data"][: task["batch"]])
    label = torch.from_numpy(rows["label"][: task["batch"]]).long()
    if task["layout"] == "channels_last":
        net = net.to(memory_format=torch.channels_last)
        data = data.contiguous(memory_format=torch.channels_last)
    if task["kind"] == "infer":
        net.eval()
        with torch.inference_mode():
            out = net(data)
            about = {"out": out[0].tolist()}
            serve_turns(about, lambda: net(data))
        return
    net.train()
    optimizer = torch.optim.SGD(net.parameters(), task["lr"], task["momentum"], fused=True)

    def step() -> None:
        optimizer.zero_grad()
        loss_of(net, data, label).backward()
        optimizer.step()

    serve_turns({}, step)


if __name__ == "__main__":
    serve(run)
