"""Transformers that change values: Scale and SubMean."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from graphnet.blob import Shape, shape_text
from graphnet.data.hdf5.reader import read_array
from graphnet.data.sets import store
from graphnet.data.transformer import Apply, Samples, Transformer
from graphnet.declare.fields import PositiveInt
from graphnet.errors import DataError, ShapeError
from graphnet.files.paths import user_path


class ScaleTransformer(Transformer):
    """Multiply by ``scale`` (default 1). Mocha ``DataTransformers.Scale``."""

    type: Literal["Scale"] = "Scale"
    scale: float = 1.0

    def undone(self, values: np.ndarray) -> np.ndarray | None:
        """Divided by ``scale``."""
        if not self.scale:
            return None
        found: np.ndarray = values / values.dtype.type(self.scale)
        return found

    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """Multiplies in place."""
        factor = dtype.type(self.scale)

        def apply(x: np.ndarray, out: np.ndarray, _samples: Samples) -> None:
            np.multiply(x, factor, out=out)

        return apply


class SubMeanTransformer(Transformer):
    """Subtract a mean: one number, one for each channel, or one for each value of a sample.

    Args:
        mean: A number, or nested lists of the shape of a sample, or of ``[C]`` for ``(C, …)``.
        mean_file: An HDF5 file with a data set ``mean`` of such a shape, or ``(1, …)``; or
            ``dataset:NAME/mean``, the mean of a named set.

    Source:
        Mocha ``DataTransformers.SubMean``; the list of channels is Caffe's ``mean_value``.
    """

    type: Literal["SubMean"] = "SubMean"
    mean: float | tuple[Any, ...] | None = None
    mean_file: str | None = None

    @model_validator(mode="after")
    def _check(self) -> SubMeanTransformer:
        if (self.mean is None) == (self.mean_file is None):
            raise ValueError("SubMean needs either 'mean' or 'mean_file'")
        if self.mean is not None:
            self._inline()
        if name := self._named():
            try:
                store.mean_shape(name)
            except DataError as error:
                raise ValueError(str(error)) from None
        return self

    def _named(self) -> str:
        """``NAME/mean``, if it is the mean of a named set; else blank."""
        prefix = store.PREFIX
        is_named = self.mean_file is not None and self.mean_file.startswith(prefix)
        return self.mean_file.removeprefix(prefix) if self.mean_file and is_named else ""

    def relative_to(self, folder: Path) -> Self:
        """``mean_file`` taken from ``folder``."""
        if self.mean_file is None or self._named():
            return self
        path = folder.absolute() / user_path(self.mean_file)
        return self.model_copy(update={"mean_file": str(path)})

    def out_shape(self, shape: Shape) -> Shape:
        """The same; checks that a mean in the YAML or of a named set fits."""
        if self.mean is not None:
            _fitted(self._inline(), shape, "the mean")
        if name := self._named():
            _fitted(np.empty(store.mean_shape(name)), shape, str(self.mean_file))
        return shape

    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """Subtracts in place."""
        if self.mean_file is not None:
            path = self._path(self.mean_file)
            mean = _fitted(read_array(path, "mean"), shape, f"{path}: the mean")
        else:
            mean = _fitted(self._inline(), shape, "the mean")
        values = mean.astype(dtype)

        def apply(x: np.ndarray, out: np.ndarray, _samples: Samples) -> None:
            np.subtract(x, values, out=out)

        return apply

    def undone(self, values: np.ndarray) -> np.ndarray | None:
        """With the mean added, where that stands in the YAML."""
        if self.mean is None:
            return None
        mean = _fitted(self._inline(), values.shape[1:], "the mean")
        found: np.ndarray = values + mean.astype(values.dtype)
        return found

    def _path(self, mean_file: str) -> Path:
        name = self._named()
        return store.resolve_mean(name) if name else Path(mean_file)

    def fitted(self) -> np.ndarray | None:
        """The mean in the file."""
        if self.mean_file is None:
            return None
        return read_array(self._path(self.mean_file), "mean")

    def with_fitted(self, values: np.ndarray) -> Self:
        """It subtracts these values."""
        kept = values if values.ndim else values[()]
        return self.model_copy(update={"mean": kept, "mean_file": None})

    def _inline(self) -> np.ndarray:
        try:
            values = np.asarray(self.mean)
        except ValueError:  # lists of unequal length
            values = np.empty(0, object)
        if values.dtype.kind not in "iuf":
            raise ValueError("'mean' must be a number, or lists of numbers of equal length")
        if not np.isfinite(values).all():
            raise ValueError("'mean' must be finite")
        return values


class OneHotTransformer(Transformer):
    """A class becomes ``n_class`` numbers: 1 at its own, 0 elsewhere.

    Args:
        n_class: How many classes there are, from 0 on.

    Source:
        As the layer Index2Onehot; before ``mix``, and for SoftlabelSoftmaxLoss.
    """

    in_place: ClassVar[bool] = False

    type: Literal["OneHot"] = "OneHot"
    n_class: PositiveInt

    def out_shape(self, shape: Shape) -> Shape:
        """A number for each class."""
        if shape not in ((), (1,)):
            raise ShapeError(
                f"OneHot takes one class a sample, but a sample is {shape_text(shape)}"
                "\n  the layer Index2Onehot takes several"
            )
        return (self.n_class,)

    def bind(self, shape: Shape, batch_size: int, dtype: np.dtype, key: int) -> Apply:
        """Compares with the number of each class."""
        classes = np.arange(self.n_class, dtype=dtype)

        def apply(x: np.ndarray, out: np.ndarray, samples: Samples) -> None:
            labels = x.reshape(-1, 1)
            out[...] = labels == classes
            missing = out.sum(axis=1) != 1
            if missing.any():
                n = int(missing.argmax())
                raise DataError(
                    f"row {samples.rows[n]}: {labels[n, 0]:g} is no class"
                    f"\n  expected a whole number from 0 to {self.n_class - 1}, or a larger n_class"
                )

        return apply


def _fitted(mean: np.ndarray, shape: Shape, subject: str) -> np.ndarray:
    """The mean in a shape that broadcasts to a sample."""
    if mean.shape in (shape, ()):
        return mean
    if mean.shape == (1, *shape):
        return np.asarray(mean[0])
    if len(shape) > 1 and mean.shape == shape[:1]:
        return mean.reshape(-1, *(1,) * (len(shape) - 1))
    channels = f", or one number for each of the {shape[0]} channels" if len(shape) > 1 else ""
    raise ShapeError(
        f"{subject} to subtract is {shape_text(mean.shape)}, but a sample is {shape_text(shape)}\n"
        f"  expected that shape, or one number{channels}"
    )
