"""InfogainLoss through the layer harness: its matrix, and all that label losses share."""

import h5py
import numpy as np
import pytest
from support.label_losses import BAD_LABELS, LABEL_SHAPES, VARIANTS, label_loss, labels
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import DataError, ShapeError, SpecError
from graphnet.layers.losses.infogain_loss import InfogainLoss
from graphnet.layers.losses.softmax_loss import SoftmaxLoss


def matrix(n_class):
    return np.random.default_rng(6).uniform(-0.5, 2, (n_class, n_class)).tolist()


def spec(n_class=3, **properties):
    return InfogainLoss(name="loss", bottoms=("x", "label"), **{"H": matrix(n_class)} | properties)


def cost(h):
    """What each class would cost if it were the label."""

    def of_scores(scores, axis):
        e = np.exp(scores)
        log_p = np.moveaxis(np.log(e / e.sum(axis, keepdims=True)), axis, -1)
        return np.moveaxis(-log_p @ np.array(h).T, -1, axis)

    return of_scores


def case(shape, label, adds_up=True, name="", **properties):
    n_class = shape[properties.get("axis", 1)]
    layer = spec(n_class, **properties)
    return LayerCase(
        layer, [shape, label], label_loss(layer, cost(layer.H)), label=name, adds_up=adds_up
    )


CASES = [
    case(shape, label, up, f"{properties} {shape}", **properties)
    for properties, shape, label, up in VARIANTS
] + [case(shape, labels(label, shape[1])) for shape, label in LABEL_SHAPES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The weighted mean of −H[label] · log softmax."""
    check_layer(case)


def given(shape, label, **properties):
    """The same with the matrix as a bottom."""
    h = np.array(matrix(shape[properties.get("axis", 1)]))
    layer = InfogainLoss(name="loss", bottoms=("x", "label", "h"), **properties)
    of_two = label_loss(layer, cost(h))
    return LayerCase(
        layer, [shape, label, h], lambda bottoms, params: of_two(bottoms[:2], params), whole=[2]
    )


@pytest.mark.parametrize(
    "case", [given((5, 3), labels((5,), 3)), given((2, 4, 3), labels((2, 3), 4))], ids=str
)
def test_matrix_from_a_bottom(case):
    """It is read at each pass, and no gradient goes to it."""
    check_layer(case)


def test_unit_matrix_is_softmax_loss():
    """With the unit matrix it is SoftmaxLoss, also far beyond the range of exp."""
    bottoms = [np.array([[1e4, 0.0], [-1e4, 1e4], [1.0, 2.0]]), np.array([1.0, 1.0, 0.0])]
    softmax = Rig(LayerCase(SoftmaxLoss(name="loss", bottoms=("x", "y")), bottoms, None)).run()
    infogain = Rig(LayerCase(spec(H=[[1, 0], [0, 1]]), bottoms, None)).run()
    for name in softmax:
        np.testing.assert_allclose(infogain[name], softmax[name], atol=1e-15)


def test_matrix_from_a_file(tmp_path):
    """``H_file`` is taken from beside the YAML and gives what the same inline matrix gives."""
    with h5py.File(tmp_path / "h.h5", "w") as file:
        file["H"] = matrix(3)
    layer = spec(H=None, H_file="h.h5").relative_to(tmp_path)
    assert layer.H_file == str(tmp_path / "h.h5")
    bottoms = [(5, 3), labels((5,), 3)]
    found = Rig(LayerCase(layer, bottoms, None)).run()
    expected = Rig(LayerCase(spec(), bottoms, None)).run()
    np.testing.assert_array_equal(found["loss"], expected["loss"])
    assert spec().relative_to(tmp_path) == spec()


def test_mistakes(tmp_path):
    """The matrix must be there, once, square and of the classes' size."""
    with pytest.raises(SpecError, match="'H', 'H_file' or a third bottom is needed: the matrix"):
        spec(H=None)
    with pytest.raises(SpecError, match=r"'H' is the matrix: of the bottoms .* only the weights"):
        InfogainLoss(name="loss", bottoms=("x", "label", "h", "w"), H=matrix(3))
    three = InfogainLoss(name="loss", bottoms=("x", "label", "h"))
    with pytest.raises(ShapeError, match="bottom 2 has the shape 2×2, expected 3×3"):
        three.top_shapes([(4, 3), (4,), (2, 2)])
    with pytest.raises(SpecError, match="either 'H' or 'H_file' is needed, not both"):
        spec(H_file="h.h5")
    with pytest.raises(SpecError, match="'H' has 2 rows, of which not all are as long"):
        spec(H=[[1, 2], [3]])
    with pytest.raises(ShapeError, match=r"'H' has shape 3×3, but .* 5×4 have 4 classes"):
        spec().top_shapes([(5, 4), (5,)])
    with h5py.File(tmp_path / "h.h5", "w") as file:
        file["H"] = matrix(2)
    layer = spec(H=None, H_file=str(tmp_path / "h.h5"))
    with pytest.raises(ShapeError, match=r"h.h5: the data set 'H' has shape 2×2"):
        Rig(LayerCase(layer, [(5, 3), labels((5,), 3)], None))
    layer = spec(H=None, H_file=str(tmp_path / "none.h5"))
    with pytest.raises(DataError, match=r"none.h5"):
        Rig(LayerCase(layer, [(5, 3), labels((5,), 3)], None))


def test_the_matrix_and_the_weights_may_both_be_bottoms():
    """The matrix first: it is as if it stood in the layer."""
    scores, label = np.random.default_rng(1).standard_normal((4, 3)), labels((4,), 3)
    weights = np.array([1.0, 0, 2, 1])
    both = InfogainLoss(name="loss", bottoms=("x", "label", "h", "w"))
    found = Rig(LayerCase(both, [scores, label, np.array(matrix(3)), weights], None)).run()
    declared = InfogainLoss(name="loss", bottoms=("x", "label", "w"), H=matrix(3))
    expected = Rig(LayerCase(declared, [scores, label, weights], None)).run()
    np.testing.assert_array_equal(found["loss"], expected["loss"])
    np.testing.assert_array_equal(found["diff of bottom 0"], expected["diff of bottom 0"])


@pytest.mark.parametrize(("label", "message"), BAD_LABELS)
def test_bad_labels(label, message):
    """A label that is no class is an error that names it and its row."""
    rig = Rig(LayerCase(spec(4), [(3, 4), np.array(label)], None))
    with pytest.raises(DataError, match=message):
        rig.layer.forward()
