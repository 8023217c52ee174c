"""Nets and solvers as YAML; the files are tested where they are written."""

from pathlib import Path

from support.caffe_nets import INPUTS, translated

from graphnet.interchange.caffe.imported import Imported
from graphnet.interchange.caffe.solver import MadeSolver
from graphnet.interchange.caffe.writing import net_text, solver_text


def test_layers():
    """Without defaults, numbers in short, with notes; paths as they lead from the folder."""
    text = INPUTS + (
        'layer { name: "d" type: "HDF5Data" top: "d"'
        ' hdf5_data_param { source: "none" batch_size: 2 } }'
        '\n# the first\nlayer { name: "l" type: "LRN" bottom: "x" top: "y"'
        " lrn_param { norm_region: WITHIN_CHANNEL local_size: 3 k: 2 } }"
        'layer { name: "p" type: "Pooling" bottom: "y" top: "p"'
        " pooling_param { kernel_size: 2 stride: 2 } }"
    )
    found = translated(text, folder=Path("/a/b"))
    made = Imported("n", [(entry, entry.made.layers) for entry in found.layers])
    written = net_text(made, Path("n.prototxt"), Path("/a"))
    assert written.startswith("# From n.prototxt, a net of Caffe.\nname: n\n\nlayers:\n")
    assert "  - {name: d, type: HDF5Data, source: b/none, batch_size: 2, tops: [d]}\n" in written
    assert (
        "  # the first\n  # k is left out: Caffe takes 1 in place of it within channels\n"
        "  - {name: l, type: LRN, kernel: 3, mode: WithinChannel, bottoms: [x], tops: [y]}\n"
        in written
    )
    assert "{name: p, type: Pooling, kernel: 2, stride: 2, bottoms: [y], tops: [p]}" in written


def test_solver():
    """Its keys, with what is said of them; a model is where it starts."""
    solver = MadeSolver({"method": {"type": "SGD"}, "max_iter": 5}, {"max_iter": ["so many"]})
    made = Imported("n", solver=solver)
    assert solver_text(made, Path("s.prototxt"), Path.cwd(), has_model=True) == (
        "# From s.prototxt, a solver of Caffe.\nmethod: SGD\n# so many\nmax_iter: 5\n"
        "# the weights that were given, as a start\nload_from: model.h5\n"
    )
