# ruff: noqa: D102  # the fake's methods are those of the layer contract
"""Which data a run reads: the sources named, or the fall-back, for all layers or for none."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import pytest

from graphnet.errors import DataError, Position
from graphnet.layers.base import Arity, Binding, Kind, Layer, LayerSpec, Shapes, exactly
from graphnet.net.sources import resolve_data, take_fallback
from graphnet.net.spec import NetSpec, Node


class FakeData(LayerSpec):
    """A data layer whose sources are there or not, as the test says."""

    kind: ClassVar[Kind] = Kind.DATA
    n_bottoms: ClassVar[Arity] = exactly(0)
    there: ClassVar[set[str]] = set()
    to_be_had: ClassVar[set[str]] = set()
    asked: ClassVar[list[tuple[str, bool]]] = []

    type: Literal["FakeData"] = "FakeData"
    source: str | tuple[str, ...] | None = None
    otherwise: str | None = None

    def top_shapes(self, bottoms: Shapes) -> list[tuple[int, ...]]:
        return [(2, 3)]

    def is_available(self) -> bool:
        return self.source in self.there

    def fetch(self, *, offline: bool, progress: Any) -> None:
        self.asked.append((str(self.source), offline))
        if self.source not in self.to_be_had:
            raise DataError(f"{self.source} cannot be had")
        self.there.add(self.source)

    @property
    def data_source(self) -> str | tuple[str, ...] | None:
        return self.source

    @property
    def fall_back(self) -> FakeData | None:
        if self.otherwise is None:
            return None
        return self.model_copy(update={"source": self.otherwise, "otherwise": None})

    def build(self, binding: Binding) -> Layer[Any]:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def world(monkeypatch):
    """Nothing is there, nothing can be had, nothing has been asked for."""
    monkeypatch.setattr(FakeData, "there", set())
    monkeypatch.setattr(FakeData, "to_be_had", set())
    monkeypatch.setattr(FakeData, "asked", [])


def net(*specs: FakeData) -> NetSpec:
    """A net of data layers, one a line."""
    nodes = [Node.of(s, Position("net.yaml", i + 1, 3)) for i, s in enumerate(specs)]
    return NetSpec("net", tuple(nodes))


def data(name, source, otherwise=None, phase=None):
    return FakeData(name=name, tops=("x",), source=source, otherwise=otherwise, phase=phase)


TWO = net(data("train", "big/train", "small/train"), data("test", "big/test", "small/test"))


def read(spec):
    """What each data layer reads."""
    return {n.name: n.spec.source for n in spec.nodes}


def test_what_is_there_is_read():
    """The net stays as it was declared."""
    FakeData.there.update(["big/train", "big/test"])
    found = resolve_data(TWO, fetch=True)
    assert found.spec == TWO
    assert (found.fell_back, found.missing, FakeData.asked) == (False, "", [])
    assert found.summary() == {
        "sources": {"train": "big/train", "test": "big/test"},
        "fell_back": False,
        "wanted": {"train": "big/train", "test": "big/test"},
    }


@pytest.mark.parametrize("missing", ["big/train", "big/test"])
def test_if_one_source_is_missing_all_layers_fall_back(missing):
    """Nobody validates on one data set what was trained on another."""
    FakeData.there.update({"big/train", "big/test"} - {missing})
    found = resolve_data(TWO)
    assert read(found.spec) == {"train": "small/train", "test": "small/test"}
    assert [n.name for n in found.spec.nodes] == ["train", "test"]
    assert (found.fell_back, found.missing) == (True, f"{missing} is not there")
    assert found.summary() == {
        "sources": {"train": "small/train", "test": "small/test"},
        "fell_back": True,
        "wanted": {"train": "big/train", "test": "big/test"},
    }


def test_what_is_missing_is_fetched_first():
    """Only if that is wanted, and only what is missing."""
    FakeData.there.add("big/test")
    FakeData.to_be_had.add("big/train")
    found = resolve_data(TWO, fetch=True)
    assert read(found.spec) == {"train": "big/train", "test": "big/test"}
    assert FakeData.asked == [("big/train", False)]


def test_what_cannot_be_fetched_leads_to_the_fall_back():
    """Why it cannot be had is told; one failure is enough."""
    found = resolve_data(TWO, fetch=True, offline=True)
    assert found.fell_back
    assert found.missing == "big/train cannot be had"
    assert FakeData.asked == [("big/train", True)]


def test_without_a_fall_back_nothing_changes():
    """Reading the data will be the error, unless it was to be fetched: then it is one now."""
    bare = net(data("train", "big/train"))
    found = resolve_data(bare)
    assert (found.spec, found.fell_back, found.missing) == (bare, False, "big/train is not there")
    with pytest.raises(
        DataError, match=r"^net.yaml:1:3: layer 'train' \(FakeData\): big/train cannot be had$"
    ):
        resolve_data(bare, fetch=True)


def test_every_layer_with_a_source_must_declare_the_fall_back():
    """The message names the one that does not, at its place."""
    uneven = net(data("train", "big/train", "small/train"), data("test", "big/test"))
    with pytest.raises(DataError, match="layer 'test'") as caught:
        resolve_data(uneven)
    assert str(caught.value) == (
        "net.yaml:2:3: layer 'test' (FakeData): declares no 'otherwise', while 'train' does\n"
        "  the fall-back is taken by all data layers together or by none: give each one"
    )


def test_in_a_net_built_in_python_the_layer_is_named_all_the_same():
    """There is no place to give."""
    uneven = NetSpec("net", (Node.of(data("a", "big", "small")), Node.of(data("b", "big"))))
    with pytest.raises(DataError, match=r"^layer 'b' \(FakeData\): declares no 'otherwise', while"):
        resolve_data(uneven)


def test_a_layer_without_a_source_is_let_be():
    """MemoryData has nothing to fall back from."""
    mixed = net(data("memory", None), data("train", "big/train", "small/train"))
    assert read(resolve_data(mixed).spec) == {"memory": None, "train": "small/train"}


def test_only_the_sources_of_the_phase_need_be_there():
    """Testing a net does not ask for its training data; what is taken, all take."""
    spec = net(
        data("train", "big/train", "small/train", phase="train"),
        data("test", "big/test", "small/test", phase="test"),
    )
    FakeData.there.add("big/test")
    assert not resolve_data(spec, phase="test").fell_back
    assert read(resolve_data(spec, phase="train").spec) == {
        "train": "small/train",
        "test": "small/test",
    }


def test_several_sources_are_listed():
    """A list of files is one source."""
    spec = net(data("train", ("a.h5", "b.h5")))
    assert resolve_data(spec).summary()["sources"] == {"train": "a.h5, b.h5"}


def test_the_fall_back_can_be_taken_on_purpose():
    """A resumed run keeps the data it began with."""
    found = take_fallback(TWO, "it did so before")
    assert (found.fell_back, found.missing) == (True, "it did so before")
    with pytest.raises(DataError, match=r"layer 'train' \(FakeData\): declares no 'otherwise'\n"):
        take_fallback(net(data("train", "big/train")))
