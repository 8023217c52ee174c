"""Importing: the files that are written, and what a net of Caffe computes when it is loaded."""

import gzip
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from support import caffe_files as made
from support.caffe_golden import GOLDEN, cases, index, needs_golden
from support.caffe_nets import translated

import graphnet as gn
from graphnet.errors import GraphnetError, SnapshotError, SpecError
from graphnet.interchange.caffe.importing import import_caffe, load_caffe
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net
from graphnet.solver.load_solver import load_solver
from graphnet.solver.record.snapshot_file import read
from graphnet.solver.record.weights import load_weights

LENET = GOLDEN.parent / "caffe" / "lenet_iter_10000.caffemodel"
MNIST = GOLDEN.parent / "mnist"

NET = """# A small net
name: "small"
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: [2, 3, 4, 4] } } }
# its filters
layer { name: "conv" type: "Convolution" bottom: "x" top: "c"
  convolution_param { num_output: 2 kernel_size: 3 pad: 1 } }
layer { name: "bn" type: "BatchNorm" bottom: "c" top: "c" }
layer { name: "leaky" type: "ReLU" bottom: "c" top: "r" relu_param { negative_slope: 2 } }
layer { name: "ip" type: "InnerProduct" bottom: "r" top: "y"
  inner_product_param { num_output: 3 transpose: true } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" top: "loss"
  include { phase: TRAIN } }
layer { name: "prob" type: "Softmax" bottom: "y" top: "p" exclude { phase: TRAIN } }
"""
LABEL = 'layer { name: "in2" type: "Input" top: "label" input_param { shape { dim: 2 } } }\n'
SOLVER = 'net: "n" base_lr: 0.1 lr_policy: "fixed" max_iter: 3 weight_decay: 0.1 display: 1'


@pytest.fixture
def arrays():
    """Those of the model, by layer."""
    draw = np.random.default_rng(3)
    return {
        "conv": [draw.normal(size=(2, 3, 3, 3)), draw.normal(size=2)],
        "bn": [draw.normal(size=2), draw.uniform(1, 2, size=2), np.array([4.0])],
        "ip": [draw.normal(size=(32, 3)), draw.normal(size=3)],
    }


@pytest.fixture
def files(tmp_path, arrays):
    """A net, a solver and a model, in the folder they lie in."""
    (tmp_path / "n.prototxt").write_text(NET.replace("# its", LABEL + "# its"))
    (tmp_path / "s.prototxt").write_text(SOLVER)
    layers = [made.layer(name, "X", blobs=map(made.blob, each)) for name, each in arrays.items()]
    (tmp_path / "m.caffemodel").write_bytes(made.model(*layers))
    return tmp_path


def imported(files, **keys):
    return import_caffe(files / "n.prototxt", files / "out", files / "m.caffemodel", **keys)


def test_files(files, arrays):
    """They are read back; the model fills the net; comments are kept."""
    imported(files, solver=files / "s.prototxt")
    out = files / "out"
    text = (out / "net.yaml").read_text()
    assert "  # A small net\n" in text
    assert "  # its filters\n" in text
    spec = read_net(out / "net.yaml")
    assert spec.solver == out / "solver.yaml"
    solver = load_solver(out / "solver.yaml")
    assert solver.spec.regu_coef == 0.05
    net = load_net(out / "net.yaml", "test")
    assert load_weights(net, out / "model.h5", strict=True).is_complete
    assert np.allclose(net.params["conv"]["filter"].data, arrays["conv"][0])
    assert np.allclose(net.params["ip"]["weight"].data, arrays["ip"][0].T)
    assert np.allclose(net.store.state["bn"]["mean"], arrays["bn"][0] / 4)
    assert np.allclose(net.store.state["bn"]["variance"], arrays["bn"][1] / 4)
    assert np.array_equal(net.params["leaky"]["slope"].data, [2])
    assert read(out / "model.h5").net_yaml


def test_table(files):
    """Each layer, what it was, what it is, what fills it."""
    rows = imported(files).rows()
    assert rows[1] == ("in2", "Input", "Input", "")
    assert rows[2] == ("conv", "Convolution", "Convolution", "2×3×3×3, 2")
    assert rows[4] == ("leaky", "ReLU", "PReLU", "constant")
    assert rows[6][0] == "loss (train)"


