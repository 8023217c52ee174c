"""What all translators share: rates and decay, fillers, files, axes."""

import pytest
from support.caffe_nets import all_of, layers_of, one, refused, translated

from graphnet.interchange.caffe.layers.reading import Files

IP = 'type: "InnerProduct" bottom: "s" top: "y" inner_product_param { num_output: 3 %s } %s'


def keys(inner="", outer=""):
    return one(IP % (inner, outer))


def test_rates_and_decay():
    """Biases learn and decay like weights unless their param says otherwise."""
    found = keys(outer="param { lr_mult: 0.5 decay_mult: 2 } param { decay_mult: 0 }")
    assert found["weight_lr"] == 0.5
    assert found["weight_regu"] == {"type": "L2Regu", "coef": 2.0}
    assert found["bias_lr"] == 1.0
    assert found["bias_regu"] == {"type": "NoRegu"}


def test_params_without_a_rate_are_frozen():
    """All of a layer's; of some, their rate is 0."""
    frozen = keys(outer="param { lr_mult: 0 } param { lr_mult: 0 }")
    assert frozen["frozen"] is True
    assert keys(outer="param { } param { lr_mult: 0 }")["bias_lr"] == 0


@pytest.mark.parametrize(
    ("filler", "wanted"),
    [
        ("", {"type": "Constant", "value": 0.0}),
        ("value: 2", {"type": "Constant", "value": 2.0}),
        ('type: "xavier"', {"type": "Xavier"}),
        ('type: "msra"', {"type": "MSRA"}),
        ('type: "gaussian" std: 0.1', {"type": "Gaussian", "mean": 0.0, "std": 0.1}),
        ('type: "uniform" min: -1', {"type": "Uniform", "low": -1.0, "high": 1.0}),
        ('type: "xavier" variance_norm: FAN_OUT', {"type": "Uniform", "low": -1.0, "high": 1.0}),
        ('type: "msra" variance_norm: AVERAGE', {"type": "Gaussian", "std": (2 / 3.5) ** 0.5}),
    ],
)
def test_fillers(filler, wanted):
    """Numbers written out where graphnet would count the inputs otherwise; the default is 0."""
    assert keys(f"weight_filler {{ {filler} }}")["weight_init"] == wanted


def test_fillers_that_graphnet_lacks():
    """Refused, unless a model fills the param."""
    sparse = IP % ('weight_filler { type: "gaussian" sparse: 3 }', "")
    refused(sparse, "no initializer that is the filler of its weight: a sparse gaussian")
    assert layers_of(sparse, stored={})[0]["weight_init"] == {"type": "Null"}
    refused(IP % ('weight_filler { type: "Xavier" }', ""), "Caffe has no filler 'Xavier'")
    assert "weight_init" not in layers_of(IP % ("", ""), stored={})[0]


def test_too_many_params():
    """More than the layer has blobs."""
    refused(IP % ("", "param { } param { } param { }"), "has 'param' 3 times, but 2 blobs")


def test_axes():
    """Counted from the end, beyond the last, and the batch axis."""
    softmax = 'type: "Softmax" bottom: "x" top: "y" softmax_param { axis: %d }'
    assert one(softmax % -1)["axis"] == 3
    refused(
        softmax % 4, "'axis' is 4, but its bottom 'x' has the shape 2×4×6×6\n  expected -4 to 3"
    )
    layers = all_of(softmax % 0)
    assert [layer["type"] for layer in layers] == ["JoinSamples", "Softmax", "PartSamples"]


def test_files(tmp_path, monkeypatch):
    """From the working directory, then around the prototxt."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "list.txt").write_text("")
    monkeypatch.chdir(inner)
    files = Files.beside(inner / "n.prototxt")
    assert files.find("list.txt") == tmp_path / "list.txt"
    assert files.find("none.txt") is None
    assert files.at("none.txt") == inner / "none.txt"


def test_all_problems_are_listed():
    """A layer behind one that cannot be translated is still looked at."""
    found = translated(
        'layer { name: "a" type: "Python" top: "a" } layer { name: "b" type: "Relu" bottom: "a" }'
        'layer { name: "c" type: "ReLU" bottom: "a" top: "c" }'
        'layer { name: "d" type: "ReLU" bottom: "none" top: "d" }'
    )
    assert [p.message.split(":")[0] for p in found.problems] == [
        "layer 'a' (Python)", "layer 'b'", "layer 'd' (ReLU)",
    ]  # fmt: skip
