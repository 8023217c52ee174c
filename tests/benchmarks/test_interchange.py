"""Nets that are trained, handed on and brought back."""

import numpy as np
import pytest
from support.onnx_files import needs_onnx
from support.shipped_nets import write_made_up_data

from benchmarks import interchange


@needs_onnx
@pytest.mark.slow
def test_a_net_there_and_back(tmp_path, monkeypatch):
    """The same bits from every format; a number that is not the same is said."""
    write_made_up_data(tmp_path)
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path))
    net = interchange._ROOT / "nets" / "mnist.yaml"
    run = interchange.trained("mnist", 2, tmp_path / "run")
    found = list(interchange.figures(net, run, tmp_path))
    assert all(right for _, right in found)
    back = [line for line, _ in found if line.endswith("the same bits come back")]
    assert len(back) == 5
    params = dict(interchange.read_weights(run)[1].params)
    params["ip2/bias"] = np.asarray(params["ip2/bias"]) + 1
    assert not interchange._back("npz", net, run, tmp_path, params)
