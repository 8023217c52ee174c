"""The array of the stand-in for CuPy: a NumPy array that no host array mixes with.

What leaves the device is counted: ``float()``, ``int()``, ``bool()``, ``item``, ``tolist`` and
``get``. What CuPy refuses raises the same kind of error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from support.cupy_table import signature, table

IMPLICIT = (
    "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a "
    "NumPy array explicitly."
)


@dataclass
class Ledger:
    """What was counted.

    Attributes:
        downloads: From the device to the host, of any size; the host waits for each.
        uploads: From the host to the device.
        syncs: The main thread waited for the device without fetching anything.
        hidden_copies: Operands that CuPy copies before it can use them.
    """

    downloads: int = 0
    uploads: int = 0
    syncs: int = 0
    hidden_copies: int = 0

    def reset(self) -> None:
        """Count from zero."""
        self.downloads = self.uploads = self.syncs = self.hidden_copies = 0


def host_only(*values: Any) -> None:
    """See that nothing is an array of the host.

    Raises:
        TypeError: As CuPy's.
    """
    for value in values:
        if isinstance(value, np.ndarray):
            raise TypeError(f"Unsupported type {type(value)}")


def unwrapped(value: Any) -> Any:
    """What NumPy computes with in place of an argument.

    Raises:
        TypeError: If it is an array of the host.
    """
    if isinstance(value, DeviceArray):
        return value._a
    host_only(value)
    if isinstance(value, tuple | list):
        return type(value)(map(unwrapped, value))
    return value


def wrapped(cp: Any, result: Any) -> Any:
    """What CuPy gives in place of NumPy's result: arrays, also where NumPy gives numbers."""
    if isinstance(result, np.ndarray | np.generic):
        return DeviceArray(cp, np.asarray(result))
    if isinstance(result, tuple | list):
        return type(result)(wrapped(cp, r) for r in result)
    return result


