"""Trains nets, hands them on and brings them back: what becomes of their numbers.

    python -m benchmarks.interchange [NET ...] [--iterations N] [--caffe LENET.caffemodel]

Each net of ``nets/`` is trained for some iterations and exported to ONNX, which onnxruntime runs
beside graphnet; then it goes there and back in every format that can say it, and its params are
compared bit by bit. A LeNet of Caffe's is tested on MNIST here and in onnxruntime, and trained
further.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np

import graphnet as gn
from graphnet.cli import main as graphnet
from graphnet.data.sets.store import data_folder
from graphnet.errors import GraphnetError
from graphnet.interchange.onnx.parity import run_file
from graphnet.solver.record.weights import read_weights

NETS = ("mnist", "char-rnn", "siamese", "denoising-autoencoder-1")
_ROOT = Path(__file__).parents[1]
_FAR = 1e-5  # of the largest number of an output
_SCALE = np.float32(0.00390625)  # of Caffe's examples on MNIST


def main() -> int:
    """Print the figures; 1 if a number is not what it should be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interchange", description=__doc__)
    parser.add_argument("nets", nargs="*", metavar="NET", default=NETS)
    parser.add_argument("--iterations", type=int, default=500, metavar="N")
    parser.add_argument("--caffe", type=Path, metavar="FILE", help="a LeNet's .caffemodel")
    options = parser.parse_args()
    good = True
    with TemporaryDirectory() as folder:
        for name in options.nets:
            run = trained(name, options.iterations, Path(folder) / name)
            for line, right in figures(_ROOT / "nets" / f"{name}.yaml", run, Path(folder)):
                sys.stdout.write(f"{name:<26}{line}\n")
                sys.stdout.flush()
                good = good and right
        if options.caffe:
            for line in of_caffe(options.caffe, options.iterations, Path(folder)):
                sys.stdout.write(f"{options.caffe.stem:<26}{line}\n")
                sys.stdout.flush()
    return 0 if good else 1


def trained(name: str, iterations: int, run: Path, *more: str) -> Path:
    """The directory of a run of a shipped net."""
    net, solver = (_ROOT / part / f"{name}.yaml" for part in ("nets", "solvers"))
    command = ["solve", str(net), "--solver", str(solver)]
    command += [word for change in (f"max_iter={iterations}", *more) for word in ("--set", change)]
    if graphnet([*command, "--exp-dir", str(run), "--quiet"]):
        raise SystemExit(f"{name} could not be trained")
    return run


def figures(net: Path, run: Path, folder: Path) -> Iterator[tuple[str, bool]]:
    """What onnxruntime makes of it; whether it comes back from each format as it was."""
    made = gn.interchange.export_onnx(net, folder / "net.onnx", run, force=True)
    if made.parity is not None:
        far = made.parity.relative
        yield f"onnxruntime: largest difference {far:.1e} of the largest number", far < _FAR
    params = {name: np.asarray(a) for name, a in read_weights(run)[1].params.items()}
    for kind in ("onnx", "caffe", "safetensors", "npz", "mocha"):
        try:
            same = _back(kind, net, run, folder, params)
        except GraphnetError as error:
            yield f"{kind}: cannot say it: {str(error.problems[0]).splitlines()[0]}", True
        else:
            yield f"{kind}: {'the same bits' if same else 'OTHER NUMBERS'} come back", same


def _back(kind: str, net: Path, run: Path, folder: Path, params: dict[str, np.ndarray]) -> bool:
    """Whether all params are the same when they have been there and back."""
    to = folder / kind
    if kind == "onnx":
        gn.interchange.import_onnx(folder / "net.onnx", to, force=True)
    elif kind == "caffe":
        gn.interchange.export_caffe(net, folder / "net.prototxt", run, force=True)
        gn.interchange.import_caffe(folder / "net.caffemodel", to, force=True)
    else:
        export, bring = (getattr(gn.interchange, f"{verb}_{kind}") for verb in ("export", "import"))
        export(net, folder / f"net.{kind}", run, force=True)
        bring(net, folder / f"net.{kind}", to, force=True)
    with h5py.File(to / "model.h5", "r") as file:
        found = {key: file[f"params/{key}"][()] for key in params if f"params/{key}" in file}
    return all(key in found and np.array_equal(found[key], a) for key, a in params.items())


def of_caffe(model: Path, iterations: int, folder: Path) -> Iterator[str]:
    """A LeNet of Caffe's on MNIST: as it is, in onnxruntime, and trained further."""
    gn.interchange.import_caffe(model, folder / "lenet")
    weights = folder / "lenet" / "model.h5"
    net = _ROOT / "nets" / "mnist.yaml"
    gn.interchange.export_onnx(net, folder / "lenet.onnx", weights, gives=["ip2"])
    with h5py.File(data_folder() / "mnist" / "test.h5", "r") as file:
        images, labels = file["data"][()] * _SCALE, file["label"][()].reshape(-1)
    scores = run_file(folder / "lenet.onnx", {"data": images.astype(np.float32)})["ip2"]
    yield f"in graphnet {_wrong(net, weights, images, labels)} of {len(labels):,} wrong"
    yield f"in onnxruntime {int((scores.argmax(1) != labels).sum())} wrong"
    run = trained("mnist", iterations, folder / "further", f"load_from={weights}")
    yield f"{iterations} iterations later {_wrong(net, run, images, labels)} wrong"


def _wrong(net: Path, weights: Path, images: np.ndarray, labels: np.ndarray) -> int:
    with closing(gn.load_net(net, "test")) as loaded:
        gn.load_weights(loaded, weights)
        scores = loaded.predict({"data": images.astype(np.float32)}, outputs=["ip2"])["ip2"]
    return int((scores.argmax(1) != labels).sum())


if __name__ == "__main__":
    sys.exit(main())
