"""Several data layers in one net: their rows stay together, or it is said that they do not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from support.data_layers import write_h5
from support.lines import Lines
from support.nets import net_spec

import graphnet as gn
from graphnet.errors import GraphnetWarning, SpecError
from graphnet.net.load_net import load_net

PAIR = """
    - {name: a, type: MemoryData, batch_size: 4, shuffle: true, KEY_A shapes: {x: [1]}, tops: [x]}
    - {name: b, type: MemoryData, batch_size: 4, shuffle: true, KEY_B shapes: {y: [1]}, tops: [y]}
    - {name: loss, type: SquareLoss, bottoms: [x, y]}
"""


def pair(key_a="", key_b="", n=(10, 10), text=PAIR, **options):
    rows = [np.arange(float(k))[:, np.newaxis] for k in n]
    spec = net_spec(text.replace("KEY_A", key_a).replace("KEY_B", key_b))
    return load_net(spec, inputs={"x": rows[0], "y": rows[1]}, **options)


def in_step(net, n_steps=6):
    """Whether both layers deliver the same rows, and which."""
    rows = []
    for _ in range(n_steps):
        net.forward()
        x, y = (net.blobs[name].data[:, 0] for name in "xy")
        rows.append(x.copy())
        if not np.array_equal(x, y):
            return False, rows
    return True, rows


def test_two_layers_that_shuffle_meet_at_random():
    """It is said where they meet, and how to keep them together."""
    match = (
        r"the rows of data layers 'a' and 'b' meet in layer 'loss' at random: each shuffles by"
        r" itself\n  give both the same order_key"
    )
    with pytest.warns(GraphnetWarning, match=match):
        net = pair()
    assert not in_step(net)[0]
    text = PAIR.replace("batch_size: 4, shuffle: true, KEY_B", "batch_size: 4, KEY_B")
    with pytest.warns(GraphnetWarning, match="'a' shuffles and the other does not"):
        pair(text=text)


def test_one_order_key_keeps_them_together():
    """In every epoch, each in an order of its own; the key decides which."""
    together, rows = in_step(pair("order_key: k,", "order_key: k,"))
    assert together
    assert not np.array_equal(rows[0], rows[2])
    other = in_step(pair("order_key: other,", "order_key: other,"))[1]
    assert not np.array_equal(rows[0], other[0])
    alone = pair("order_key: a,", "order_key: a,")  # what layer a does by itself
    with pytest.warns(GraphnetWarning):
        by_name = pair()
    np.testing.assert_array_equal(in_step(alone)[1][0], in_step(by_name)[1][0])


def test_different_order_keys_say_that_it_is_meant():
    """No warning, and random pairs."""
    assert not in_step(pair("order_key: one,", "order_key: two,"))[0]


def test_they_stay_together_wherever_the_run_goes_on():
    """The order is a function of the key and the epoch, so nothing has to be kept for it."""
    net = pair("order_key: k,", "order_key: k,")
    rows = in_step(net)[1]
    again = pair("order_key: k,", "order_key: k,")
    again.load_state_dict({"cursors": {"a": 12, "b": 12}})
    together, later = in_step(again, 3)
    assert together
    np.testing.assert_array_equal(later, rows[3:])


def test_shards_are_in_step():
    """Each shard reads its rows of the common order."""
    text = (
        PAIR
        + """
    - {name: p, type: Bias, bottoms: [x], tops: [z]}
    - {name: more, type: SquareLoss, bottoms: [z, y]}
