"""The files that layers of a net write."""

import h5py
import numpy as np
import pytest

from graphnet.errors import DataError, SpecError
from graphnet.net.load_net import load_net
from graphnet.net.outputs import one_pass, output_files, refuse_two_writers
from graphnet.net.spec import read_net

NET = """\
- {name: data, type: MemoryData, batch_size: 2, tops: [x, y], data: {x: [[1, 2], [3, 4], [5, 6]],
   y: [[0], [1], [0]]}}
- {name: ip, type: InnerProduct, output_dim: 1, bottoms: [x], tops: [ip]}
- {name: loss, type: SquareLoss, bottoms: [ip, y]}
- {name: out, type: HDF5Output, phase: test, filename: out.h5, bottoms: [x]}
"""


@pytest.fixture
def path(tmp_path):
    """A net that writes a file in its test phase."""
    (tmp_path / "net.yaml").write_text(NET)
    return tmp_path / "net.yaml"


def rows(path):
    with h5py.File(path.parent / "out.h5") as file:
        return file["x"][()].tolist()


def test_which_files_there_are(path):
    """Of all phases; a layer that keeps arrays in memory writes none."""
    assert output_files(read_net(path)) == [str(path.parent / "out.h5")]
    path.write_text(NET.replace("HDF5Output, phase: test, filename: out.h5", "MemoryOutput"))
    assert output_files(read_net(path)) == []


def test_an_evaluation_is_one_pass(path):
    """However often: each writes every sample once, and its file is there when it has ended."""
    net = load_net(path, phase="test")
    for _ in range(3):
        net.evaluate()
        assert rows(path) == [[1, 2], [3, 4], [5, 6]]
    net.close()
    assert rows(path) == [[1, 2], [3, 4], [5, 6]]


def test_an_evaluation_that_fails_leaves_the_file_of_the_one_before(path, monkeypatch):
    """And no part of its own, also when the net is closed."""
    net = load_net(path, phase="test")
    net.evaluate()
    before = (path.parent / "out.h5").read_bytes()
    calls = []

    def fail(*_):
        calls.append(1)
        if len(calls) == 2:
            raise DataError("no more")

    monkeypatch.setitem(vars(net), "forward", lambda forward=net.forward: (fail(), forward()))
    with pytest.raises(DataError, match="no more"):
        net.evaluate()
    net.close()
    assert (path.parent / "out.h5").read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["net.yaml", "out.h5"]


def test_passes_by_hand_are_written_when_the_net_is_closed(path):
    """All their rows, one after the other."""
    net = load_net(path, phase="test")
    for _ in range(3):
        net.forward()
    assert not (path.parent / "out.h5").exists()
    net.close()
    assert rows(path) == [[1, 2], [3, 4], [5, 6], [1, 2], [3, 4], [5, 6]]


def test_two_writers(path):
    """A layer of both phases would have the training net and its validation write one file."""
    path.write_text(NET.replace("phase: test, ", ""))
    net = load_net(path)
    with pytest.raises(SpecError, match=r"net.yaml:5:3: layer 'out' .*would both write its file\n"):
        net.sibling("test")
    path.write_text(NET.replace("phase: test", "phase: train"))
    net = load_net(path)
    refuse_two_writers(net.compiled.layers)
    assert net.sibling("test") is not None


def test_layers_are_told_of_a_pass():
    """Its beginning and its end, whole or not."""
    said = []

    class Layer:
        def start_pass(self):
            said.append("start")

        def end_pass(self, *, is_whole):
            said.append(is_whole)

    with one_pass([Layer(), Layer()]):
        said.append("inside")
    assert said == ["start", "start", "inside", True, True]
    said.clear()

    def fail():
        with one_pass([Layer()]):
            raise KeyboardInterrupt("stop")

    with pytest.raises(KeyboardInterrupt, match="stop"):
        fail()
    assert said == ["start", False]


def test_of_training_the_last_iteration_stays(path):
    """A net whose context moves on writes anew; the rows of one iteration stay together."""
    path.write_text(NET.replace("phase: test", "phase: train"))
    net = load_net(path)
    for net.context.iteration in range(4):
        net.forward()
    net.forward()
    net.close()
    np.testing.assert_array_equal(rows(path), [[1, 2], [3, 4], [5, 6], [1, 2]])


@pytest.mark.parametrize("phase", ["train", "test"])
def test_no_layer_writes_what_the_net_reads(tmp_path, phase):
    """However it is called, and whatever may be overwritten."""
    for name in ("a", "b"):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["x"], file["y"] = np.ones((3, 2)), np.ones((3, 1))
    (tmp_path / "link.h5").symlink_to("b.h5")
    text = NET.partition("- {name: ip")[2].replace("out.h5", "link.h5, force_overwrite: true")
    data = "- {name: data, type: HDF5Data, source: '*.h5', batch_size: 2, tops: [x, y]}\n"
    (tmp_path / "net.yaml").write_text(f"{data}- {{name: ip{text}")
    message = r"net.yaml:4:3: layer 'out' .*link.h5: this is what layer 'data' reads, which would"
    with pytest.raises(SpecError, match=message):
        load_net(tmp_path / "net.yaml", phase=phase)


def test_a_layer_may_not_write_over_its_net(path):
    """Not even where it may overwrite."""
    path.write_text(NET.replace("out.h5", "net.yaml, force_overwrite: true"))
    with pytest.raises(SpecError, match=r"net\.yaml: this is the net's YAML, which would be lost"):
        load_net(path, phase="test")
    assert path.read_text().startswith("- {name: data")
