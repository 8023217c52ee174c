"""A stand-in for CuPy that runs on NumPy and is as strict as CuPy is.

It has the functions and keywords that CuPy 14.2 has (``cupy_table.json``), keeps device and
host arrays apart, gives 0-d arrays where NumPy gives numbers, counts what goes between host and
device, and finds copies that nobody waits for. ``FakeCupy()`` is passed where the module goes.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
from support.cupy_table import signature, table
from support.fake_cupy_array import DeviceArray, Ledger, host_only, unwrapped, wrapped
from support.fake_cupy_cuda import Kernel, Module, Pool, cuda_of
from support.fake_cupy_streams import Timeline

#: Functions whose result lies on the host.
ON_HOST = re.findall(
    r"\w+",
    "can_cast finfo iinfo isscalar issubdtype may_share_memory ndim promote_types result_type "
    "shape shares_memory size dtype",
)
#: Functions that take arrays of the host, and count as an upload where they get one.
UPLOADS = {"array", "asarray", "asanyarray", "ascontiguousarray"}
#: Names that are not functions and mean what they mean in NumPy.
NUMPY_NAMES = re.findall(
    r"\w+",
    "bool bool_ dtype e euler_gamma finfo float16 float32 float64 iinfo inf int8 int16 int32 "
    "int64 integer floating nan newaxis number pi uint8 uint16 uint32 uint64",
)


class FakeCupy:
    """An array module for :class:`graphnet.backend.cupy.backend.CupyBackend`.

    Attributes:
        ledger: What was counted since it was made, or reset.
        ndarray: The class of its arrays.
        timeline: Its streams and who waits for whom.
        launches: The names of the CUDA kernels that were launched, counted.
    """

    __version__ = table()["version"]
    ndarray = DeviceArray

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.timeline = Timeline(self.ledger)
        self.launches: dict[str, int] = {}
        self.cuda = cuda_of(self)
        self.cupyx = SimpleNamespace(empty_pinned=self.timeline.pinned.empty)
        self.fuse = self.ElementwiseKernel = self.ReductionKernel = _not_here
        for name in NUMPY_NAMES:
            setattr(self, name, getattr(np, name))

    def __getattr__(self, name: str) -> Any:
        """A function of CuPy, made when it is first asked for."""
        known = table()
        if name in known["ufuncs"]:
            found: Any = Ufunc(self, name)
        elif name in known["functions"]:
            found = Function(self, name)
        else:
            raise AttributeError(f"module 'cupy' has no attribute '{name}'")
        setattr(self, name, found)
        return found

    # --- what CuPy has beside functions ---------------------------------------------------

    def RawModule(self, *, code: str, options: tuple[str, ...] = (), **others: Any) -> Any:  # noqa: N802
        """Kernels of a source text, compiled for the processor."""
        from support.cuda_shim import RawModule

        return Module(self, RawModule(code=code, options=options, **others))

    def RawKernel(self, code: str, name: str, options: tuple[str, ...] = ()) -> Any:  # noqa: N802
        """One kernel of a source text, compiled for the processor."""
        from support.cuda_shim import RawKernel

        return Kernel(self, name, RawKernel(code, name, options))

    def get_array_module(self, *arrays: Any) -> Any:
        """This, where an array is a device's; else NumPy."""
        return self if any(isinstance(a, DeviceArray) for a in arrays) else np

    def get_default_memory_pool(self) -> Any:
        """A pool that counts nothing."""
        return Pool()

    def get_default_pinned_memory_pool(self) -> Any:
        """A pool that counts nothing."""
        return Pool()

    def wrap(self, result: Any) -> Any:
        """Host results of NumPy as arrays of this module."""
        return wrapped(self, result)

    def touch(self, *values: Any) -> None:
        """Tell the streams which arrays the current one reads or writes now."""
        self.timeline.work([v for v in values if isinstance(v, DeviceArray)])


class Ufunc:
    """A ufunc of CuPy: elements alone, ``out``, ``dtype`` and ``casting``."""

    def __init__(self, cp: FakeCupy, name: str) -> None:
        self.cp, self.__name__ = cp, name
        self.nin, self.nout = table()["ufuncs"][name]
        self.call = getattr(np, name)

    def __call__(self, *args: Any, out: Any = None, **keywords: Any) -> Any:
        """As CuPy's: inputs, then the place of the result by position or name."""
        wrong = keywords.keys() - set(table()["ufunc_keywords"])
        if wrong:
            raise TypeError(f"Wrong arguments { {k: keywords[k] for k in wrong} }")
        if not self.nin <= len(args) <= self.nin + self.nout:
            raise TypeError(f"Wrong number of arguments for 'cupy_{self.__name__}'")
        inputs, outs = args[: self.nin], args[self.nin :]
        if outs and out is not None:
            raise ValueError("cannot specify 'out' as both a positional and keyword argument")
        target = outs[0] if outs else out
        if target is not None:
            _see_target(target)
            keywords["out"] = target._a
            self.cp.ledger.hidden_copies += sum(
                isinstance(a, DeviceArray) and a is not target and _meet(a, target) for a in inputs
            )
        self.cp.touch(*inputs, target)
        with np.errstate(all="ignore"):
            result = self.call(*map(unwrapped, inputs), **keywords)
        return target if target is not None else self.cp.wrap(result)

    def at(self, *args: Any) -> None:
        """Refused: CuPy adds with atomics, in another order each time."""
        raise TypeError(f"cupy.{self.__name__}.at adds in no fixed order")


