"""PyTorch's names, so that its load_state_dict takes a file of graphnet's."""

import numpy as np
import pytest
from support.weight_files import TORCH_FILES

from graphnet.errors import SpecError
from graphnet.interchange.torch.names import torch_names
from graphnet.interchange.torch.reading import read_torch
from graphnet.interchange.weights.formats import MOCHA, SAFETENSORS, TORCH
from graphnet.interchange.weights.matching import Needed

NETS = {
    "plain.pt": """
- {name: in, type: Input, batch_size: 2, shapes: {x: [1, 4, 4]}, tops: [x]}
- {name: "0", type: Convolution, n_filter: 2, kernel: 3, neuron: ReLU, bottoms: [x], tops: [c]}
- {name: "2", type: BatchNorm, bottoms: [c], tops: [b]}
- {name: "4", type: InnerProduct, output_dim: 3, bottoms: [b], tops: [y]}
""",
    "recurrent.pt": """
- {name: in, type: Input, batch_size: 2, shapes: {x: [4, 3]}, tops: [x]}
- {name: lstm, type: LSTM, output_dim: 2, bottoms: [x], tops: [a]}
- {name: lstm_l1, type: LSTM, output_dim: 2, bottoms: [a], tops: [b]}
- {name: gru, type: GRU, output_dim: 2, bottoms: [x], tops: [c]}
- {name: rnn, type: RNN, output_dim: 2, bottoms: [x], tops: [d]}
""",
}


@pytest.mark.parametrize("name", NETS)
def test_what_pytorch_has_written_comes_back(name, tmp_path):
    """Names, shapes and values are those of the file, but that the two biases are added up."""
    net = TORCH.load(NETS[name], TORCH_FILES / name)
    SAFETENSORS.save(net, tmp_path / "m.safetensors", names="torch")
    found = SAFETENSORS.read(tmp_path / "m.safetensors").arrays
    wanted = {
        key.replace("lstm.weight_ih_l1", "lstm_l1.weight_ih_l0")
        .replace("lstm.weight_hh_l1", "lstm_l1.weight_hh_l0")
        .replace("lstm.bias_ih_l1", "lstm_l1.bias_ih_l0")
        .replace("lstm.bias_hh_l1", "lstm_l1.bias_hh_l0"): array.read()
        for key, array in read_torch(TORCH_FILES / name).arrays.items()
        if array.is_float
    }
    assert found.keys() == wanted.keys()
    for key, values in wanted.items():
        assert found[key].shape == values.shape
        if "bias_" not in key:
            assert np.array_equal(found[key].read(), values), key
        elif "bias_ih" in key:
            other = key.replace("_ih_", "_hh_")
            both = found[key].read() + found[other].read()
            assert np.allclose(both, values + wanted[other], atol=1e-6)
    again = SAFETENSORS.load(NETS[name], tmp_path / "m.safetensors")
    assert np.array_equal(again.store.data, net.store.data)


def test_layers_that_pytorch_does_not_have():
    """Their params keep their names."""
    needed = [
        Needed("s", "scale", "params", (4,), "Scale", 0),
        Needed("p", "slope", "params", (4,), "PReLU", 0),
        Needed("r", "codes", "params", (4, 2), "RBF", 0),
    ]
    assert list(torch_names(needed)) == ["s.scale", "p.weight", "r.codes"]


def test_names_that_a_format_does_not_have(tmp_path):
    """It is said which there are."""
    net = TORCH.load(NETS["plain.pt"], TORCH_FILES / "plain.pt")
    with pytest.raises(SpecError, match="names: expected 'graphnet' or 'torch', found"):
        SAFETENSORS.save(net, tmp_path / "m", names="keras")
    with pytest.raises(SpecError, match="names: expected 'mocha', found"):
        MOCHA.save(net, tmp_path / "m", names="torch")
