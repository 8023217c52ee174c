"""The reader of pickles: what a state_dict needs, and not a thing more."""

from __future__ import annotations

import pickle
import pickletools
import re
import struct

import numpy as np
import pytest
from support import weight_files as made

from graphnet.interchange.torch import pickle_reader
from graphnet.interchange.torch.pickle_reader import BrokenPickleError, PickleReader
from graphnet.interchange.torch.values import RefusedError, Tensor


def load(data):
    return PickleReader(memoryview(data)).load()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_values(protocol):
    """Dicts, lists, tuples, texts and numbers come out as Python's own pickle reads them."""
    same = ["x", "é"]
    value = {
        "a": [1, -1, 300, 70_000, 2**40, -(2**40), 0.5, None, True, False],
        "b": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
        "c": {"x": same, "y": same, 3: {}},
        "d": "x" * 300,
    }
    found = load(pickle.dumps(value, protocol))
    assert found == value
    assert found["c"]["x"] is found["c"]["y"]


def test_several_in_a_row():
    """The reader stands behind each one."""
    reader = PickleReader(memoryview(pickle.dumps([1], 2) + pickle.dumps("x", 2) + b"rest"))
    assert (reader.load(), reader.load()) == ([1], "x")
    assert reader.at == len(pickle.dumps([1], 2) + pickle.dumps("x", 2))


def test_a_tensor_and_an_ordered_dict():
    """The names that are allowed, and an OrderedDict's attributes left out."""
    meta = made.state_dict(_metadata=b"}")
    ordered = made.name("collections", "OrderedDict") + b")R"
    data = made.pickled(ordered, b"(", made.text("w"), made.tensor(shape=(2, 2), strides=(1, 2)),
                        b"u", meta, b"b")  # fmt: skip
    found = load(data)
    assert type(found) is dict
    assert isinstance(found["w"], Tensor)
    assert (found["w"].shape, found["w"].strides) == ((2, 2), (1, 2))
    pairs = b"](" + made.text("k") + b"K\x01" + b"\x86" + b"e\x85R"
    assert load(made.pickled(made.name("collections", "OrderedDict"), pairs)) == {"k": 1}


class Hostile:
    """Pickled as whatever call is wanted."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def called(module, word, *args):
    """The pickle that calls a name with texts."""
    pushed = b"".join(map(made.text, args))
    return made.pickled(made.name(module, word), b"(", pushed, b"tR")


CALLS = [
    ("os", "system", "echo"),
    ("posix", "system", "echo"),
    ("nt", "system", "echo"),
    ("os", "popen", "echo"),
    ("subprocess", "Popen", "echo"),
    ("subprocess", "check_output", "echo"),
    ("builtins", "eval", "1"),
    ("builtins", "exec", "1"),
    ("builtins", "compile", "1"),
    ("builtins", "open", "x"),
    ("builtins", "getattr", "x"),
    ("builtins", "__import__", "os"),
    ("builtins", "bytearray"),
    ("builtins", "object"),
    ("builtins", "print", "x"),
    ("__builtin__", "eval", "1"),
    ("operator", "attrgetter", "x"),
    ("operator", "methodcaller", "x"),
    ("functools", "partial", "x"),
    ("importlib", "import_module", "os"),
    ("runpy", "run_path", "x"),
    ("shutil", "rmtree", "x"),
    ("pty", "spawn", "sh"),
    ("socket", "socket"),
    ("webbrowser", "open", "x"),
    ("ctypes", "CDLL", "x"),
    ("types", "FunctionType"),
    ("types", "CodeType"),
    ("copyreg", "_reconstructor", "x"),
    ("copyreg", "add_extension", "x"),
    ("pickle", "loads", "x"),
    ("_pickle", "loads", "x"),
    ("numpy", "load", "x"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct", "x"),
    ("numpy._core.multiarray", "scalar", "x"),
    ("codecs", "encode", "x"),
    ("collections", "Counter"),
    ("collections", "OrderedDict.fromkeys", "x"),
    ("collections.OrderedDict", "fromkeys", "x"),
    ("torch", "load", "x"),
    ("torch", "FloatStorage.from_file", "x"),
    ("torch.storage", "_load_from_bytes", "x"),
    ("torch.hub", "load", "x"),
    ("torch.serialization", "_get_layout", "x"),
    ("torch._utils", "_rebuild_sparse_tensor", "x"),
    ("torch._utils", "__builtins__"),
    ("torch._utils", "_rebuild_tensor_v2.__globals__"),
    ("torch.nn.modules.linear", "Linear"),
    ("graphnet.interchange.torch.values", "Tensor"),
    ("__main__", "Net"),
    ("__main__", "x\x1b[31m"),
]


@pytest.mark.parametrize("payload", CALLS, ids=lambda p: ascii(".".join(p[:2])))
def test_every_other_name_is_refused(payload):
    """Whatever it would be: it is named, and neither looked up nor called."""
    module, word, *args = payload
    shown = ascii(f"{module}.{word}")
    exactly = f"^{re.escape(shown)}$"
    with pytest.raises(RefusedError, match=exactly):
        load(called(module, word, *args))
    stacked = made.pickled(made.text(module), made.text(word), b"\x93)R")
    with pytest.raises(RefusedError, match=exactly):
        load(stacked)


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize(
    "value",
    [
        Hostile(eval, ("__import__('os').system('touch pwned')",)),
        Hostile(getattr, ("", "join")),
        Hostile(Hostile, ()),
        Hostile(type, ("x", (), {})),
        np.ones(2),
        np.float32(1),
        np.dtype("f4"),
        1j,
        {1, 2},
        frozenset({1}),
        range(3),
        bytearray(3),
        b"bytes",
        slice(1),
        len,
        int,
        Exception("x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_python_pickles(value, protocol, tmp_path, monkeypatch):
    """Objects of all kinds, as Python writes them, are refused, and nothing is run."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RefusedError, match=r"'|operation|call"):
        load(pickle.dumps({"a": value}, protocol))
    assert not list(tmp_path.iterdir())


