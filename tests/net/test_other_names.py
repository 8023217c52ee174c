"""Names of layers in other frameworks lead to graphnet's."""

import pytest
from support.nets import net_spec

from graphnet.errors import SpecError
from graphnet.layers import LAYER_TYPES
from graphnet.net.other_names import INSTEAD, OTHER_NAMES, hint_for

#: Every layer of Caffe, as it is written in a prototxt …
CAFFE = """
    AbsVal Accuracy ArgMax BNLL BatchNorm BatchReindex Bias Clip Concat ContrastiveLoss
    Convolution Crop Data Deconvolution Dropout DummyData ELU Eltwise Embed EuclideanLoss Exp
    Filter Flatten HDF5Data HDF5Output HingeLoss Im2col ImageData InfogainLoss InnerProduct Input
    LRN LSTM LSTMUnit Log MVN MemoryData MultinomialLogisticLoss PReLU Parameter Pooling Power
    Python RNN ReLU Reduction Reshape SPP Scale Sigmoid SigmoidCrossEntropyLoss Silence Slice
    Softmax SoftmaxWithLoss Split Swish TanH Threshold Tile WindowData
"""
#: … in the two older forms of that format …
OLDER_CAFFE = """
    ABSVAL ACCURACY ARGMAX BNLL CONCAT CONTRASTIVE_LOSS CONVOLUTION DATA DECONVOLUTION DROPOUT
    DUMMY_DATA ELTWISE EUCLIDEAN_LOSS EXP FLATTEN HDF5_DATA HDF5_OUTPUT HINGE_LOSS IM2COL
    IMAGE_DATA INFOGAIN_LOSS INNER_PRODUCT LRN MEMORY_DATA MULTINOMIAL_LOGISTIC_LOSS MVN POOLING
    POWER RELU SIGMOID SIGMOID_CROSS_ENTROPY_LOSS SILENCE SLICE SOFTMAX SOFTMAX_LOSS SPLIT TANH
    THRESHOLD WINDOW_DATA
    accuracy bnll concat conv data dropout euclidean_loss flatten hdf5_data hdf5_output im2col
    images infogain_loss innerproduct lrn multinomial_logistic_loss padding pool relu sigmoid
    softmax softmax_loss split tanh window_data
"""
#: … and every layer of Mocha.
MOCHA = """
    AccuracyLayer ArgmaxLayer AsyncHDF5DataLayer BinaryAccuracyLayer BinaryCrossEntropyLossLayer
    ChannelPoolingLayer ConcatLayer ConvolutionLayer CropLayer DropoutLayer ElementWiseLayer
    GaussianKLLossLayer HDF5DataLayer HDF5OutputLayer HingeLossLayer IdentityLayer
    Index2OnehotLayer InnerProductLayer LRNLayer MemoryDataLayer MemoryOutputLayer
    MultinomialLogisticLossLayer PoolingLayer PowerLayer RandomMaskLayer RandomNormalLayer
    ReshapeLayer SoftlabelSoftmaxLossLayer SoftmaxLayer SoftmaxLossLayer SplitLayer
    SquareLossLayer TiedInnerProductLayer WassersteinLossLayer
"""


def refusal(kind):
    with pytest.raises(SpecError, match="unknown layer type") as caught:
        net_spec(f"- {{name: a, type: {kind}}}")
    return str(caught.value)


@pytest.mark.parametrize("other", OTHER_NAMES)
def test_names_of_other_frameworks_lead_to_ours(other):
    """Whoever comes from elsewhere is told our name, and it exists."""
    assert OTHER_NAMES[other] in LAYER_TYPES
    assert other not in LAYER_TYPES
    assert refusal(other) == (
        f"net.yaml:1:19: layer 'a': unknown layer type '{other}'\n"
        f"  did you mean '{OTHER_NAMES[other]}'?"
    )


@pytest.mark.parametrize("other", INSTEAD)
def test_layers_without_a_twin_come_with_advice(other):
    """Where there is no such layer, the message says what to do."""
    assert other not in LAYER_TYPES
    assert refusal(other).endswith(f"unknown layer type '{other}'\n  {INSTEAD[other]}")


@pytest.mark.parametrize("name", f"{CAFFE} {OLDER_CAFFE} {MOCHA}".split())
def test_every_layer_of_caffe_and_mocha_is_known(name):
    """It is a type here, or its name leads to one or to advice; never to a mere resemblance."""
    if name in LAYER_TYPES:
        return
    hint = hint_for(name, LAYER_TYPES)
    plain = name.replace("_", "").lower().removesuffix("layer")
    advised = {other.lower(): f"\n  {text}" for other, text in INSTEAD.items()}
    meant = {other.lower(): ours for other, ours in OTHER_NAMES.items()}
    meant |= {ours.lower(): ours for ours in LAYER_TYPES}
    assert hint == advised.get(plain) or hint == f"\n  did you mean '{meant[plain]}'?"


def test_every_type_of_mocha_is_a_type_here():
    """Its 34 layers, without the ``Layer`` at the end."""
    names = {name.removesuffix("Layer") for name in MOCHA.split()}
    assert len(names) == 34
    assert names <= LAYER_TYPES.keys()


def test_only_known_types_are_suggested():
    """With another table of types, no name of this one is offered."""
    assert hint_for("Dense", ["Gate"]) == ""
    assert hint_for("GATE_LAYER", ["Gate"]) == "\n  did you mean 'Gate'?"