def test_a_model_alone(files):
    """It holds its net, but not the shapes of inputs that stand at the top."""
    blobs = [made.blob(np.ones((2, 3))), made.blob(np.ones(2))]
    size = made.data(117, made.number(1, 2))
    shape = made.data(143, made.data(1, made.data(1, made.varint(2) + made.varint(3))))
    whole = made.model(
        made.layer("in", "Input", (), ["x"], rest=shape),
        made.layer("x_in_0_split", "Split", ["x"], ["x_in_0_split_0"]),
        made.layer("ip", "InnerProduct", ["x_in_0_split_0"], ["y"], blobs, size),
    )
    (files / "all.caffemodel").write_bytes(whole)
    net = load_caffe(files / "all.caffemodel")
    net.blobs["x"].data = np.ones((2, 3))
    net.forward()
    assert np.array_equal(net.blobs["y"].data, np.full((2, 2), 4))
    (files / "top.caffemodel").write_bytes(made.data(3, "x") + whole)
    with pytest.raises(SpecError, match="says nothing of its shapes\n  give the prototxt"):
        load_caffe(files / "top.caffemodel")


def test_load_caffe(files):
    """The public way, with and without weights; other arguments are those of load_net."""
    net = gn.interchange.load_caffe(
        files / "n.prototxt", files / "m.caffemodel", "train", dtype="float64"
    )
    assert (net.phase, str(net.store.dtype)) == ("train", "float64")
    empty = load_caffe(files / "n.prototxt")
    assert not empty.params["conv"]["filter"].data.any()  # Caffe's default filler is 0
    assert "p" in empty.blobs


def test_nothing_is_written_where_something_is_refused(files):
    """All problems at once, each at its place."""
    text = (files / "n.prototxt").read_text()
    bad = text.replace('"Softmax"', '"Softmx"').replace("kernel_size: 3", "kernel_size: 9")
    (files / "n.prototxt").write_text(bad)
    with pytest.raises(SpecError, match="the filters do not fit") as error:
        imported(files)
    first, second = error.value.problems
    assert (first.position.line, second.position.line) == (6, 14)
    assert not (files / "out").exists()


def test_a_model_of_another_net(files):
    """Its shapes are said."""
    blobs = [made.blob(np.ones((5, 3, 3, 3))), made.blob(np.ones(5))]
    (files / "m.caffemodel").write_bytes(made.model(made.layer("conv", "X", blobs=blobs)))
    said = "m.caffemodel: .*its array for 'filter' is 5×3×3×3, expected 2×3×3×3"
    with pytest.raises(SnapshotError, match=said):
        imported(files)
    with pytest.raises(SnapshotError, match=said):
        load_caffe(files / "n.prototxt", files / "m.caffemodel")


def test_a_number_that_is_not_finite(files, arrays):
    """Is told with the model's name."""
    arrays["ip"][1][0] = np.nan
    layers = [made.layer(name, "X", blobs=map(made.blob, each)) for name, each in arrays.items()]
    (files / "m.caffemodel").write_bytes(made.model(*layers))
    with pytest.raises(SnapshotError, match=r"m.caffemodel: 'params/ip/bias' has a value that is"):
        imported(files)


def test_old_shapes(files, arrays):
    """With ones in front."""
    layers = [
        made.layer(name, "X", blobs=[made.blob(a, "legacy") for a in each])
        for name, each in arrays.items()
    ]
    (files / "m.caffemodel").write_bytes(made.model(*layers))
    imported(files)
    assert read(files / "out" / "model.h5").params["ip/bias"].shape == (3,)


def test_means_are_converted(files):
    """Beside the net, which names them."""
    mean = np.arange(12, dtype=np.float32).reshape(1, 3, 2, 2)
    (files / "m.binaryproto").write_bytes(made.blob(mean, "legacy"))
    (files / "n.prototxt").write_text(
        'layer { name: "d" type: "MemoryData" top: "d" top: "n" transform_param { scale: 2 }'
        " memory_data_param { batch_size: 2 channels: 3 height: 2 width: 2 } }"
    )
    import_caffe(files / "n.prototxt", files / "out", mean=files / "m.binaryproto")
    assert "mean_file: mean.h5" in (files / "out" / "net.yaml").read_text()
    with h5py.File(files / "out" / "mean.h5") as file:
        assert np.array_equal(file["mean"], mean[0])


def test_files_that_are_read_are_not_written_over(files):
    """A net called net.yaml is none of Caffe's, but it could be given."""
    (files / "net.yaml").write_text(NET)
    with pytest.raises(SpecError, match="which would be lost"):
        import_caffe(files / "net.yaml", files)


def test_damaged_prototxts():
    """Whatever stands there: a net, or an error in words."""
    draw = np.random.default_rng(5)
    for _ in range(400):
        text = list(NET)
        for i in draw.integers(len(text), size=draw.integers(1, 4)):
            text[i] = draw.choice(["", "{", "}", '"', "9", "-1", "x", text[-1 - i]])
        try:
            translated("".join(text))
        except GraphnetError:
            continue