class Plain:
    """Without a word on how it is pickled."""


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_instances(protocol):
    """Whatever operations make them."""
    with pytest.raises(RefusedError, match=r"Plain|operation"):
        load(pickle.dumps(Plain(), protocol))


ORDERED = made.name("collections", "OrderedDict")
FLOATS = made.name("torch", "FloatStorage")
REBUILD = made.name("torch._utils", "_rebuild_tensor_v2")
PARAMETER = made.name("torch._utils", "_rebuild_parameter")
MISUSED = {
    "a storage type is called": (FLOATS, b")R"),
    "a text is called": (made.text("os.system"), b")R"),
    "a dict is called": (b"}", b")R"),
    "arguments are a list": (ORDERED, b"]R"),
    "arguments are a dict": (REBUILD, b"}R"),
    "an OrderedDict of a text": (ORDERED, made.text("ab"), b"\x85R"),
    "an OrderedDict of numbers": (ORDERED, b"](K\x01e\x85R"),
    "an OrderedDict of two things": (ORDERED, b"]]\x86R"),
    "a tensor of nothing": (REBUILD, b")R"),
    "a tensor of a text": (REBUILD, b"(", made.text("x"), b"K\0))tR"),
    "a tensor of a dict": (REBUILD, b"(}K\0))tR"),
    "a tensor with a negative place": (made.tensor(first=-1),),
    "a tensor with a place beyond": (made.tensor(first=5),),
    "a tensor with a negative axis": (made.tensor(shape=(-4,)),),
    "a tensor with a negative stride": (made.tensor(strides=(-1,)),),
    "a tensor beyond its storage": (made.tensor(shape=(5,)),),
    "a tensor that steps beyond": (made.tensor(shape=(2, 2), strides=(3, 1)),),
    "a tensor of a huge shape": (made.tensor(shape=(2**60, 2**60), strides=(1, 1)),),
    "a tensor of numbers beyond all": (made.tensor(shape=(2**80,), strides=(0,)),),
    "a tensor of other strides": (made.tensor(strides=(1, 1)),),
    "a tensor of 33 axes": (made.tensor(shape=(1,) * 33, strides=(0,) * 33),),
    "a tensor of true": (REBUILD, b"(", made.storage(), b"\x88))tR"),
    "a Parameter of a text": (PARAMETER, made.text("x"), b"\x85R"),
    "a reference to a text": (made.text("storage"), b"Q"),
    "a reference to a module": (made.storage(word="module"),),
    "a storage of another type": (b"(", made.text("storage"), ORDERED, made.text("0") * 2,
                                  b"K\x04tQ"),
    "a storage without a key": (b"(", made.text("storage"), FLOATS, b"N", made.text("cpu"),
                                b"K\x04tQ"),
    "a storage of a list": (b"(", made.text("storage"), FLOATS, b"]", made.text("cpu"),
                            b"K\x04tQ"),
    "a storage of negative length": (made.storage(count=-1),),
    "a storage of a length beyond all": (made.storage(count=2**70),),
    "a storage of a text's length": (b"(", made.text("storage"), FLOATS, made.text("0") * 3,
                                     b"tQ"),
    "a part beyond its storage": (made.storage(more=b"(" + made.text("v") + b"K\x03K\x02t"),),
    "a part that is none": (made.storage(more=made.text("v")),),
    "a type of storage that is none": (made.storage(kind="ComplexFloatStorage"),),
    "attributes of a list": (b"]}b",),
    "attributes of a tensor": (made.tensor(), b"}b"),
    "attributes of a name": (ORDERED, b"}b"),
    "values into a tuple": (b")K\x01a",),
    "values into a name": (ORDERED, b"(K\x01e"),
    "a key into a list": (b"]K\x01K\x02s",),
    "a key that is a list": (b"}]K\x02s",),
    "a key that is a tensor": (b"}", made.tensor(), b"K\x02s"),
    "a key that is chosen to be slow": (b"}", made.number(2**61 - 1), b"K\x02s"),
    "a text that is too long": (b"X", struct.pack("<I", 1 << 20), bytes(1 << 20)),
}  # fmt: skip