class Function:
    """A function of CuPy with CuPy's parameters."""

    def __init__(self, cp: FakeCupy, name: str) -> None:
        self.cp, self.__name__ = cp, name
        self.signature = signature(table()["functions"][name])
        self.call = getattr(np, name, None)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Bind as CuPy binds, and compute as NumPy computes."""
        given = self.signature.bind(*args, **keywords)
        special = getattr(self, f"_{self.__name__}", None)
        if special is not None:
            return special(*given.args, **given.kwargs)
        return self._compute(given.args, given.kwargs)

    def _compute(self, args: Any, keywords: Any) -> Any:
        if self.call is None:
            raise NotImplementedError(f"the stand-in for CuPy has no '{self.__name__}'")
        name, out = self.__name__, keywords.get("out")
        if name not in UPLOADS:
            args = tuple(map(unwrapped, self._touched(args)))
        else:
            self.cp.ledger.uploads += isinstance(args[0], np.ndarray)
            args = tuple(a._a if isinstance(a, DeviceArray) else a for a in args)
        if out is None and "out" in self.signature.parameters:
            given = self.signature.bind(*args, **keywords).arguments
            out = given.get("out")
        keywords = {k: unwrapped(v) for k, v in keywords.items() if k != "blocking"}
        with np.errstate(all="ignore"):
            result = self.call(*args, **keywords)
        if name in ON_HOST:
            return result
        if isinstance(out, DeviceArray):
            return out
        return self.cp.wrap(np.int64(result) if isinstance(result, int) else result)

    def _touched(self, args: Any) -> Any:
        self.cp.touch(*args)
        return args

    # --- those that are more than NumPy's ---------------------------------------------------

    def _asnumpy(self, a: Any, *_: Any, **__: Any) -> np.ndarray:
        return a.get() if isinstance(a, DeviceArray) else np.asarray(a)

    def _empty(self, *args: Any, **keywords: Any) -> Any:
        """Full of what nobody can compute with unnoticed."""
        made = np.empty(*args, **keywords)
        made.view(np.uint8).fill(0xFF) if made.ndim and made.flags.c_contiguous else None
        return self.cp.wrap(made)

    def _copyto(self, dst: Any, src: Any, casting: str = "same_kind", where: Any = None) -> None:
        _see_target(dst)
        self.cp.touch(dst, src, where)
        mask = True if where is None else unwrapped(where)
        np.copyto(dst._a, unwrapped(src), casting=casting, where=mask)  # type: ignore[arg-type]

    def _may_share_memory(self, a: Any, b: Any, max_work: Any = None) -> bool:
        return bool(np.may_share_memory(unwrapped(a), unwrapped(b)))

    def _dot(self, a: Any, b: Any, out: Any = None) -> Any:
        return self._product(np.dot, a, b, out, strict=True)

    def _matmul(self, *args: Any, out: Any = None, **keywords: Any) -> Any:
        if len(args) != 2:  # what CuPy says of a third
            raise TypeError("matmul got multiple values for argument 'out'")
        a, b = args
        if isinstance(out, tuple):
            (out,) = out
        return self._product(np.matmul, a, b, out, strict=False)

    def _product(self, call: Any, a: Any, b: Any, out: Any, *, strict: bool) -> Any:
        """A matrix product; operands that cuBLAS cannot read in place are copied first."""
        host_only(a, b)
        self.cp.touch(a, b, out)
        is_batch = max(a.ndim, b.ndim) > 2
        for operand in (a, b):
            flags = operand.flags
            fits = flags.c_contiguous or (flags.f_contiguous and not is_batch)
            self.cp.ledger.hidden_copies += not fits
        if out is None:
            return self.cp.wrap(call(a._a, b._a))
        _see_target(out)
        fits = out.flags.c_contiguous and out.dtype == np.result_type(a.dtype, b.dtype)
        if strict and not fits:
            raise ValueError("Output array must be C-contiguous and of the exact dtype")
        self.cp.ledger.hidden_copies += not fits
        out._a[...] = call(a._a, b._a)
        return out


def _see_target(out: Any) -> None:
    if not isinstance(out, DeviceArray):
        raise TypeError(f"Output arguments type must be cupy.ndarray, not {type(out)}")


def _meet(a: DeviceArray, b: DeviceArray) -> bool:
    return bool(np.may_share_memory(a._a, b._a))


def _not_here(*_: Any, **__: Any) -> Any:
    """Kernels that CuPy writes from fragments cannot be run without it."""
    raise NotImplementedError("the stand-in for CuPy runs RawKernel and RawModule alone")
