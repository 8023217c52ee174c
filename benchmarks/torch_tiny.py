"""nets/tiny-two-layer.yaml as a PyTorch script: trains, and saves what was learned.

python torch_tiny.py N_UPDATES THREADS FILE
"""

import sys

import torch
from torch import nn

n_updates, threads, file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(threads)
x = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
target = torch.tensor([[0.0], [0.0], [1.0], [1.0]])
net = nn.Sequential(
    nn.Linear(3, 4, bias=False), nn.Sigmoid(), nn.Linear(4, 1, bias=False), nn.Sigmoid()
)
for param in net.parameters():
    nn.init.uniform_(param, -1, 1)
optimizer = torch.optim.SGD(net.parameters(), 1.0, fused=True)
for _ in range(n_updates):
    optimizer.zero_grad()
    loss = 0.5 * nn.functional.mse_loss(net(x), target, reduction="sum")
    loss.backward()
    optimizer.step()
torch.save(net.state_dict(), file)