"""
    )
    losses = []
    for shards in (1, 2):
        net = pair("order_key: k,", "order_key: k,", text=text)
        state = gn.solve(gn.Solver(gn.SolverSpec(max_iter=3, shards=shards)), net, reporter=Lines())
        losses.append(state.losses["loss"])
    assert losses == [0.0, 0.0]


@pytest.mark.parametrize(
    ("change", "n", "match"),
    [
        (("", ""), (10, 9), "there are 10 rows there and 9 here"),
        (("shuffle: true, KEY_B", "KEY_B"), (10, 10), "its shuffle is True there and False here"),
    ],
)
def test_what_cannot_be_kept_in_step_is_refused(change, n, match):
    """Naming both, at the second."""
    text = PAIR.replace(*change)
    with pytest.raises(SpecError, match=rf"net.yaml:3:3: layer 'b' .*in step with 'a', .*{match}"):
        pair("order_key: k,", "order_key: k,", n, text)


def test_batches_of_different_sizes_cannot_be_in_step():
    """Where their rows meet one by one, that fails anyway; elsewhere it is told here."""
    text = """
        - {name: a, type: MemoryData, batch_size: 4, order_key: k, shapes: {x: [1]}, tops: [x]}
        - {name: b, type: MemoryData, batch_size: 2, order_key: k, shapes: {y: [1]}, tops: [y]}
    """
    with pytest.raises(SpecError, match="its batch_size is 4 there and 2 here"):
        pair(text=text)


def files(tmp_path, buffer_b):
    write_h5(tmp_path / "a.h5", {"chunks": (8, 4)}, x=np.tile(np.arange(4000.0), (4, 1)).T)
    write_h5(tmp_path / "b.h5", {"chunks": (8, 1)}, y=np.arange(4000.0)[:, np.newaxis])
    shared = {"type": "HDF5Data", "batch_size": 4, "shuffle": True, "order_key": "k"}
    return load_net([
        {"name": "a", **shared, "source": str(tmp_path / "a.h5"), "tops": ["x"],
         "buffer_bytes": 40_000},
        {"name": "b", **shared, "source": str(tmp_path / "b.h5"), "tops": ["y"],
         "buffer_bytes": buffer_b},
        {"name": "cut", "type": "Slice", "slice_points": [1], "bottoms": ["x"],
         "tops": ["first", "rest"]},
        {"name": "loss", "type": "SquareLoss", "bottoms": ["first", "y"]},
    ])  # fmt: skip


def test_streams_in_different_groups_are_refused(tmp_path):
    """One file that fits into memory and one that does not are shuffled in different ways."""
    with pytest.raises(SpecError, match="they are read in groups of different sizes\n  give both"):
        files(tmp_path, 1 << 28)


def test_layers_of_random_transformers_draw_the_same():
    """A picture and its mask are mirrored together, as tops of one layer are."""
    images = np.random.default_rng(0).standard_normal((12, 1, 4, 4)).astype(np.float32)
    text = """
        - {name: a, type: MemoryData, batch_size: 4, shuffle: true, order_key: k, tops: [x],
           shapes: {x: [1, 4, 4]}, transformers: {x: [RandomMirror]}}
        - {name: b, type: MemoryData, batch_size: 4, shuffle: true, order_key: k, tops: [y],
           shapes: {y: [1, 4, 4]}, transformers: {y: [RandomMirror]}}
    """
    net = load_net(net_spec(text), inputs={"x": images, "y": images})
    for _ in range(6):
        net.forward()
        np.testing.assert_array_equal(net.blobs["x"].data, net.blobs["y"].data)


def test_layers_that_do_not_shuffle_drift_apart():
    """If they are not equally long: after the first epoch their rows are no pairs."""
    text = PAIR.replace("shuffle: true, ", "")
    with pytest.warns(GraphnetWarning, match="out of step after the first epoch: they have 10"):
        pair(n=(10, 9), text=text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pair(text=text)
        pair("order_key: one,", "order_key: two,", (10, 9), text)


def test_layers_whose_rows_never_meet_are_no_pair():
    """Two nets in one."""
    text = """
        - {name: a, type: MemoryData, batch_size: 4, shuffle: true, shapes: {x: [1]}, tops: [x]}
        - {name: b, type: MemoryData, batch_size: 4, shuffle: true, shapes: {y: [1]}, tops: [y]}
        - {name: one, type: Tanh, bottoms: [x], tops: [s]}
        - {name: two, type: Tanh, bottoms: [y], tops: [t]}
    """
    assert pair(text=text).name == "net"


# --- training and validation -------------------------------------------------------------

BOTH = """
    - {name: data, type: MemoryData, batch_size: 2, PHASE shapes: {x: [2], label: []},
       tops: [x, label]}
    - {name: ip, type: InnerProduct, output_dim: 2, bottoms: [x], tops: [y]}
    - {name: loss, type: SoftmaxLoss, bottoms: [y, label]}
"""
ARRAYS = {"x": np.ones((8, 2)), "label": np.zeros(8)}


def two_phases():
    return BOTH.replace("PHASE", "phase: train,") + BOTH.splitlines()[1].replace(
        "PHASE", "phase: test,"
    ).replace("name: data", "name: held-out") + BOTH.splitlines()[2] + "\n"  # fmt: skip


@pytest.mark.parametrize("text", [BOTH.replace("PHASE", ""), two_phases()])
def test_validation_on_the_training_rows_is_said(text):
    """Whoever makes the test net; the cure is in the message, and works."""
    spec = net_spec(text)
    net = load_net(spec, inputs=ARRAYS)
    match = r"the rows given for 'x' of layer '(data|held-out)'.*validation is on the training rows"
    with pytest.warns(GraphnetWarning, match=match):
        net.sibling("test")
    with pytest.warns(GraphnetWarning, match=match):
        load_net(spec, "test", share=net, inputs={k: v[2:6] for k, v in ARRAYS.items()})
    solver = gn.Solver(gn.SolverSpec(max_iter=1))
    solver.add_coffee_break(gn.ValidationPerformance(), every_n_iter=1)
    with pytest.warns(GraphnetWarning, match=match):
        gn.solve(solver, net, reporter=Lines())
    with pytest.warns(GraphnetWarning, match=match):
        gn.solve(
            gn.Solver(
                gn.SolverSpec(
                    max_iter=1,
                    shards=2,
                    coffee_breaks=[{"type": "ValidationPerformance", "every_n_iter": 1}],
                )
            ),
            load_net(spec, inputs=ARRAYS),
            reporter=Lines(),
        )


def test_arrays_of_its_own_are_right():
    """Also where they are parts of one array, whichever way it was cut."""
    spec = net_spec(BOTH.replace("PHASE", ""))
    for train, test in ((slice(0, 5), slice(5, 8)), (slice(0, None, 2), slice(1, None, 2))):
        net = load_net(spec, inputs={k: v[train] for k, v in ARRAYS.items()})
        held_out = {k: v[test] for k, v in ARRAYS.items()}
        assert load_net(spec, "test", share=net, inputs=held_out).evaluate().samples in (3, 4)
