"""Makes the files beside it with a real PyTorch (2.13 made those that are there).

python tests/interchange/torch/make_files.py
"""

from pathlib import Path

import numpy as np

FILES = Path(__file__).parent / "files"


def main():
    """Files of PyTorch's, and what is in them as NumPy has it."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    values = {}

    def keep(name, tensors):
        found = {k: t.detach() for k, t in tensors.items()}
        wide = {k: t.float() if t.dtype == torch.bfloat16 else t for k, t in found.items()}
        values.update({f"{name}/{k}": t.numpy() for k, t in wide.items()})

    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.BatchNorm2d(2), nn.Flatten(),
                        nn.Linear(8, 3))  # fmt: skip
    x = torch.randn(4, 1, 4, 4)
    net(x)
    net.eval()
    torch.save(net.state_dict(), FILES / "plain.pt")
    torch.save(net.state_dict(), FILES / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(net.state_dict(), FILES / "protocol4.pt", pickle_protocol=4)
    keep("plain", net.state_dict())
    values |= {"plain-x": x.numpy(), "plain-y": net(x).detach().numpy()}

    base = torch.arange(24.0)
    strided = {
        "turned": base.reshape(4, 6).t(),
        "sliced": base[3:10:2],
        "expanded": torch.ones(1).expand(3, 4),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "half": base[:3].half(),
        "brain": (base[:5] / 7).bfloat16(),
        "double": base[:3].double() / 3,
        "param": nn.Parameter(base[:4]),
        "counts": torch.arange(3),
        "last": base.reshape(1, 2, 3, 4).to(memory_format=torch.channels_last),
    }
    keep("strided", strided)
    adam = torch.optim.Adam(net.parameters()).state_dict()
    torch.save({"epoch": 3, "state_dict": strided, "optimizer": adam}, FILES / "strided.pt")
    old = {"_use_new_zipfile_serialization": False}
    torch.save(strided, FILES / "strided-legacy.pt", **old)

    rnn = nn.ModuleDict({"lstm": nn.LSTM(3, 2, 2, batch_first=True),
                         "gru": nn.GRU(3, 2, batch_first=True),
                         "rnn": nn.RNN(3, 2, batch_first=True)})  # fmt: skip
    x = torch.randn(2, 4, 3)
    torch.save(rnn.state_dict(), FILES / "recurrent.pt")
    values["recurrent-x"] = x.numpy()
    values |= {f"recurrent-{name}": part(x)[0].detach().numpy() for name, part in rnn.items()}

    torch.save(net, FILES / "whole.pt")
    torch.save({"a": torch.ones(2).to_sparse()}, FILES / "sparse.pt")
    torch.serialization.set_crc32_options(compute_crc32=False)
    torch.save(strided, FILES / "no-checksum.pt")
    np.savez_compressed(FILES / "values.npz", **values)


if __name__ == "__main__":
    main()
