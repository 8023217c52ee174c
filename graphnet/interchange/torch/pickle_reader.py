"""A reader of pickles that can make nothing but tensors, and the dicts and lists that hold them.

It is a machine of its own, which knows the operations that a state_dict needs. No class is looked
up, nothing is imported or called: a name is one of the few in ``values.ALLOWED``, or the file is
refused. Lengths are those of bytes that are there; the number of operations is bounded, and with it
time and memory.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from graphnet.interchange.torch.values import ALLOWED, RefusedError, call, put, storage_of

#: More operations than this no state_dict needs: one of 10,000 tensors has half a million.
MOST_OPERATIONS = 1_000_000
_LONGEST_TEXT = 1 << 16
_LONGEST_NAME = 1 << 10
_NAMES = {ord(op.code): op.name for op in pickletools.opcodes}


class BrokenPickleError(Exception):
    """The bytes are no whole pickle; the text says why."""


class PickleReader:
    """Reads one pickle after another.

    Attributes:
        at: The byte behind the last one that was read.

    Args:
        data: The bytes.
        at: Where the first pickle begins.
        persistent: What a persistent id stands for. Default: a storage that it describes.
        names: The only names it may use, and what each stands for.
    """

    def __init__(
        self,
        data: memoryview,
        at: int = 0,
        *,
        persistent: Callable[[Any], Any] = storage_of,
        names: Mapping[tuple[str, str], Any] = ALLOWED,
    ) -> None:
        self._data, self.at = data, at
        self._persistent_value, self._names = persistent, names
        self._left = MOST_OPERATIONS
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._done = False

    def load(self) -> Any:
        """The value of the pickle that begins here: dicts, lists, tuples, tensors, plain values.

        Raises:
            RefusedError: If it holds anything else.
            BrokenPickleError: If it is cut short or no pickle.
        """
        self._stack, self._marks, self._memo, self._done = [], [], {}, False
        while not self._done:
            self._left -= 1
            if self._left < 0:
                raise RefusedError(f"more than {MOST_OPERATIONS:,} operations")
            code = self._take(1)[0]
            operation = self._OPERATIONS.get(code)
            if operation is None:
                name = _NAMES.get(code)
                if name is None:
                    raise BrokenPickleError(f"byte {self.at - 1:,} is no operation of a pickle")
                raise RefusedError(f"the operation {name}, with which other objects are made")
            operation(self)
        return self._pop()

    # --- bytes --------------------------------------------------------------------------

    def _take(self, n: int) -> memoryview:
        if n > len(self._data) - self.at:
            raise BrokenPickleError("it ends in the middle")
        self.at += n
        return self._data[self.at - n : self.at]

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _line(self) -> str:
        ahead = bytes(self._data[self.at : self.at + _LONGEST_NAME])
        end = ahead.find(b"\n")
        if end < 0:
            raise BrokenPickleError("a name does not end")
        self._take(end + 1)
        return ahead[:end].decode("utf-8", "replace")

    def _text(self, form: str) -> None:
        n = self._number(form)
        if n > _LONGEST_TEXT:
            raise RefusedError(f"a text of {n:,} bytes")
        self._push(bytes(self._take(n)).decode("utf-8", "replace"))

    # --- the stack ----------------------------------------------------------------------

    def _pop(self) -> Any:
        if len(self._stack) <= (self._marks[-1] if self._marks else 0):
            raise BrokenPickleError("an operation lacks its values")
        return self._stack.pop()

    def _top(self) -> Any:
        value = self._pop()
        self._push(value)
        return value

    def _pop_to_mark(self) -> list[Any]:
        if not self._marks:
            raise BrokenPickleError("an operation lacks its mark")
        mark = self._marks.pop()
        found = self._stack[mark:]
        del self._stack[mark:]
        return found

    # --- operations ---------------------------------------------------------------------

    def _mark(self) -> None:
        self._marks.append(len(self._stack))

    def _stop(self) -> None:
        self._done = True

    def _protocol(self) -> None:
        if self._take(1)[0] > 5:  # noqa: PLR2004  # the newest there is
            raise BrokenPickleError("its protocol is not known")

    def _global(self) -> None:
        module, name = self._line(), self._line()
        self._push(_named(module, name, self._names))

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        self._push(_named(module, name, self._names))

    def _reduce(self) -> None:
        args, function = self._pop(), self._pop()
        self._push(call(function, args))

    def _build(self) -> None:
        """An OrderedDict may have attributes, which PyTorch uses for versions: left out."""
        self._pop()
        if type(self._top()) is not dict:
            raise RefusedError("attributes that are given to something that is no dict")

    def _persistent(self) -> None:
        self._push(self._persistent_value(self._pop()))

    def _tuple(self, n: int) -> None:
        found = [self._pop() for _ in range(n)]
        self._push(tuple(found[::-1]))

    def _append(self, values: list[Any]) -> None:
        target = self._top()
        if type(target) is not list:
            raise RefusedError("values that are put into something that is no list")
        target += values

    def _set_item(self) -> None:
        value, key = self._pop(), self._pop()
        put(self._top(), key, value)

    def _set_items(self) -> None:
        pairs = self._pop_to_mark()
        target = self._top()
        if len(pairs) % 2:
            raise BrokenPickleError("a key lacks its value")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            put(target, key, value)

    def _memoize(self, place: int) -> None:
        self._memo[place] = self._top()

    def _get(self, place: int) -> None:
        if place not in self._memo:
            raise BrokenPickleError(f"it refers to value {place:,}, which is not there")
        self._push(self._memo[place])

    def _long(self) -> None:
        self._push(int.from_bytes(self._take(self._number("B")), "little", signed=True))

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    #: By their codes.
    _OPERATIONS: ClassVar[dict[int, Callable[[PickleReader], Any]]] = {
        0x80: _protocol,
        0x95: lambda self: self._take(8),  # how long a frame is
        ord("."): _stop,
        ord("("): _mark,
        ord("c"): _global,
        0x93: _stack_global,
        ord("R"): _reduce,
        ord("b"): _build,
        ord("Q"): _persistent,
        # containers
        ord("}"): lambda self: self._push({}),
        ord("]"): lambda self: self._push([]),
        ord(")"): lambda self: self._push(()),
        ord("t"): lambda self: self._push(tuple(self._pop_to_mark())),
        0x85: lambda self: self._tuple(1),
        0x86: lambda self: self._tuple(2),
        0x87: lambda self: self._tuple(3),
        ord("a"): lambda self: self._append([self._pop()]),
        ord("e"): lambda self: self._append(self._pop_to_mark()),
        ord("s"): _set_item,
        ord("u"): _set_items,
        # the memo
        ord("q"): lambda self: self._memoize(self._number("B")),
        ord("r"): lambda self: self._memoize(self._number("<I")),
        0x94: lambda self: self._memoize(len(self._memo)),
        ord("h"): lambda self: self._get(self._number("B")),
        ord("j"): lambda self: self._get(self._number("<I")),
        # plain values
        ord("N"): lambda self: self._push(None),
        0x88: lambda self: self._push(True),
        0x89: lambda self: self._push(False),
        ord("K"): lambda self: self._push(self._number("B")),
        ord("M"): lambda self: self._push(self._number("<H")),
        ord("J"): lambda self: self._push(self._number("<i")),
        ord("G"): lambda self: self._push(self._number(">d")),
        0x8A: _long,
        ord("X"): lambda self: self._text("<I"),
        0x8C: lambda self: self._text("B"),
        0x8D: lambda self: self._text("<Q"),
        # texts of Python 2
        ord("U"): lambda self: self._text("B"),
        ord("T"): lambda self: self._text("<I"),
    }


def _named(module: object, name: object, names: Mapping[tuple[str, str], Any]) -> Any:
    """What a name stands for.

    Raises:
        RefusedError: If it is not allowed, naming it.
    """
    if not isinstance(module, str) or not isinstance(name, str):
        raise RefusedError("a name that is no text")
    found = names.get((module, name))
    if found is None:
        raise RefusedError(ascii(f"{module}.{name}"[:200]))
    return found
