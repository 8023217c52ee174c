"""Two blobs compared element by element: what losses and statistics of a pair share.

Nothing is broadcast. A sample of both has as many elements, in the same order, but the shapes
may differ otherwise: a reconstruction ``(N, 784)`` can be compared with images ``(N, 1, 28, 28)``.
"""

from __future__ import annotations

from graphnet.backend.base import ScratchDecl
from graphnet.blob import Shape, feature_size, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Shapes

SMALLEST = 1e-20  # of what a logarithm is taken of or is divided by (Caffe's bound)


def check_pair(bottoms: Shapes) -> None:
    """See that both have as many elements in each sample.

    Raises:
        ShapeError: Otherwise, naming both shapes.
    """
    a, b = bottoms
    if a[0] != b[0] or feature_size(a) != feature_size(b):
        raise ShapeError(
            f"bottoms of shapes {shape_text(a)} and {shape_text(b)} cannot be compared"
            "\n  expected as many elements in each sample: nothing is broadcast"
            + (
                "\n  for scores and the numbers of classes there is SoftmaxLoss; Index2Onehot makes"
                " such numbers comparable"
                if a[0] == b[0] and 1 in (feature_size(a), feature_size(b))
                else ""
            )
        )


def row_shape(bottoms: Shapes) -> Shape:
    """``(N, D)``, the shape both have as :func:`graphnet.blob.rows`."""
    return (bottoms[0][0], feature_size(bottoms[0]))


def kept(bottoms: Shapes, *, backward: bool) -> ScratchDecl:
    """Scratch of that shape, needed until backward where there is one."""
    return ScratchDecl(row_shape(bottoms), lifetime="pass" if backward else "call", blob=True)
