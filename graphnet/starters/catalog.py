"""The table of shipped nets: what each is, on which data, and how far it came.

The figures are those of docs/nets.md, which says how they were measured; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class ShippedNet:
    """A net that comes with graphnet.

    Attributes:
        name: Of its file in ``nets`` and of its solver's in ``solvers``.
        about: What it is, in a few words.
        data: What it is trained on, as docs/nets.md calls it.
        reached: What it reached there; nothing if it was not trained.
        also: Other files of the folder ``nets`` that go with it.
    """

    name: str
    about: str
    data: str
    reached: str
    also: tuple[str, ...] = ()


_DENOISING = "denoising-autoencoder"
_ALL = (
    ShippedNet("mnist", "LeNet, as in Mocha's tutorial", "MNIST", "99.05 %"),
    ShippedNet("lenet5", "LeCun's LeNet-5 of 1998", "MNIST", "99.13 %"),
    ShippedNet("lenet-adam", "a wider LeNet, trained by Adam", "MNIST", "99.31 %"),
    ShippedNet("mnist-dropout", "perceptron with dropout", "MNIST", "98.72 %"),
    ShippedNet("nielsen", "Nielsen's first net, 784-30-10", "MNIST", "93.56 %"),
    ShippedNet("netchain", "a small LeNet on a few digits", "MNIST", "96.85 %"),
    ShippedNet("fashion-cnn", "CNN with batch normalisation", "Fashion-MNIST", "92.42 %"),
    ShippedNet("resnet20-fashion", "a residual net of 20 layers", "Fashion-MNIST", "87.16 %"),
    ShippedNet("mobilenet-fashion", "depthwise convolutions", "Fashion-MNIST", "81.85 %"),
    ShippedNet("lenet5-fashion", "the textbook's LeNet-5", "Fashion-MNIST", "79.99 %"),
    ShippedNet("cifar10-quick", "Caffe's quick CNN", "CIFAR-10", ""),
    ShippedNet("cifar10-full", "Caffe's full CNN", "CIFAR-10", ""),
    ShippedNet("iris", "perceptron of three layers", "iris", "100 %"),
    ShippedNet("siamese", "tells whether digits are alike", "pairs of MNIST digits", "95.11 %"),
    ShippedNet("vae", "variational auto-encoder", "MNIST", "-102.4 nats"),
    ShippedNet(f"{_DENOISING}-1", "stacked auto-encoder, stage 1", "MNIST", "loss 18.46"),
    ShippedNet(f"{_DENOISING}-2", "its stage 2", "MNIST", "loss 4.84"),
    ShippedNet(f"{_DENOISING}-3", "its stage 3", "MNIST", "loss 5.57"),
    ShippedNet(_DENOISING, "a classifier on these three", "MNIST", "91.41 %"),
    ShippedNet(
        "char-rnn",
        "an LSTM that learns to write",
        "this project's documentation",
        "1.288 nats",
        also=("char_rnn_sample.py",),
    ),
    ShippedNet(
        "tiny-gpt",
        "a small transformer that writes",
        "this project's documentation",
        "1.367 nats",
        also=("tiny_gpt_sample.py",),
    ),
    ShippedNet("gru-adding", "a GRU that remembers", "the adding problem", "99.92 %"),
    ShippedNet("ctc-digits", "reads strips of digits", "strips of MNIST digits", "5.34 % wrong"),
    ShippedNet(
        "unet-digits",
        "a U-Net that marks digits",
        "scenes of MNIST digits",
        "IoU 0.820",
        also=("unet_digits_draw.py",),
    ),
    ShippedNet("mixer-mnist", "an MLP-Mixer of four blocks", "MNIST", "97.28 %"),
    ShippedNet("tiny-perceptron", "the smallest net that learns", "four rows", "loss 1.3e-4"),
    ShippedNet("tiny-two-layer", "one with a hidden layer", "four rows", "loss 5.7e-5"),
    ShippedNet("backprop-2-3-2", "backpropagation by hand, 2-3-2", "one pair", "loss 3.5e-14"),
)

#: Every shipped net, by its name.
SHIPPED: Mapping[str, ShippedNet] = MappingProxyType({net.name: net for net in _ALL})
