"""Every shipped net learns: a short run of each with its solver and seed reaches a stated mark.

The data are the sets that come with the package, and for two sets without a fall-back made-up
pictures: ten patterns, a class each, in noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import h5py
import numpy as np
import pytest
from support.shipped_nets import NETS, samples_of, shrunk, solver_of

import graphnet as gn
from graphnet.data.sets.docs_text import split_text
from graphnet.net.load_net import load_net
from graphnet.net.net import Net
from graphnet.solver.lr_policy import CosineRate, WarmupRate
from graphnet.solver.reporter import SilentReporter


@pytest.fixture(scope="module", autouse=True)
def _made_up_pictures(tmp_path_factory):
    """A data folder with small CIFAR-10 and Fashion-MNIST look-alikes, and nothing else."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for name, (channels, side) in {"cifar10": (3, 32), "fashion-mnist": (1, 28)}.items():
        (folder / name).mkdir()
        patterns = 200 * rng.integers(0, 2, (10, channels, 4, 4))
        patterns = patterns.repeat(side // 4, 2).repeat(side // 4, 3)
        for split, n in (("train", 400), ("test", 100)):
            label = np.arange(n) % 10
            noise = rng.integers(0, 50, (n, channels, side, side))
            with h5py.File(folder / name / f"{split}.h5", "w") as file:
                file["data"] = (patterns[label] + noise).astype(np.uint8)
                file["label"] = label.astype(np.uint8)
        with h5py.File(folder / name / "mean.h5", "w") as file:
            file["mean"] = np.full((channels, side, side), 120, np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHNET_DATA", str(folder))
        yield


class Losses(gn.CoffeeBreak):
    """Keeps the objective of every update."""

    def __init__(self):
        self.values = []

    def enjoy(self, net, state, lounge):
        """Keep one."""
        if state.iter:
            self.values.append(state.obj_val)


def trained(name: str, most: int, max_iter: int, **changes: object) -> tuple[Net, list[float]]:
    """The net after so many updates on batches of ``most`` samples at most, and its losses."""
    net, losses = load_net(shrunk(name, most)), Losses()
    solver = solver_of(name, max_iter=max_iter, **changes)
    solver.add_coffee_break(losses, every_n_iter=1)
    gn.solve(solver, net, reporter=SilentReporter())
    return net, losses.values


def evaluated(net: Net) -> dict[str, float]:
    """What the test phase measures over its whole set."""
    sibling = net.sibling("test")
    assert sibling is not None
    statistics = sibling.evaluate().statistics
    sibling.close()
    return statistics


class Short(NamedTuple):
    """How long a run of a classifier is, and what it must reach on data it has not seen."""

    most: int
    max_iter: int
    accuracy: float
    changes: Mapping[str, object] = MappingProxyType({})


def risen_and_fallen(n: int) -> WarmupRate:
    """The policy of the nets with it, over so many updates: at their end the rate is 0."""
    return WarmupRate(length=n // 10, policy=CosineRate(base_lr=0.1, max_iter=n))


#: A tenth of the classes right by chance, half of the pairs, a third of the irises.
CLASSIFIERS = {
    "cifar10-full": Short(20, 60, 0.7),
    "cifar10-quick": Short(20, 40, 0.9),
    "fashion-cnn": Short(16, 30, 0.9),
    "iris": Short(16, 800, 0.9),
    "lenet-adam": Short(32, 60, 0.88),
    "mixer-mnist": Short(32, 100, 0.7),
    "lenet5": Short(32, 120, 0.9),
    "lenet5-fashion": Short(64, 800, 0.9),
    "mobilenet-fashion": Short(16, 100, 0.9, {"lr_policy": risen_and_fallen(100)}),
    "mnist": Short(32, 60, 0.88),
    "mnist-dropout": Short(50, 150, 0.7),
    "netchain": Short(50, 100, 0.88),
    "nielsen": Short(10, 1500, 0.88),
    "resnet20-fashion": Short(16, 100, 0.9, {"lr_policy": risen_and_fallen(100)}),
    "siamese": Short(32, 100, 0.75),
}
#: Those that learn something else, each with a test of its own below.
OTHERS = {
    "backprop-2-3-2",
    "char-rnn",
    "ctc-digits",
    *(f"denoising-autoencoder{stage}" for stage in ("-1", "-2", "-3", "")),
    "gru-adding",
    "tiny-gpt",
    "tiny-perceptron",
    "tiny-two-layer",
    "unet-digits",
    "vae",
}


def test_no_net_is_left_out():
    """Whoever adds a net to the folder says here what it must learn."""
    assert CLASSIFIERS.keys() | OTHERS == set(NETS)
    assert not CLASSIFIERS.keys() & OTHERS


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_tells_what_it_has_not_seen(name):
    """The loss falls to less than half, and the held-out accuracy is far above chance."""
    run = CLASSIFIERS[name]
    net, losses = trained(name, run.most, run.max_iter, **run.changes)
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    assert evaluated(net)["accuracy"] > run.accuracy
    net.close()


@pytest.mark.parametrize("name", ["tiny-perceptron", "tiny-two-layer"])
def test_the_tiny_nets_give_the_four_answers(name):
    """After the whole run, 0, 0, 1 and 1 for their four rows, to within 2 per cent."""
    net, losses = trained(name, 4, 10_000)
    net.forward()
    np.testing.assert_allclose(net.blobs["output"].data.ravel(), [0, 0, 1, 1], atol=0.02)
    assert losses[-1] < 1e-3 < losses[0]
    net.close()


def test_backprop_reaches_its_target():
    """The one pair of outputs, 0.1 and 0.9, to six digits."""
    net, losses = trained("backprop-2-3-2", 1, 1000)
    net.forward()
    np.testing.assert_allclose(net.blobs["output"].data, [[0.1, 0.9]], atol=1e-6)
    assert losses[0] > 1e-2
    net.close()


def test_char_rnn_knows_more_than_how_often_each_character_comes():
    """On held-out text its loss is below the entropy of the characters taken one by one."""
    net, _ = trained("char-rnn", 16, 60)
    characters = samples_of(shrunk("char-rnn"), "test-data")["next"].astype(int)
    share = np.bincount(characters.ravel()) / characters.size
    entropy = -(share[share > 0] * np.log(share[share > 0])).sum()
    statistics = evaluated(net)
    assert statistics["loss"] < entropy - 0.1
    assert statistics["accuracy"] > 1.2 * share.max()
    net.close()


def test_the_transformer_learns_from_what_came_before():
    """On held-out text, too, its loss is below the entropy of the characters taken one by one."""
    net, losses = trained("tiny-gpt", 8, 40, clip_gradients=1)
    characters = np.frombuffer(split_text("test").encode(), np.uint8)
    share = np.bincount(characters) / characters.size
    entropy = -(share[share > 0] * np.log(share[share > 0])).sum()
    statistics = evaluated(net)
    assert statistics["loss"] < entropy - 0.1
    assert statistics["accuracy"] > 1.1 * share.max()
    assert np.mean(losses[-5:]) < 0.75 * losses[0]
    net.close()


def test_the_gru_remembers_for_fifty_steps():
    """Its error is a tenth of that of a net which has forgotten, and says the mean each time."""
    net, losses = trained("gru-adding", 50, 700, clip_gradients=1)
    target = samples_of(shrunk("gru-adding"), "test-data")["target"]
    statistics = evaluated(net)
    assert statistics["loss"] < 0.1 * target.var() / 2
    assert statistics["accuracy"] > 0.4
    assert np.mean(losses[-5:]) < 0.1 * np.mean(losses[100:105])
    net.close()


def test_the_reader_of_strips_reads_digits():
    """Two of three of its digits are right; one that reads nothing has an error rate of 1."""
    net, losses = trained("ctc-digits", 32, 400, clip_gradients=5)
    statistics = evaluated(net)
    assert statistics["error"] < 0.33
    assert statistics["error.sequences"] < 0.8
    assert np.mean(losses[-5:]) < 0.3 * np.mean(losses[:5])
    net.close()


def test_segmentation_tells_digits_from_the_ground():
    """More pixels are right than if all were said to be ground, of which there is most."""
    net, losses = trained("unet-digits", 16, 100)
    label = samples_of(shrunk("unet-digits"), "test-data")["label"]
    statistics = evaluated(net)
    assert statistics["accuracy"] > (label == 10).mean() + 0.01
    assert statistics["iou"] > 1.5 / 11
    assert np.mean(losses[-5:]) < 0.3 * np.mean(losses[:5])
    net.close()


def test_the_auto_encoder_does_better_than_the_mean_picture():
    """Its bound on held-out digits is below what saying the mean picture each time would cost."""
    net, losses = trained("vae", 50, 600)
    data = samples_of(shrunk("vae"), "test-data")["data"] / 256
    mean = np.clip(data.mean(0), 1e-6, 1 - 1e-6)
    cost = -(data * np.log(mean) + (1 - data) * np.log(1 - mean)).sum((1, 2, 3)).mean()
    statistics = evaluated(net)
    assert statistics["bce-loss"] + statistics["kl-loss"] < cost
    assert statistics["kl-loss"] > 1  # the code says something about the picture
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    net.close()


def test_the_denoising_stages_build_on_each_other(tmp_path):
    """Each starts from the run before it, leaves what that has learned alone, and learns.

    The classifier at their end takes thousands of updates to become one, as any stack of
    sigmoids does; here it has to start from the three stages and get better.
    """
    before, learned = None, {}
    for stage in ("-1", "-2", "-3"):
        name, here = f"denoising-autoencoder{stage}", tmp_path / stage
        net, losses = trained(name, 20, 100, exp_dir=str(here), load_from=before)
        assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
        for key, weight in learned.items():
            np.testing.assert_array_equal(net.params[key]["weight"].data, weight)
        learned[f"ip{stage}"] = net.params[f"ip{stage}"]["weight"].data.copy()
        before = str(here)
        net.close()
    net, losses = trained("denoising-autoencoder", 20, 100, load_from=before)
    moved = {key: abs(net.params[key]["weight"].data - w).max() for key, w in learned.items()}
    assert all(0 < distance < 0.5 for distance in moved.values())
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:5])
    net.close()
