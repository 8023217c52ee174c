"""Samples blended with others of their epoch."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import graphnet as gn
from graphnet.data.mixing import CutMixMixer, MixupMixer, beta_quantiles
from graphnet.data.transformer import Samples
from graphnet.errors import DataError, ShapeError, SpecError

N_ROWS, N_CLASSES = 40, 4
BOTH = pytest.mark.parametrize("mixer", ["{type: Mixup, alpha: 0.5}", "CutMix"])


@pytest.fixture
def folder(tmp_path):
    """A file whose images say which row they are; their values are 0 to 39."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        rows = np.arange(N_ROWS)
        file["data"] = np.broadcast_to(rows[:, None, None, None], (N_ROWS, 2, 6, 5)).astype("f4")
        file["label"] = rows % N_CLASSES
        file["number"] = rows.astype("f4")
    return tmp_path


def net_text(folder, mixer, *, kind="HDF5Data", batch_size=8, phase="train", more=""):
    return f"""\
layers:
  - name: data
    type: {kind}
    phase: {phase}
    source: {folder / "a.h5"}
    batch_size: {batch_size}
    shuffle: true
    tops: [data, label, number]
    transformers: {{label: [{{type: OneHot, n_class: {N_CLASSES}}}]}}
    mix: {mixer}
{more}
"""


def batches(text, n, *, cursor=0, **options):
    """The tops of so many batches, joined."""
    net = gn.load_net(text, options.pop("phase", "train"), **options)
    try:
        (layer,) = net.data_layers
        layer.seek(cursor)
        found = []
        for _ in range(n):
            net.forward()
            found.append(
                {name: net.blobs[name].data.copy() for name in ("data", "label", "number")}
            )
        return {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    finally:
        net.close()


@BOTH
def test_all_tops_are_mixed_alike(folder, mixer):
    """The label, and every number, as the image is: by what it has of the other one."""
    plain = batches(net_text(folder, "null"), 5)
    mixed = batches(net_text(folder, mixer), 5)
    assert sorted(plain["number"].astype(int)) == list(range(N_ROWS))
    changed = mixed["number"] != plain["number"]
    assert changed.mean() > 0.5
    np.testing.assert_allclose(mixed["data"].mean((1, 2, 3)), mixed["number"], atol=1e-4)
    np.testing.assert_allclose(mixed["label"].sum(axis=1), 1, rtol=1e-5)
    own = plain["label"].argmax(axis=1)
    if mixer == "CutMix":
        for image, row in zip(mixed["data"], plain["number"], strict=True):
            values = set(image.ravel().tolist())
            assert len(values) <= 2
            assert len(values - {row}) <= 1
            assert np.array_equal(image[0], image[1])
    # what the label has of its own class is what the number has of its own row
    for i in np.flatnonzero(changed):
        part = mixed["label"][i, own[i]]
        others = np.arange(N_ROWS)
        blends = part * plain["number"][i] + (1 - part) * others
        assert np.abs(blends - mixed["number"][i]).min() < 1e-3 or part == 1


@BOTH
def test_batches_shards_threads_and_resuming_make_no_difference(folder, mixer):
    """It is a function of seed, epoch and row."""
    whole = batches(net_text(folder, mixer, batch_size=8), 10)
    parts = batches(net_text(folder, mixer, batch_size=4), 20)
    for name in whole:
        assert np.array_equal(whole[name], parts[name])
    later = batches(net_text(folder, mixer), 3, cursor=5 * 8)
    for name in whole:
        assert np.array_equal(whole[name][40:64], later[name])
    ahead = batches(net_text(folder, mixer, kind="AsyncHDF5Data"), 10)
    for name in whole:
        assert np.array_equal(whole[name], ahead[name])
    assert not np.array_equal(whole["data"][:40], whole["data"][40:])
    other = batches(net_text(folder, mixer), 10, seed=5)
    assert not np.array_equal(whole["data"], other["data"])


@BOTH
def test_a_source_that_is_streamed(folder, mixer):
    """The partner is of the same group of chunks."""
    with h5py.File(folder / "a.h5", "a") as file:
        for name in ("data", "label", "number"):
            values = file[name][()]
            del file[name]
            file.create_dataset(name, data=values, chunks=(4, *values.shape[1:]))
    text = net_text(folder, mixer).replace("mix:", "buffer_bytes: 6000\n    mix:")
    found = batches(text, 10)
    again = batches(text, 5, cursor=40)
    for name in found:
        assert np.array_equal(found[name][40:], again[name])
    np.testing.assert_allclose(found["data"].mean((1, 2, 3)), found["number"], atol=1e-4)
    assert (found["number"] % 1 != 0).any()


def test_only_in_phase_train(folder):
    """A test is of the samples as they are."""
    text = net_text(folder, "Mixup", phase="test")
    found = batches(text, 5, phase="test")
    assert sorted(found["number"]) == list(range(N_ROWS))


def test_arrays():
    """MemoryData, too; arrays of the user's are not written over."""
    x = np.arange(12, dtype=np.float32).reshape(6, 2)
    before = x.copy()
    net = gn.load_net(
        "layers:\n- {name: d, type: MemoryData, batch_size: 6, tops: [x], mix: {type: Mixup,"
        " alpha: 1}}\n",
        inputs={"x": x},
    )
    net.forward()
    mixed = net.blobs["x"].data
    assert np.array_equal(x, before)
    assert not np.array_equal(mixed, x)
    np.testing.assert_allclose(mixed[:, 1] - mixed[:, 0], 1, rtol=1e-6)


@pytest.mark.parametrize("probability", [0, 0.5, 1])
def test_probability(probability):
    """How many are mixed; the others are as they were."""
    n = 4000
    own, other = np.zeros((n, 1)), np.ones((n, 1))
    samples = Samples(np.arange(n), np.zeros(n, np.int64))
    MixupMixer(alpha=1, probability=probability).mix(3, [(own, other)], samples)
    assert (own > 0).mean() == pytest.approx(probability, abs=0.03)


@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.5, 1, 2, 5, 100])
def test_the_distribution(alpha):
    """The moments of Beta(alpha, alpha), and its quantiles at ends and middle."""
    probabilities, values = beta_quantiles(alpha)
    assert (probabilities[0], probabilities[-1], values[0], values[-1]) == (0, 0.5, 0, 0.5)
    assert (np.diff(probabilities) >= 0).all()
    u = (np.arange(200_000) + 0.5) / 200_000
    lower = np.interp(np.minimum(u, 1 - u), probabilities, values)
    drawn = np.where(u < 0.5, lower, 1 - lower)
    assert drawn.mean() == pytest.approx(0.5)
    assert drawn.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=1e-4)
    fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3))
    assert ((drawn - 0.5) ** 4).mean() == pytest.approx(fourth, rel=2e-4)


