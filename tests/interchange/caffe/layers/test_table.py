"""Every type of layer against a real Caffe: values, losses and gradients.

What differs is listed with the reason; what graphnet has no equal of is refused. How many cases of
each type are equal stands in docs/caffe.md.
"""

from collections import Counter
from pathlib import Path

import pytest
from support.caffe_golden import Case, cases, check_param, close, index, needs_golden, number
from support.caffe_nets import refused

from graphnet.errors import GraphnetError
from graphnet.interchange.caffe.layers.table import LAYER_TYPES

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

PAGE = Path(__file__).parents[4] / "docs" / "caffe.md"
#: How far a number may be from Caffe's, as a part of the largest number of its array.
TOLERANCE = 1e-5

#: Cases whose numbers differ from Caffe's by more, and why.
EXPLAINED = {
    "accuracy_classes": "the accuracy of each class is their recall in graphnet test",
    "accuracy_all_ignored": "the mean of nothing is NaN here, 0 in Caffe",
    "accuracy_ties": "a tie counts for the smaller class here, against the label in Caffe",
    "argmax_ties": "of equal ones the first comes first here, the last in Caffe",
    "batchnorm_train_alone": "one number for each channel is refused here",
    "contrastiveloss_margin": "Caffe adds 1e-4 to the distance that its gradient is divided by",
    "eltwise_max_ties": "of equal maxima the first takes the gradient here",
    "graph_batch_size": "a net has one batch size here",
    "graph_image_size": "a net has one size of images here",
    "graph_in_place": "Caffe's ReLU reads what later layers have written over its bottom",
    "graph_in_place_batchnorm": "a bias before a BatchNorm has the gradient 0, except for rounding",
    "graph_in_place_bnll": "Caffe's gradient is wrong in place",
    "graph_in_place_clip": "Caffe's gradient is wrong in place",
    "graph_in_place_log": "Caffe's gradient is wrong in place",
    "graph_in_place_power": "Caffe's gradient is wrong in place",
    "graph_lr_mult_0": "a param with rate 0 beside others has a gradient here",
    "lstm_fraction": "Caffe's gradient is wrong where a part of the state goes on",
    "log_zero": "of a negative number, which has no logarithm, there is no gradient here",
    "pooling_ave_outside_edge": "the mean of a window of nothing is 0 here, NaN in Caffe",
    "mvn_eps": "Caffe's gradient leaves eps out",
    "sigmoidcrossentropyloss_ignore_zero": "targets are not cut to whole numbers here",
    "softmaxwithloss_large": "probabilities have no smallest one here",
}

#: Types that are refused in every case, and cases of other types that are.
REFUSED = {
    "types": {"Filter"},
    "params shared in another shape": {"graph_shared_permissive"},
}


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
            close(net.blobs[rest].data, wanted, key, TOLERANCE)
        elif kind == "blob":
            found = number(case.made, net, rest)
            if found is not None:
                close(found, wanted, key, TOLERANCE)
        elif kind == "diff" and rest in net.blobs and rest not in changed:
            if net.blobs[rest].diff is not None:
                close(net.blobs[rest].diff, wanted, key, TOLERANCE)
        elif kind == "param_diff" and case.wants_gradients:
            check_param(case.made, net, rest, wanted, TOLERANCE)


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


def counts():
    """The table of the page: cases of each type that are equal, differ, and are refused."""
    types = {kind.lower(): kind for kind in LAYER_TYPES}
    found = Counter()
    for name in cases("layers"):
        kind = types.get(name.partition("_")[0], "nets of several layers")
        found[kind, "refused" if is_refused(name) else name in EXPLAINED] += 1
    kinds = sorted({kind for kind, _ in found}, key=lambda kind: (" " in kind, kind))
    lines = ["| cases | equal | explained | unsupported |", "|---|---|---|---|"]
    for name, keys in [*((kind, [kind]) for kind in kinds), ("all", kinds)]:
        columns = (sum(found[kind, how] for kind in keys) for how in (False, True, "refused"))
        lines.append(f"| {name} | {' | '.join(str(n or '') for n in columns)} |")
    return "\n".join(lines)


@needs_golden
def test_the_counts_of_the_page():
    """They are those of the cases above."""
    assert counts() in PAGE.read_text(), f"docs/caffe.md should have\n{counts()}"


#: Types of forks of Caffe, whose reference values Caffe itself cannot give.
FORKS = frozenset(
    (
        *("ConvolutionDepthwise", "DepthwiseConvolution", "Interp", "Normalize", "Permute"),
        *("ShuffleChannel", "Upsample"),
    )
)


@needs_golden
def test_every_type_is_among_the_cases():
    """But for those that read files or draw numbers."""
    seen = {kind for case in index()["layers"].values() for kind in case["types"]}
    assert LAYER_TYPES.keys() - seen - {"Input"} - FORKS == {
        "Data", "HDF5Data", "HDF5Output", "ImageData", "MemoryData", "Python", "WindowData",
    }  # fmt: skip


def test_filter():
    """How many rows it gives only its data tell; a loss takes them as weights."""
    refused(
        'type: "Filter" bottom: "x" bottom: "label" top: "y"',
        "depends on their values, and graphnet's blobs have a fixed size\n  where only a loss",
    )
