"""Cases and the reference that the losses over class labels share."""

import numpy as np


def labels(shape, n_class, ignored=None):
    """Random classes as floats; some of them the ignored label, the first row never."""
    rng = np.random.default_rng(4)
    label = rng.integers(0, n_class, shape).astype(float)
    if ignored is not None:
        skip = rng.random(shape) < 0.3
        skip[0] = False
        label[skip] = ignored
    return label


LABEL_SHAPES = [
    ((4, 3), (4,)),
    ((4, 3), (4, 1)),
    ((2, 3, 2, 4), (2, 2, 4)),
    ((2, 3, 2, 4), (2, 1, 2, 4)),
    ((1, 1), (1,)),
    ((3, 4, 1, 1), (3, 1, 1)),
]

SAMPLE_WEIGHTS = np.random.default_rng(5).uniform(0.5, 2, (3, 2, 2)).tolist()

#: properties, shape of the scores, labels, whether the mean adds up over batches
VARIANTS = [
    ({"loss_weight": 0.3}, (5, 3), labels((5,), 3), True),
    ({"axis": 2}, (3, 2, 4), labels((3, 2), 4), True),
    ({"axis": -1}, (2, 2, 3, 4), labels((2, 2, 3, 1), 4), True),
    ({"weights": [1, 2, 5]}, (5, 3), labels((5,), 3), True),
    ({"weights": [1, 2, 5], "normalize": "global"}, (5, 3), labels((5,), 3), True),
    ({"weights": [1, 2, 5], "normalize": "no"}, (5, 3), labels((5,), 3), True),
    ({"weights": [1, 2, 5]}, (3, 3, 2, 2), labels((3, 2, 2), 3), True),
    ({"weights": [2, 1], "axis": -1}, (3, 3, 2), labels((3, 3), 2), True),
    ({"weights": SAMPLE_WEIGHTS}, (3, 3, 2, 2), labels((3, 2, 2), 3), True),
    ({"weights": SAMPLE_WEIGHTS, "normalize": "global"}, (3, 3, 2, 2), labels((3, 2, 2), 3), True),
    ({"weights": SAMPLE_WEIGHTS, "normalize": "no"}, (3, 3, 2, 2), labels((3, 2, 2), 3), True),
    ({"ignore_label": 255}, (5, 3), labels((5,), 3, 255), True),
    ({"ignore_label": -1, "weights": [1, 2, 3]}, (3, 3, 2, 2), labels((3, 2, 2), 3, -1), True),
    ({"ignore_label": 1}, (4, 3, 2, 2), labels((4, 2, 2), 3), True),
    ({"ignore_label": 9, "divisor": "full"}, (4, 3, 2, 2), labels((4, 2, 2), 3, 9), True),
    ({"ignore_label": 9, "divisor": "batch_size"}, (4, 3, 2, 2), labels((4, 2, 2), 3, 9), True),
    ({"divisor": "none", "loss_weight": 0.1}, (4, 3, 2, 2), labels((4, 2, 2), 3), False),
]

BAD_LABELS = [
    (
        [0.0, 4.0, 1.0],
        (
            r"^the label 4 in row 1 of the batch is no class"
            r"\n  expected a whole number from 0 to 3: classes count from 0$"
        ),
    ),
    ([0.0, 1.0, -1.0], r"label -1 in row 2 .*\n.* from 0 to 3: classes count from 0"),
    ([0.5, 1.0, 1.0], r"label 0.5 in row 0 .*\n.* from 0 to 3: classes count from 0"),
    ([0.0, np.nan, 1.0], r"label nan in row 1 .*\n.* from 0 to 3: classes count from 0"),
    ([0.0, 1.0, np.inf], r"label inf in row 2 .*\n.* from 0 to 3: classes count from 0"),
    ([16777215.0, 1.0, 1.0], r"label 16777215 in row 0 "),
]


def label_loss(spec, cost):
    """The reference, from the cost of each class at each position; position by position."""

    def reference(bottoms, _):
        scores, label = bottoms
        axis = spec.axis % scores.ndim
        costs = np.moveaxis(cost(scores, axis), axis, -1)
        label = label.reshape(costs.shape[:-1])
        n_class, sample_shape = costs.shape[-1], scores.shape[1:]
        weights = np.ones(sample_shape)
        if spec.weights is not None:
            given = np.array(spec.weights, float)
            if given.ndim == 1:
                given = given.reshape((1,) * (axis - 1) + (-1,) + (1,) * (scores.ndim - axis - 1))
            weights = weights * given
            if spec.normalize == "local":
                weights = weights * n_class / weights.sum(axis - 1, keepdims=True)
            elif spec.normalize == "global":
                weights = weights * weights.size / weights.sum()
        weights = np.moveaxis(weights, axis - 1, -1)
        total = counted = 0.0
        for place in np.ndindex(label.shape):
            if label[place] != spec.ignore_label:
                k = int(label[place])
                total += weights[(*place[1:], k)] * costs[(*place, k)]
                counted += 1
        divisor = {
            "valid": counted, "full": label.size, "batch_size": len(scores), "none": 1
        }[spec.divisor]  # fmt: skip
        return spec.loss_weight * total / max(divisor, 1)

    return reference
