"""Several test nets of a solver: the same layers on other data."""

import h5py
import numpy as np

import graphnet as gn
from graphnet.solver.reporter import SilentReporter

NET = """
name: "n"
layer { name: "data" type: "HDF5Data" top: "x" top: "label" include { phase: TRAIN }
  hdf5_data_param { source: "day.txt" batch_size: 4 } }
layer { name: "day" type: "HDF5Data" top: "x" top: "label" include { phase: TEST stage: "day" }
  hdf5_data_param { source: "day.txt" batch_size: 5 } }
layer { name: "night" type: "HDF5Data" top: "x" top: "label"
  include { phase: TEST stage: "night" } hdf5_data_param { source: "night.txt" batch_size: 3 } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 3 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" top: "loss" }
layer { name: "accuracy" type: "Accuracy" bottom: "y" bottom: "label" top: "accuracy"
  include { phase: TEST } }
%s
"""
SOLVER = """
net: "n.prototxt" base_lr: 0.1 lr_policy: "fixed" max_iter: 4 test_interval: 2
test_iter: [2, 3] test_state { stage: "day" } test_state { stage: "night" }
"""


def imported(folder, more=""):
    """The net and its solver, written into a folder beside the data."""
    rng = np.random.default_rng(2)
    for name, n in (("day", 10), ("night", 6)):
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file["x"] = rng.standard_normal((n, 4)).astype("f4")
            file["label"] = rng.integers(0, 3, n).astype("f4")
        (folder / f"{name}.txt").write_text(str(folder / f"{name}.h5"))
    (folder / "n.prototxt").write_text(NET % more)
    (folder / "s.prototxt").write_text(SOLVER)
    return gn.interchange.import_caffe(
        folder / "n.prototxt", folder / "out", solver=folder / "s.prototxt"
    )


def test_another_source(tmp_path):
    """A second break reads it under the name of its stage; both are measured in a run."""
    made = imported(tmp_path)
    first, second = [
        each
        for each in made.solver.values["coffee_breaks"]
        if each["type"] == "ValidationPerformance"
    ]
    assert first == {"type": "ValidationPerformance", "every_n_iter": 2}
    assert second["name"] == "night"
    text = (tmp_path / "out" / "solver.yaml").read_text()
    assert "source: ../night.h5" in text or "night.txt" in text
    assert str(tmp_path) not in text
    solver = gn.load_solver(tmp_path / "out" / "solver.yaml")
    net = gn.load_net(tmp_path / "out" / "net.yaml", "train")
    state = gn.solve(solver, net, reporter=SilentReporter())
    assert {"accuracy", "night.accuracy", "night.loss"} <= set(state.history)


def test_other_layers(tmp_path):
    """It is said that the net has one test phase, which is the first."""
    more = (
        'layer { name: "more" type: "Accuracy" bottom: "y" bottom: "label" top: "more"'
        ' accuracy_param { top_k: 2 } include { phase: TEST stage: "night" } }'
    )
    made = imported(tmp_path, more)
    breaks = [each["type"] for each in made.solver.values["coffee_breaks"]]
    assert breaks.count("ValidationPerformance") == 1
    (said, _) = made.solver.notes["coffee_breaks"]
    assert said.endswith("which is the first: night differs in more than the data")