def test_rectangles():
    """Of the area that is drawn, in the mean, except for what lies outside of the image."""
    n = 500
    own, other = np.zeros((n, 1, 32, 24)), np.ones((n, 1, 32, 24))
    label, target = np.zeros((n, 1)), np.ones((n, 1))
    samples = Samples(np.arange(n), np.zeros(n, np.int64))
    CutMixMixer().mix(3, [(label, target), (own, other)], samples)
    np.testing.assert_allclose(own.mean((1, 2, 3)), label[:, 0], rtol=1e-12)
    assert 0.2 < label.mean() < 0.5
    for image in own[:, 0]:
        rows, columns = image.any(axis=1), image.any(axis=0)
        assert np.array_equal(image, np.outer(rows, columns))
        assert np.diff(np.flatnonzero(rows)).max(initial=1) == 1


def test_mistakes(folder):
    """Class numbers, tops that are no images, and what is out of range."""
    text = net_text(folder, "Mixup").replace("transformers:", "# ")
    with pytest.raises(DataError, match=r"blend 'label', which holds whole numbers.*\n.*OneHot"):
        gn.load_net(text)
    flat = (
        "layers:\n- {name: d, type: MemoryData, batch_size: 2, tops: [x], shapes: {x: %s},"
        " mix: CutMix}\n"
    )
    with pytest.raises(ShapeError, match=r"finds none\n  expected one \(C, H, W\)"):
        gn.load_net(flat % "[3]")
    both = flat.replace("[x]", "[x, y]").replace("%s", "[1, 4, 4], y: [1, 5, 4]")
    with pytest.raises(ShapeError, match=r"(4×4 and 5×4|5×4 and 4×4)"):
        gn.load_net(both)
    for mixer in ("{type: Mixup, alpha: 0}", "{type: CutMix, probability: 2}", "Blend"):
        with pytest.raises(SpecError, match="mix"):
            gn.load_net(net_text(folder, mixer))
