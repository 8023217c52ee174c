"""BlobTable: what readers of a net see."""

from __future__ import annotations

import pytest
from support.nets import INPUT, net_of

from graphnet.errors import GraphnetError

TEXT = f"""
    - {INPUT}
    - {{name: a, type: InnerProduct, output_dim: 6, neuron: ReLU, bottoms: [x], tops: [a]}}
    - {{name: b, type: InnerProduct, output_dim: 3, bottoms: [a], tops: [b]}}
    - {{name: loss, type: SoftmaxLoss, bottoms: [b, label]}}
"""


RECTIFIED = """
    - {name: in, type: Input, batch_size: 4, shapes: {x: [1, 8, 8], label: []}, tops: [x, label]}
    - {name: c, type: Convolution, n_filter: 2, kernel: 3, neuron: ReLU, bottoms: [x], tops: [c]}
    - {name: p, type: Pooling, kernel: 2, stride: 2, bottoms: [c], tops: [p]}
    - {name: d, type: InnerProduct, output_dim: 3, bottoms: [p], tops: [d]}
    - {name: loss, type: SoftmaxLoss, bottoms: [d, label]}
"""


def test_it_holds_the_blobs_the_user_named():
    """Versions that in-place layers replaced are not among them."""
    net = net_of(TEXT)
    assert sorted(net.blobs) == ["a", "b", "label", "x"]
    assert len(net.blobs) == 4


def test_an_unknown_name_lists_what_there_is():
    """A KeyError, as of any mapping, with the names."""
    with pytest.raises(KeyError, match="there is no blob 'c'; there is: x, label, a, b"):
        net_of(TEXT).blobs["c"]


def test_a_blob_that_does_not_come_up_is_not_shown():
    """A ReLU that runs behind the pooling leaves no blob of its own."""
    net = net_of(RECTIFIED, keep="needed")
    assert "c" not in net.blobs
    with pytest.raises(GraphnetError, match=r'the blob \'c\' is not kept(.|\n)*keep=\["c"\]'):
        net.blobs["c"]
    assert net_of(RECTIFIED, keep=["c"]).blobs["c"].shape == (4, 2, 6, 6)


@pytest.mark.parametrize("keep", ["all", "needed", ["b"]])
def test_it_keeps_the_promises_of_a_mapping(keep):
    """What is in it can be read, by every way to ask; what is not, is not there in any."""
    net = net_of(TEXT, keep=keep)
    net.forward()
    blobs, names = net.blobs, ("x", "label", "a", "b", "wrong")
    assert list(blobs) == list(blobs.keys()) == [name for name in names if name in blobs]
    assert len(blobs) == len(blobs.items()) == len(list(blobs))
    assert ("a" in blobs) == (keep == "all")
    assert "b" in blobs or keep == "needed"
    table = dict(blobs.items())
    for name in names:
        assert blobs.get(name, 3) is table.get(name, 3)
        assert (name in blobs) == (name in table)
        if name in table:
            assert blobs[name] is table[name]
            assert table[name].data.shape == blobs[name].shape
        else:
            with pytest.raises(KeyError, match=f"the blob '{name}' is not kept|no blob 'wrong'"):
                blobs[name]
    assert table == blobs


def test_a_misspelt_blob_to_keep_is_guessed_though_it_would_not_come_up():
    """What can be kept is what the net declares, whatever runs in another order without it."""
    with pytest.raises(GraphnetError, match=r"there is no blob 'cc'(.|\n)*'c'"):
        net_of(RECTIFIED, keep=["cc"])


def test_a_blob_whose_memory_is_used_again_is_not_shown():
    """Better an error than another blob's values."""
    with pytest.raises(GraphnetError, match="the blob 'a' is not kept"):
        net_of(TEXT, keep="needed").blobs["a"]