@pytest.mark.parametrize("what", MISUSED)
def test_allowed_names_do_nothing_else(what):
    """They make tensors and dicts of what these are made of, and are no way to anything else."""
    with pytest.raises(RefusedError, match=r"^(a|an|attributes|values|'torch.C)"):
        load(made.pickled(*MISUSED[what]))


REFUSED = ["INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID", "LONG4",
           "BYTEARRAY8", "NEXT_BUFFER", "READONLY_BUFFER", "EMPTY_SET", "FROZENSET", "ADDITEMS",
           "BINBYTES", "BINBYTES8", "LONG", "STRING", "UNICODE", "GET", "PUT", "DUP", "POP",
           "POP_MARK", "DICT", "LIST", "INT", "FLOAT"]  # fmt: skip


@pytest.mark.parametrize("word", REFUSED)
def test_other_operations_are_refused(word):
    """Each by its name, before any of its bytes is looked at."""
    code = next(op.code for op in pickletools.opcodes if op.name == word).encode("latin-1")
    with pytest.raises(RefusedError, match=f"the operation {word},"):
        load(made.pickled(b"}", code, b"\xff" * 8))


BROKEN = {
    "nothing": b"",
    "no end": b"\x80\x02}",
    "a protocol of the future": b"\x80\x63}.",
    "no operation": b"\x80\x02\xff.",
    "no value": b"\x80\x02.",
    "no mark": b"\x80\x02t.",
    "a value below the mark": b"\x80\x02K\x01(a.",
    "a key without a value": b"\x80\x02}(K\x01u.",
    "a memo that is not there": b"\x80\x02h\x05.",
    "a memo far away": b"\x80\x02j\xff\xff\xff\xff.",
    "a name without an end": b"\x80\x02c" + b"x" * 3000,
    "a name of bytes": b"\x80\x02c\xff\n",
    "a text beyond the end": b"\x80\x02X\x10\0\0\0abc",
    "a number beyond the end": b"\x80\x02\x8a\xffab",
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_pickles(what):
    """An error that says so, whatever is missing."""
    with pytest.raises(BrokenPickleError, match=r"it |operation|name|key|protocol"):
        load(BROKEN[what])


def test_a_memo_may_have_any_number():
    """A large one takes no more memory than a small one."""
    assert load(b"\x80\x02]r\xff\xff\xff\xff.") == []


def test_the_number_of_operations_is_bounded(monkeypatch):
    """And so are time and memory, of lists that hold each other too."""
    monkeypatch.setattr(pickle_reader, "MOST_OPERATIONS", 1000)
    with pytest.raises(RefusedError, match="more than 1,000 operations"):
        load(made.pickled(b"]" * 2000))
    nested = b"]q\0" + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(100))
    assert isinstance(load(made.pickled(nested)), list)  # 2^100 elements, each there once


def test_what_is_nested_deeply():
    """100,000 tuples or lists in each other are read without a call for each."""
    found = load(made.pickled(b")" + b"\x85" * 100_000))
    depth = 0
    while found:
        (found,), depth = found, depth + 1
    assert depth == 100_000
    assert isinstance(load(made.pickled(b"]" * 100_000 + b"a" * 99_999)), list)


def test_random_bytes():
    """Never anything but a value or one of the two errors."""
    rng = np.random.default_rng(0)
    codes = np.frombuffer(bytes(pickle_reader.PickleReader._OPERATIONS), np.uint8)
    for _ in range(3000):
        data = b"\x80\x02" + rng.choice(codes, 40).tobytes() + b"."
        try:
            load(data)
        except (RefusedError, BrokenPickleError):
            continue
