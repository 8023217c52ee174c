"""The table of named sets: what each is, under which licence, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from graphnet.blob import Shape
from graphnet.data.sets import embedded_sets
from graphnet.data.sets.adding import ROWS, STEPS, adding
from graphnet.data.sets.cifar import CIFAR10, BinaryArchive
from graphnet.data.sets.docs_text import docs_text
from graphnet.data.sets.pairs import pairs
from graphnet.data.sets.pasted import MOST, SCENE, STRIP, scenes, strips
from graphnet.data.sets.published import Published, SplitArrays, mnist_like


@dataclass(frozen=True)
class MadeFrom:
    """How a set is computed from another one: ``make`` makes a split of the other's."""

    name: str
    make: Callable[[SplitArrays], SplitArrays]


@dataclass(frozen=True)
class NamedSet:
    """A set known by name; ``published``, ``embedded`` or ``made_from`` says how to get it.

    Attributes:
        name: As in ``dataset:NAME/SPLIT``.
        title: One line.
        licence: Under which it may be used.
        home: Where it is published.
        shapes: Of a row, by data set.
        rows: How many each split has.
        published: Its files and mirrors.
        embedded: Gives the splits, if they come with the package.
        made_from: Another named set that this one is computed from, and how.
        has_mean: Whether there is ``dataset:NAME/mean``, the mean of the training rows' ``data``.
    """

    name: str
    title: str
    licence: str
    home: str
    shapes: Mapping[str, Shape]
    rows: Mapping[str, int]
    published: Published | BinaryArchive | None = None
    embedded: Callable[[], Mapping[str, SplitArrays]] | None = None
    made_from: MadeFrom | None = None
    has_mean: bool = False


_ALL = (
    NamedSet(
        name="mnist",
        title="MNIST: 70,000 hand-written digits",
        licence="CC BY-SA 3.0",
        home="http://yann.lecun.com/exdb/mnist/",
        shapes={"data": (1, 28, 28), "label": ()},
        rows={"train": 60_000, "test": 10_000},
        published=mnist_like(
            (
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ),
            "6bbc9ace898e44ae57da46a324031adb",
            "a25bea736e30d166cdddb491f175f624",
            "2646ac647ad5339dbf082846283269ea",
            "27ae3e4e09519cfbb04c329615203637",
        ),
    ),
    NamedSet(
        name="fashion-mnist",
        title="Fashion-MNIST: 70,000 pictures of clothes",
        licence="MIT, © 2017 Zalando SE",
        home="https://github.com/zalandoresearch/fashion-mnist",
        shapes={"data": (1, 28, 28), "label": ()},
        rows={"train": 60_000, "test": 10_000},
        published=mnist_like(
            (
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ),
            "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "9018921c3c673c538a1fc5bad174d6f9",
            "8181f5470baa50b63fa0f6fddb340f0a",
            "15d484375f8d13e6eb1aabb0c3f46965",
        ),
    ),
    NamedSet(
        name="cifar10",
        title="CIFAR-10: 60,000 colour photographs of ten kinds of things",
        licence="none stated; cite A. Krizhevsky, Learning Multiple Layers of Features, 2009",
        home="https://www.cs.toronto.edu/~kriz/cifar.html",
        shapes={"data": (3, 32, 32), "label": ()},
        rows={"train": 50_000, "test": 10_000},
        published=CIFAR10,
        has_mean=True,
    ),
    NamedSet(
        name="iris",
        title="Iris: four measurements of 150 flowers of three species",
        licence="CC BY 4.0",
        home="https://doi.org/10.24432/C56C76",
        shapes={"data": (4,), "label": ()},
        rows={"train": 120, "test": 30},
        embedded=embedded_sets.iris,
    ),
    NamedSet(
        name="digits",
        title="Digits: 1,797 hand-written digits of 8×8",
        licence="CC BY 4.0",
        home="https://doi.org/10.24432/C50P49",
        shapes={"data": (1, 8, 8), "label": ()},
        rows={"train": 1437, "test": 360},
        embedded=embedded_sets.digits,
    ),
    NamedSet(
        name="digits28",
        title="Digits: 1,797 hand-written digits, enlarged to 28×28",
        licence="CC BY 4.0",
        home="https://doi.org/10.24432/C50P49",
        shapes={"data": (1, 28, 28), "label": ()},
        rows={"train": 1437, "test": 360},
        embedded=embedded_sets.digits28,
    ),
    NamedSet(
        name="mnist-pairs",
        title="Pairs of MNIST's digits, every other one of the same digit",
        licence="CC BY-SA 3.0",
        home="http://yann.lecun.com/exdb/mnist/",
        shapes={"data_a": (1, 28, 28), "data_b": (1, 28, 28), "similar": ()},
        rows={"train": 60_000, "test": 10_000},
        made_from=MadeFrom("mnist", pairs),
    ),
    NamedSet(
        name="digits28-pairs",
        title="Pairs of the digits of 28×28, ten for each, every other one of the same digit",
        licence="CC BY 4.0",
        home="https://doi.org/10.24432/C50P49",
        shapes={"data_a": (1, 28, 28), "data_b": (1, 28, 28), "similar": ()},
        rows={"train": 14_370, "test": 3600},
        embedded=embedded_sets.digits28_pairs,
    ),
    NamedSet(
        name="mnist-strips",
        title="Strips of two to five of MNIST's digits, to be read",
        licence="CC BY-SA 3.0",
        home="http://yann.lecun.com/exdb/mnist/",
        shapes={"data": (1, *STRIP), "digits": (MOST,)},
        rows={"train": 15_000, "test": 2500},
        made_from=MadeFrom("mnist", partial(strips, per_strip=4)),
    ),
    NamedSet(
        name="digits28-strips",
        title="Strips of two to five of the digits of 28×28, to be read",
        licence="CC BY 4.0",
        home="https://doi.org/10.24432/C50P49",
        shapes={"data": (1, *STRIP), "digits": (MOST,)},
        rows={"train": 1437, "test": 360},
        embedded=embedded_sets.digits28_strips,
    ),
    NamedSet(
        name="mnist-scenes",
        title="MNIST's digits on pieces of others, and which pixel belongs to which digit",
        licence="CC BY-SA 3.0",
        home="http://yann.lecun.com/exdb/mnist/",
        shapes={"data": (1, *SCENE), "label": SCENE},
        rows={"train": 10_000, "test": 1666},
        made_from=MadeFrom("mnist", partial(scenes, per_scene=6)),
    ),
    NamedSet(
        name="digits28-scenes",
        title="Digits of 28×28 on pieces of others, and which pixel belongs to which digit",
        licence="CC BY 4.0",
        home="https://doi.org/10.24432/C50P49",
        shapes={"data": (1, *SCENE), "label": SCENE},
        rows={"train": 1437, "test": 360},
        embedded=embedded_sets.digits28_scenes,
    ),
    NamedSet(
        name="adding",
        title="The adding problem: two marked numbers of 100, and their sum",
        licence="MIT",
        home="made by graphnet, after Hochreiter & Schmidhuber 1997",
        shapes={"data": (STEPS, 2), "target": ()},
        rows=ROWS,
        embedded=adding,
    ),
    NamedSet(
        name="docs-text",
        title="graphnet's documentation as text: 32 streams of characters, 64 in a row",
        licence="MIT",
        home="graphnet's own README and docs",
        shapes={"text": (64,), "cont": (64,), "next": (64,)},
        rows={"train": 1280, "test": 128},
        embedded=docs_text,
    ),
)

#: Every named set, by its name.
SETS: Mapping[str, NamedSet] = MappingProxyType({found.name: found for found in _ALL})
