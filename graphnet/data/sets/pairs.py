"""Pairs of samples, half of them of one class: what siamese nets learn from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graphnet.data.order import permute


def pairs(
    samples: Mapping[str, np.ndarray], per_sample: int = 1, key: int = 0
) -> dict[str, np.ndarray]:
    """Pair every sample with others drawn at random.

    Every sample is the first of a pair ``per_sample`` times. Its partner is another sample, of
    its own class in every other pair, of another class in the rest. Only raw words of
    Philox4x64-10 are used, so that the pairs are the same for every version of NumPy.

    Args:
        samples: ``data`` ``(n, …)`` and ``label`` ``(n,)``; at least two classes, each with at
            least two samples.
        per_sample: How often each sample is the first of a pair.
        key: Of the random numbers.

    Returns:
        ``data_a`` and ``data_b``, ``(n · per_sample, …)``, and ``similar``, 1 where they are of
        one class, else 0.
    """
    label = samples["label"]
    n = len(label)
    by_class = np.argsort(label, kind="stable")
    sizes = np.bincount(label)
    begins = np.cumsum(sizes) - sizes
    place = np.empty(n, np.int64)  # of a sample in by_class
    place[by_class] = np.arange(n)

    first = np.empty(n * per_sample, np.int64)
    for i, part in enumerate(first.reshape(per_sample, n)):
        permute(part, key, i)
    words = np.random.Philox(key=key, counter=np.array([0, 0, 1, 0], np.uint64))
    draws = words.random_raw(len(first))
    similar = np.arange(len(first)) % 2 == 0

    own, begin = sizes[label[first]], begins[label[first]]
    others = np.where(similar, own - 1, n - own).astype(np.uint64)
    steps = 1 + (draws % others).astype(np.int64)  # a remainder's bias is below n / 2⁶⁴
    # go on from the sample within its class, or from the class's end in all others, in a circle
    within = begin + (place[first] - begin + steps) % own
    beyond = (begin + own + steps - 1) % n
    second = by_class[np.where(similar, within, beyond)]
    return {
        "data_a": samples["data"][first],
        "data_b": samples["data"][second],
        "similar": similar.astype(np.uint8),
    }
