"""Old nets and solvers in the present form."""

import re

import pytest
from support.caffe_golden import GOLDEN, cases, index, needs_golden

from graphnet.errors import SpecError
from graphnet.interchange.caffe.files.text_format import parse_text, read_text
from graphnet.interchange.caffe.files.upgrade import upgrade_net, upgrade_solver

PADDED = """layers { layer { name: "p" type: "padding" } top: "p" }
layers { layer { name: "r" type: "relu" } bottom: "p" }"""


def upgraded(text):
    return upgrade_net(parse_text(text, "n", "NetParameter")).plain()


def test_v0():
    """Types and fields by their old names; a padding layer is merged into the next."""
    found = upgraded(
        'layers { layer { name: "p" type: "padding" pad: 2 } bottom: "x" top: "p" }'
        'layers { layer { name: "c" type: "conv" num_output: 4 kernelsize: 5 biasterm: false'
        ' blobs_lr: 1 weight_decay: 3 } bottom: "p" top: "c" }'
    )
    assert found["layer"] == [
        {
            "name": "c",
            "type": "Convolution",
            "bottom": ["x"],
            "top": ["c"],
            "param": [{"lr_mult": 1.0, "decay_mult": 3.0}],
            "convolution_param": {
                "num_output": 4,
                "kernel_size": [5],
                "bias_term": False,
                "pad": [2],
            },
        }
    ]


def test_v1():
    """Names of params, rates and decays are one message for each param."""
    found = upgraded(
        'layers { name: "f" type: INNER_PRODUCT param: "w" blobs_lr: 1 blobs_lr: 2'
        " blob_share_mode: PERMISSIVE }"
    )
    assert found["layer"][0]["param"] == [
        {"name": "w", "share_mode": "PERMISSIVE", "lr_mult": 1.0},
        {"lr_mult": 2.0},
    ]


def test_inputs():
    """At the top of the net, wherever they stand; they come first."""
    found = upgraded('layer { name: "r" } input: "x" input_dim: [1, 2, 3, 4]')
    assert found["layer"][0] == {
        "name": "input",
        "type": "Input",
        "top": ["x"],
        "input_param": {"shape": [{"dim": [1, 2, 3, 4]}]},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("layers { } layer { }", "has both 'layers'"),
        ('input: "x" input_dim: [1, 2, 3]', "found 3 numbers in 'input_dim', expected 4"),
        ('layers { layer { name: "h" type: "hinge_loss" } }', "Caffe had no type 'hinge_loss'"),
        ('layers { layer { name: "r" type: "relu" pad: 2 } }', "'pad' means nothing to a layer"),
        (PADDED, "reads what the padding layer 'p' gives"),
    ],
)
def test_what_is_wrong(text, said):
    """At its place."""
    with pytest.raises(SpecError, match=re.escape(said)) as error:
        upgraded(text)
    assert error.value.problems[0].position


def test_solver():
    """The method by a number, or by a word; not both."""
    parsed = parse_text("solver_type: ADAGRAD", "s", "SolverParameter")
    assert upgrade_solver(parsed)["type"] == "AdaGrad"
    with pytest.raises(SpecError, match="both 'type' and the old 'solver_type'"):
        upgrade_solver(parse_text('solver_type: SGD type: "SGD"', "s", "SolverParameter"))


@needs_golden
@pytest.mark.parametrize("name", cases("legacy"))
def test_as_caffe_upgrades_it(name):
    """The old file and what Caffe's own tool has made of it are the same net."""
    case = index()["legacy"][name]
    old, new = (
        upgrade_net(read_text(GOLDEN / case[form], "NetParameter")).plain()
        for form in ("prototxt", "upgraded")
    )
    assert old == new