@needs_golden
@pytest.mark.parametrize("name", cases("nets"))
def test_real_nets(name, tmp_path):
    """Written, checked and read back complete, from both forms of the model."""
    entry = index()["nets"][name]
    for form in filter(None, (entry["caffemodel"], entry.get("hdf5"))):
        import_caffe(GOLDEN / entry["prototxt"], tmp_path / form[-2:], GOLDEN / form)
        net = load_net(tmp_path / form[-2:] / "net.yaml", "test")
        assert load_weights(net, tmp_path / form[-2:] / "model.h5", strict=True).is_complete


def idx(name):
    with gzip.open(MNIST / f"{name}.gz") as file:
        data = file.read()
    n_axes = data[3]
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(n_axes)]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * n_axes).reshape(shape)


@pytest.mark.skipif(not LENET.is_file(), reason="the real LeNet is not here")
def test_the_real_lenet(tmp_path):
    """Trained with Caffe by somebody else: wrong on 86 of 10,000 images, as in Caffe."""
    import_caffe(LENET, tmp_path)
    layers = [n.spec for n in read_net(tmp_path / "net.yaml").nodes[1:]]
    feed = {"name": "in", "type": "Input", "batch_size": 500, "shapes": {"data": [1, 28, 28],
            "label": []}, "tops": ["data", "label"]}  # fmt: skip
    net = load_net([feed, *layers], "test", keep="needed")
    load_weights(net, tmp_path / "model.h5", strict=True)
    images, labels = idx("t10k-images-idx3-ubyte"), idx("t10k-labels-idx1-ubyte")
    found = net.predict({"data": (images * np.float32(0.00390625))[:, None]})
    assert int((found["ip2"].argmax(axis=1) != labels).sum()) == 86


def test_index_is_what_the_tests_expect():
    """The parts that they use."""
    if index():
        assert {"layers", "nets", "legacy", "broken", "solvers", "text"} <= json.loads(
            (GOLDEN / "index.json").read_text()
        ).keys()
    assert isinstance(GOLDEN, Path)


BARE = (
    'name: "n"\nlayer { name: "d" type: "Input" top: "x" input_param { shape { dim: [1, 3] } } }\n'
)
HOW = 'base_lr: 0.01\nmax_iter: 10\nlr_policy: "fixed"\n'


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"model": "s.prototxt"},
            "s.prototxt:1:1: NetParameter has no field 'base_lr'\n  this is a s",
        ),
        ({"solver": "n.prototxt"}, "no field 'layer'\n  this is a net, not a solver"),
        ({"weights": "n.prototxt"}, "n.prototxt: is text, expected a binary NetParameter"),
        ({"weights": "empty"}, "empty: holds no layers\n  expected a .caffemodel with weights"),
        ({"mean": "empty"}, "empty: is given as the mean, and no data layer of the net takes one"),
        ({"weights": "zeros"}, "zeros: is no whole file of Caffe's"),
        ({"model": "net.yaml"}, "is YAML, as nets of graphnet are"),
        (
            {"model": "latin.prototxt"},
            "latin.prototxt:1:8: the file is not UTF-8 text\n  save it as",
        ),
        ({"to": "n.prototxt"}, "n.prototxt: is a file\n  name the folder"),
    ],
)
def test_files_given_in_each_others_place(tmp_path, monkeypatch, given, message):
    """What they are is said, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    files = {"n.prototxt": BARE.replace('name: "n"\n', ""), "s.prototxt": HOW}
    files |= {"empty": "", "zeros": "\0" * 64, "net.yaml": "- {name: a}\n"}
    for name, text in files.items():
        Path(name).write_text(text)
    Path("latin.prototxt").write_bytes('name: "é"\n'.encode("latin-1") + BARE.encode())
    before = sorted(Path().iterdir())
    with pytest.raises(GraphnetError) as caught:  # noqa: PT011  # the message is looked at
        import_caffe(**{"model": "n.prototxt", "to": "out", **given})
    assert message in str(caught.value)
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize(
    ("encoding", "cure"),
    [
        ("utf-8", ""),
        ("utf-8-sig", "save the file as UTF-8 without a byte order mark"),
        ("utf-16", "save it as UTF-8"),
        ("latin-1", "save it as UTF-8"),
    ],
)
def test_a_prototxt_as_an_editor_saves_it(tmp_path, encoding, cure):
    """Caffe reads UTF-8 without a mark; for all else, what to do is said."""
    path = tmp_path / "n.prototxt"
    path.write_bytes(BARE.replace("\n", "\r\n").replace('"x"', '"é"').encode(encoding))
    if not cure:
        import_caffe(path, tmp_path / "out")
        assert "é" in (tmp_path / "out" / "net.yaml").read_text(encoding="utf-8")
        return
    with pytest.raises(SpecError, match=cure):
        import_caffe(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
