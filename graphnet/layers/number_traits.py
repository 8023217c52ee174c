"""What a spec says of the numbers that come in and go out: what a net is held against.

Nothing is computed by it. A layer of one's own that says it is warned of as graphnet's are.
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

#: How scores are made probabilities: of classes, which sum to 1, or each by itself.
Normaliser: TypeAlias = Literal["", "Softmax", "Sigmoid"]


class NumberTraits:
    """The traits that say what numbers are; by default nothing is known of them."""

    #: What the tops hold: ``scores`` of any size, numbers that are ``rectified`` (none below 0), or
    #: the probabilities that a normaliser gives.
    makes: ClassVar[Literal["", "scores", "rectified", "Softmax", "Sigmoid"]] = ""
    #: What a loss applies to bottom 0 by itself, which should be scores therefore.
    normalises: ClassVar[Normaliser] = ""
    #: What has been applied to bottom 0, which should be probabilities therefore.
    takes_normalised: ClassVar[Normaliser] = ""
    #: Bottom 0 holds pictures, channels first: ``(N, C, H, W)``.
    takes_images: ClassVar[bool] = False

    @property
    def mixes_samples(self) -> bool:
        """Whether what it makes of a sample depends on the others of its batch, in every phase.

        Such a net is not cut into shards, and predicts all rows as one batch.
        """
        return False
