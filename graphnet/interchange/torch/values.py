"""What a state_dict is made of, and how a pickle's words become it and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet.blob import Shape

#: The types of PyTorch's storages, and NumPy's names of them.
STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
MOST_AXES = 32
_MOST = 1 << 62  # of a size that a file can have


class RefusedError(Exception):
    """A pickle holds something that no tensor is made of; the text says what."""


@dataclass(frozen=True)
class StorageType:
    """The name of a kind of storage."""

    dtype: str


@dataclass(frozen=True)
class Storage:
    """A row of numbers that lies in the file.

    Attributes:
        key: Its name there.
        dtype: Of its numbers.
        n_all: How many numbers lie under the key.
        first: Where it begins among them.
        count: How many of them it has.
    """

    key: str
    dtype: str
    n_all: int
    first: int
    count: int

    @property
    def itemsize(self) -> int:
        """The bytes of a number."""
        return 2 if self.dtype == "bfloat16" else np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Tensor:
    """A tensor: a view of a storage.

    Attributes:
        storage: Its numbers.
        first: The place of its first element.
        shape: Its shape.
        strides: How many numbers lie between neighbours along each axis.
    """

    storage: Storage
    first: int
    shape: Shape
    strides: tuple[int, ...]


class OrderedDictType:
    """The name of Python's OrderedDict; what it makes here is a plain dict."""


@dataclass(frozen=True)
class Maker:
    """One of PyTorch's functions that make a tensor."""

    name: str
    make: Callable[[tuple[Any, ...]], Tensor]


def storage_of(said: Any) -> Storage:
    """The storage that a persistent id names: kind, type, key, place, length, part.

    Raises:
        RefusedError: If it is none.
    """
    if not isinstance(said, tuple) or len(said) not in (5, 6) or said[0] != "storage":
        raise RefusedError("a reference that is no storage's")
    kind, key, count = said[1], said[2], said[4]
    if not isinstance(kind, StorageType) or not isinstance(key, str) or not is_count(count):
        raise RefusedError("a storage whose type, name or length is none")
    part = said[5] if len(said) > 5 else None  # noqa: PLR2004
    if part is None:
        return Storage(key, kind.dtype, count, 0, count)
    if not isinstance(part, tuple) or len(part) != 3 or not all(map(is_count, part[1:])):  # noqa: PLR2004
        raise RefusedError("a part of a storage whose place or length is none")
    _, first, length = part
    if first + length > count:
        raise RefusedError(f"a part of storage '{key[:80]}' that ends beyond it")
    return Storage(key, kind.dtype, count, first, length)


def is_count(value: Any) -> bool:
    """Whether it is a whole number that a file can have as a length or a place."""
    return type(value) is int and 0 <= value < _MOST


def rebuilt(args: tuple[Any, ...]) -> Tensor:
    """Of ``_rebuild_tensor_v2(storage, first, shape, strides, …)``; the rest is about training.

    Raises:
        RefusedError: If that is no tensor, or ends beyond its storage.
    """
    if not 4 <= len(args) <= 7 or not isinstance(args[0], Storage):  # noqa: PLR2004
        raise RefusedError("a tensor without a storage")
    storage, first, shape, strides = args[:4]
    are_counts = all(
        isinstance(each, tuple) and len(each) <= MOST_AXES and all(map(is_count, each))
        for each in (shape, strides)
    )
    if not are_counts or not is_count(first) or len(shape) != len(strides):
        raise RefusedError("a tensor whose place, shape or strides are none")
    last = first + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if first > storage.count or (0 not in shape and last >= storage.count):
        raise RefusedError(
            f"a tensor that ends at number {last + 1:,} of storage '{storage.key[:80]}', which has"
            f" {storage.count:,}"
        )
    return Tensor(storage, first, shape, strides)


def _parameter(args: tuple[Any, ...]) -> Tensor:
    """Of ``_rebuild_parameter(tensor, requires_grad, hooks)``."""
    if not args or not isinstance(args[0], Tensor):
        raise RefusedError("a Parameter that is no tensor")
    return args[0]


#: The only names that a pickle may use, and what each stands for.
ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDictType(),
    ("torch._utils", "_rebuild_tensor_v2"): Maker("_rebuild_tensor_v2", rebuilt),
    ("torch._utils", "_rebuild_tensor"): Maker("_rebuild_tensor", rebuilt),
    ("torch._utils", "_rebuild_parameter"): Maker("_rebuild_parameter", _parameter),
    **{("torch", name): StorageType(dtype) for name, dtype in STORAGES.items()},
}


def call(function: Any, args: Any) -> Any:
    """What one of the allowed names makes.

    Raises:
        RefusedError: If it is none of them, or its arguments are not what it takes.
    """
    if not isinstance(args, tuple):
        raise RefusedError("a call without arguments")
    if isinstance(function, Maker):
        return function.make(args)
    if isinstance(function, OrderedDictType):
        pairs = args[0] if args else []
        if len(args) > 1 or not isinstance(pairs, list):
            raise RefusedError("an OrderedDict that is not made of pairs")
        made: dict[Any, Any] = {}
        for pair in pairs:
            if not isinstance(pair, tuple | list) or len(pair) != 2:  # noqa: PLR2004
                raise RefusedError("an OrderedDict that is not made of pairs")
            put(made, pair[0], pair[1])
        return made
    raise RefusedError("a call of something that is no function")


def put(target: Any, key: Any, value: Any) -> None:
    """Put a value into a dict.

    Other keys than texts and small numbers may have been chosen to make it slow.
    """
    if type(target) is not dict:
        raise RefusedError("values that are put into something that is no dict")
    if not (isinstance(key, str) or (type(key) is int and abs(key) < 1 << 31)):
        raise RefusedError("a dict with a key that is neither a text nor a number")
    target[key] = value
