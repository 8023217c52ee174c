"""ServedNet: nets whose data are not here, names of classes, rows that do not fit."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from support.services import NET, served_net

import graphnet as gn
from graphnet.serving.refusal import RefusalError
from graphnet.serving.served_net import BATCH

RNG = np.random.default_rng(1)


def served(made, text=NET, **options):
    """The net of a text with the params of the model."""
    return served_net(made / "model.h5", text, **options)


@pytest.mark.parametrize("n", [1, 2, BATCH, BATCH + 1, 3 * BATCH - 1])
def test_any_number_of_rows(made, net, n):
    """Each is answered by itself."""
    rows = RNG.random((n, 1, 28, 28)).astype(np.float32)
    found = served(made)
    answer = found.predict(found.checked({"data": rows}))["prob"]
    np.testing.assert_allclose(answer, net.predict({"data": rows / 256})["prob"], rtol=1e-4)


def test_data_that_are_not_here(made):
    """The shape is said instead, or asked for."""
    text = NET.replace('"dataset:digits28/test"', "nowhere.h5")
    assert served(made, text).inputs["data"].shape == (1, 28, 28)  # as the model has recorded
    with pytest.raises(gn.SpecError, match="say it: --shape data="):
        served(made, text, is_recorded=False)
    found = served(made, text, shapes={"data": (1, 28, 28)}, is_recorded=False)
    assert found.inputs["data"].shape == (1, 28, 28)


def test_names_of_classes(made, tmp_path):
    """Those that were packed with the data; others if they are given."""
    assert served(made).classes == ()
    names = [f"digit {i}" for i in range(10)]
    with h5py.File(tmp_path / "packed.h5", "w") as file:
        file["data"], file["label"] = np.zeros((2, 1, 28, 28), "uint8"), np.zeros(2, "uint8")
        file.attrs["classes"] = str(names).replace("'", '"')
    text = NET.replace('"dataset:digits28/test"', str(tmp_path / "packed.h5"))
    assert list(served(made, text, is_recorded=False).classes) == names
    gn.save_model(gn.load_net(text, "test"), tmp_path / "model.h5")
    (tmp_path / "packed.h5").unlink()
    assert list(served_net(tmp_path / "model.h5").classes) == names
    assert served(made, text, classes=list("abcdefghij")).classes == tuple("abcdefghij")
    with pytest.raises(gn.SpecError, match="2 names, but 'prob' has 10 numbers"):
        served(made, classes=["a", "b"])


def test_params_of_another_net(made):
    """Are refused at the start, not at the first request."""
    with pytest.raises(gn.SnapshotError, match="is not of this net"):
        served(made, NET.replace("output_dim: 10", "output_dim: 11"))


def test_rows_of_several_inputs_must_be_as_many(tmp_path):
    """Every blob that is computed with is needed."""
    net = gn.load_net(
        [
            gn.layers.Input(name="i", batch_size=1, shapes={"a": [2], "b": [2]}, tops=["a", "b"]),
            gn.layers.ElementWise(name="sum", bottoms=["a", "b"], tops=["sum"]),
            gn.layers.InnerProduct(name="ip", output_dim=1, bottoms=["sum"], tops=["ip"]),
        ],
        "test",
    )
    gn.save_model(net, tmp_path / "m.h5")
    found = served_net(tmp_path / "m.h5")
    with pytest.raises(RefusalError, match="'b' is missing"):
        found.checked({"a": [[1, 2]]})
    with pytest.raises(RefusalError, match="different numbers of rows"):
        found.checked({"a": [[1, 2]], "b": [[1, 2], [3, 4]]})
    rows = {"a": [[1, 2]], "b": [[3, 4]]}
    answer = found.predict(found.checked(rows))["ip"]
    wanted = net.predict({k: np.array(v) for k, v in rows.items()})["ip"]
    np.testing.assert_allclose(answer, wanted, rtol=1e-6)


def test_scores_become_probabilities(made):
    """Of a net that ends in scores, which a SoftmaxLoss judges: as predict makes them."""
    found = served(made, NET.replace("  - {name: prob, type: Softmax, phase: test", "#"))
    assert found.outputs == {"ip": (10,), "prob": (10,)}
    rows = found.checked({"data": RNG.random((3, 1, 28, 28))})
    answer = found.predict(rows)
    np.testing.assert_allclose(answer["prob"].sum(axis=1), 1, rtol=1e-5)
    with_softmax = served(made).predict(rows)["prob"]
    np.testing.assert_allclose(answer["prob"], with_softmax, rtol=1e-5)
