"""Every type of layer against a real Caffe: values, losses and gradients.

What differs is listed with the reason; what graphnet has no equal of is refused.
"""

import pytest
from support.caffe_golden import Case, cases, check_param, close, index, needs_golden, number

from graphnet.errors import GraphnetError
from graphnet.interchange.caffe.table import LAYER_TYPES

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

#: Cases whose numbers differ from Caffe's, and why.
EXPLAINED = {
    "accuracy_all_ignored": "the mean of nothing is NaN here, 0 in Caffe",
    "accuracy_ties": "a tie counts for the smaller class here, against the label in Caffe",
    "batchnorm_train_alone": "one number for each channel is refused here",
    "eltwise_max_ties": "of equal maxima the first takes the gradient here",
    "graph_batch_size": "a net has one batch size here",
    "graph_image_size": "a net has one size of images here",
    "graph_in_place": "Caffe's ReLU reads what later layers have written over its bottom",
    "graph_in_place_bnll": "Caffe's gradient is wrong in place",
    "graph_in_place_clip": "Caffe's gradient is wrong in place",
    "graph_in_place_log": "Caffe's gradient is wrong in place",
    "graph_in_place_power": "Caffe's gradient is wrong in place",
    "graph_lr_mult_0": "a param with rate 0 beside others has a gradient here",
    "lstm_fraction": "a sequence starts or goes on here, and nothing between",
    "rnn_fraction": "a sequence starts or goes on here, and nothing between",
    "log_zero": "the test's own loss on an infinite top is NaN",
    "mvn_eps": "Caffe's gradient leaves eps out",
    "sigmoidcrossentropyloss_ignore_zero": "targets are not cut to whole numbers here",
    "softmaxwithloss_large": "probabilities have no smallest one here",
}

#: Types that are refused in every case, and cases of other types that are.
REFUSED = {
    "types": {"BatchReindex", "Filter", "Im2col", "LSTMUnit", "Parameter"},
    "batch axis": {
        "concat_batch", "crop_all", "flatten_batch", "innerproduct_axis0", "reduction_asum",
        "reduction_asum_zero", "reduction_mean", "reduction_sum", "reduction_sumsq",
        "reshape_flat", "scale_axis0", "slice_batch", "softmax_batch", "tile_batch",
    },
    "other than two axes of an image": {
        "convolution_0d", "convolution_1d", "convolution_3d", "convolution_axis2",
        "deconvolution_1d",
    },
    "second tops and bottoms": {
        "accuracy_classes", "bias_two_bottoms", "infogainloss_prob", "pooling_max_mask",
        "pooling_max_mask_pad", "scale_two_bottoms", "scale_two_bottoms_bias",
    },
    "ArgMax with top_k or values": {
        "argmax_axis_top2", "argmax_axis_value", "argmax_ties", "argmax_top3",
        "argmax_top3_value", "argmax_value",
    },
    "windows outside": {
        "pooling_ave_outside", "pooling_ave_outside_edge", "pooling_max_outside",
        "pooling_max_outside_edge",
    },
    "weights of what is no loss": {
        "embed_flat", "embed_no_bias", "embed_plain", "graph_loss_any_top", "graph_loss_middle",
        "graph_loss_weights",
    },
    "inputs and states of recurrent layers": {
        "lstm_hidden", "lstm_static", "lstm_static_hidden", "rnn_hidden", "rnn_static",
        "rnn_static_hidden",
    },
    "the graph": {"graph_propagate_down", "graph_shared_permissive", "graph_shared_weight"},
}  # fmt: skip


def is_refused(name):
    """Whether the case is among those that are."""
    types = set(index()["layers"][name]["types"])
    return bool(types & REFUSED["types"]) or any(
        name in names for why, names in REFUSED.items() if why != "types"
    )


def check_step(case, net, step):
    """All that Caffe's step has, of what is there here."""
    changed = {top for entry, _ in case.made.entries for top in entry.message["top"]
               if top in entry.message["bottom"]}  # fmt: skip
    for key, wanted in case.found.items():
        if not key.startswith(step):
            continue
        kind, _, rest = key.removeprefix(step).partition("/")
        if kind == "blob" and rest in net.blobs:
            close(net.blobs[rest].data, wanted, key)
        elif kind == "blob":
            found = number(case.made, net, rest)
            if found is not None:
                close(found, wanted, key)
        elif kind == "diff" and rest in net.blobs and rest not in changed:
            if net.blobs[rest].diff is not None:
                close(net.blobs[rest].diff, wanted, key)
        elif kind == "param_diff" and case.wants_gradients:
            check_param(case.made, net, rest, wanted)


@needs_golden
@pytest.mark.parametrize("name", cases("layers"))
def test_layer(name):
    """Imported, fed and driven as in Caffe."""
    if is_refused(name):
        with pytest.raises(GraphnetError, match="layer ") as error:
            Case(name)
        assert all(problem.position for problem in error.value.problems)
        return
    case = Case(name)
    try:
        net = case.load()
        n_steps = case.entry["steps"]
        for step in [f"{k + 1}/" for k in range(n_steps)] if n_steps > 1 else [""]:
            case.feed(net, step)
            net.forward()
            if case.wants_gradients:
                net.backward()
            check_step(case, net, step)
    except (AssertionError, GraphnetError):
        if name not in EXPLAINED:
            raise
    else:
        assert name not in EXPLAINED, "it is equal now: strike it from the list"


@needs_golden
def test_every_type_is_among_the_cases():
    """But for those that read files or draw numbers."""
    seen = {kind for case in index()["layers"].values() for kind in case["types"]}
    assert LAYER_TYPES.keys() - seen - {"Input"} == {
        "Data", "HDF5Data", "HDF5Output", "ImageData", "MemoryData", "Python", "WindowData",
    }  # fmt: skip
