"""What neurons that keep their derivative share: when it is computed, and where it lies."""

import numpy as np
import pytest
import yaml
from support.layer_case import LayerCase, Rig

from graphnet.layers.neurons.gelu import GELU
from graphnet.layers.neurons.hardswish import Hardswish
from graphnet.layers.neurons.mish import Mish
from graphnet.layers.neurons.swish import Swish
from graphnet.net.load_net import load_net

SPECS = [neuron(name="n", bottoms=("x",)) for neuron in (GELU, Hardswish, Mish, Swish)]


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.type)
def test_the_derivative_is_kept_for_backward_alone(spec):
    """Its memory is declared where backward runs, and outlives forward there."""
    shapes = [(4, 3)]
    backend = Rig(LayerCase(spec, shapes, None)).backend
    there = spec.scratch(shapes, backend, backward=True)
    assert there.pop("slope").lifetime == "pass"
    assert there == spec.scratch(shapes, backend, backward=False)
    assert {decl.lifetime for decl in there.values()} == {"call"}
    assert spec.backward_reads().bottoms == spec.backward_reads().tops == ()


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.type)
def test_in_a_net(spec):
    """As a property, in memory that a plan shares out: the gradient is that of the value."""
    text = f"""
- {{name: data, type: MemoryData, batch_size: 4, tops: [x], data: {{x: [[1], [2], [-3], [0.5]]}}}}
- {{name: ip, type: InnerProduct, output_dim: 5, neuron: {spec.type}, bottoms: [x], tops: [a],
   weight_init: {{type: Gaussian, std: 1}}}}
- {{name: ip2, type: InnerProduct, output_dim: 5, neuron: {spec.type}, bottoms: [a], tops: [b],
   weight_init: {{type: Gaussian, std: 1}}}}
- {{name: loss, type: SumLoss, bottoms: [b]}}
"""
    net = load_net(yaml.safe_load(text), seed=3, dtype="float64")
    weight = net.params["ip"]["weight"]

    def loss():
        net.forward()
        return net.loss()

    loss()
    net.backward()
    found, numeric = np.array(weight.diff), np.empty(weight.data.shape)
    for i in np.ndindex(weight.data.shape):
        before, ends = float(weight.data[i]), []
        for step in (1e-6, -1e-6):
            weight.data[i] = before + step
            ends.append(loss())
        weight.data[i] = before
        numeric[i] = (ends[0] - ends[1]) / 2e-6
    np.testing.assert_allclose(found, numeric, rtol=1e-5, atol=1e-8)