class DeviceArray:
    """``cupy.ndarray``; ``_a`` is the memory, which tests look at and code must not."""

    __slots__ = ("_a", "_cp")
    __array_ufunc__ = None  # NumPy's operators leave the work to ours, which refuse it
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, cp: Any, array: np.ndarray) -> None:
        self._cp, self._a = cp, array

    def __getattr__(self, name: str) -> Any:
        known = table()
        if name in known["methods"]:
            return _Method(self, name)
        if name in known["attributes"]:
            found = getattr(self._a, name)
            return wrapped(self._cp, found) if isinstance(found, np.ndarray) else found
        raise AttributeError(f"'cupy.ndarray' object has no attribute '{name}'")

    # --- keeping host and device apart --------------------------------------------------

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError(IMPLICIT)

    def __array_function__(self, function: Any, *_: Any) -> Any:
        raise TypeError(f"numpy.{function.__name__} was called with an array of the device")

    def _fetched(self) -> np.ndarray:
        """The contents on the host, once all streams have done their work."""
        self._cp.ledger.downloads += 1
        self._cp.timeline.work([self])
        self._cp.timeline.synchronize(counted=False)
        return self._a.copy()

    def get(
        self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True
    ) -> np.ndarray:
        """A copy on the host."""
        found = np.array(self._fetched(), order=order)  # type: ignore[call-overload]
        if out is None:
            return found
        if out.dtype != self.dtype or out.shape != self.shape:
            raise ValueError("out is of another shape or dtype")
        out[...] = found
        return out

    def set(self, arr: np.ndarray, stream: Any = None) -> None:
        """Take the contents of a host array of the same shape and dtype."""
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
        if arr.shape != self.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        if not (self._a.flags.c_contiguous or self._a.flags.f_contiguous):
            raise RuntimeError("Cannot set to non-contiguous array")
        self._cp.ledger.uploads += 1
        self._cp.timeline.copy_in(self, arr, stream)
        self._a[...] = arr

    def item(self) -> Any:
        """The one element, on the host."""
        return self._fetched().item()

    def tolist(self) -> Any:
        """Nested lists, on the host."""
        return self._fetched().tolist()

    def __float__(self) -> float:
        return float(self._fetched())

    def __int__(self) -> int:
        return int(self._fetched())

    def __bool__(self) -> bool:
        return bool(self._fetched())

    def __index__(self) -> int:
        return int(self._fetched())

    def __repr__(self) -> str:
        return f"device {self._a!r}"

    def __format__(self, spec: str) -> str:
        return format(self._fetched()[()], spec)

    # --- parts --------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._a)

    def __iter__(self) -> Iterator[DeviceArray]:
        if not self._a.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self._a)))

    def __getitem__(self, index: Any) -> DeviceArray:
        places = _index(index)
        if any(isinstance(i, np.ndarray) and i.dtype == bool for i in _each(places)):
            self._cp.ledger.downloads += 1  # how many there are decides the shape
        found = self._a[places]
        if not isinstance(found, np.ndarray):  # an element, which is a view here
            found = self._a[(*_each(places), ...)]
        return DeviceArray(self._cp, found)

    def __setitem__(self, index: Any, value: Any) -> None:
        places = _index(index)
        for i in _each(places):
            is_whole = isinstance(i, np.ndarray) and i.ndim and i.dtype != bool
            if is_whole and len(np.unique(i)) < i.size:
                raise ValueError("an index comes twice: what CuPy assigns there is undefined")
        self._cp.touch(self, value)
        self._a[places] = unwrapped(value)

    @property
    def flags(self) -> Any:
        """The three flags CuPy has."""
        flags = self._a.flags
        return SimpleNamespace(
            c_contiguous=flags.c_contiguous, f_contiguous=flags.f_contiguous, owndata=flags.owndata
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of axes; setting it never copies."""
        return self._a.shape

    @shape.setter
    def shape(self, shape: tuple[int, ...]) -> None:
        view = self._a.reshape(shape)
        if self._a.size and not np.may_share_memory(view, self._a):
            raise AttributeError("Incompatible shape")
        self._a = view

    @property
    def data(self) -> Any:
        """A pointer."""
        return SimpleNamespace(ptr=self._a.ctypes.data, mem=self._a.base)

    @property
    def device(self) -> Any:
        """The one there is."""
        return self._cp.cuda.Device()

    @property
    def base(self) -> Any:
        """What it is a view of."""
        return None if self._a.base is None else DeviceArray(self._cp, self._a.base)


class _Method:
    """A method of an array with CuPy's parameters."""

    def __init__(self, of: DeviceArray, name: str) -> None:
        self.of, self.name = of, name

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        of, name = self.of, self.name
        given = signature(table()["methods"][name]).bind(of, *args, **keywords).arguments
        out, cp = given.get("out"), of._cp
        if name == "dot":
            return cp.dot(of, *args, **keywords)
        cp.touch(of, *args, out)
        if name == "reshape" and of._a.size and not _is_view(of._a, args, keywords):
            cp.ledger.hidden_copies += 1
        plain = [unwrapped(a) for a in args]
        named = {k: unwrapped(v) for k, v in keywords.items() if v is not None}
        wide = given.get("dtype") is not None and isinstance(out, DeviceArray)
        if wide:  # CuPy rounds to the result's precision once, NumPy after every buffer
            plain, named = [p for p in plain if p is not out._a], named | {"out": None}
        with np.errstate(all="ignore"):
            result = getattr(of._a, name)(*plain, **named)
        if wide:
            out._a[...] = result
        if isinstance(out, DeviceArray):
            return out
        return wrapped(cp, result)


def _is_view(array: np.ndarray, args: Any, keywords: Any) -> bool:
    return np.may_share_memory(array, array.reshape(*args, **keywords))


def _each(places: Any) -> tuple[Any, ...]:
    return places if isinstance(places, tuple) else (places,)


def _index(index: Any) -> Any:
    """What NumPy indexes with.

    Raises:
        TypeError: If a part of it is an array or a list of the host.
    """
    for part in _each(index):
        if isinstance(part, np.ndarray | list):
            raise TypeError(f"an index of the host, {type(part)}, would be copied to the device")
    if isinstance(index, tuple):
        return tuple(i._a if isinstance(i, DeviceArray) else i for i in index)
    return index._a if isinstance(index, DeviceArray) else index


def _operator(name: str, ufunc: str, *, is_reflected: bool, is_in_place: bool) -> Any:
    def operate(self: DeviceArray, other: Any) -> Any:
        host_only(other)
        call = getattr(self._cp, ufunc)
        operands = (other, self) if is_reflected else (self, other)
        return call(*operands, out=self) if is_in_place else call(*operands)

    operate.__name__ = name
    return operate


_BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide",
    "floordiv": "floor_divide", "mod": "remainder", "pow": "power", "matmul": "matmul",
    "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "left_shift",
    "rshift": "right_shift",
}  # fmt: skip
for _name, _ufunc in _BINARY.items():
    for _prefix in ("", "r", "i"):
        _full = f"__{_prefix}{_name}__"
        _made = _operator(_full, _ufunc, is_reflected=_prefix == "r", is_in_place=_prefix == "i")
        setattr(DeviceArray, _full, _made)
for _name, _ufunc in {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal",
    "ne": "not_equal",
}.items():  # fmt: skip
    _made = _operator(f"__{_name}__", _ufunc, is_reflected=False, is_in_place=False)
    setattr(DeviceArray, f"__{_name}__", _made)
for _name, _ufunc in {
    "neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"
}.items():  # fmt: skip
    setattr(DeviceArray, f"__{_name}__", lambda self, u=_ufunc: getattr(self._cp, u)(self))
