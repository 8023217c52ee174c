"""Well-known nets, and layers of forks, against OpenCV's own reader of Caffe's files.

OpenCV 4 still has one: ``pip install 'opencv-python-headless<5'``. It is no oracle for an LRN with
k ≠ 1, Reduction, ArgMax, Clip, and windows wholly outside of the image.
"""

from math import prod, sqrt

import numpy as np
import pytest
from support import caffe_architectures as nets
from support import caffe_files as made
from support.caffe_nets import translated

from graphnet.interchange.caffe.importing import load_caffe

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
if not hasattr(cv2.dnn, "readNetFromCaffe"):
    pytest.skip("OpenCV has no reader of Caffe's files any more", allow_module_level=True)

SMALL = [nets.squeezenet, nets.mobilenet, nets.cifar_quick, nets.cifar_full, nets.fcn]
LARGE = [nets.googlenet, nets.resnet50, nets.caffenet, nets.vgg16]

#: OpenCV knows no ``round_mode``; what it does is compared with Caffe itself.
LAYERS = {
    "ceil": 'type: "Pooling" pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 }',
    "permute": 'type: "Permute" permute_param { order: [0, 2, 3, 1] }',
    "normalize": (
        'type: "Normalize" norm_param { across_spatial: false channel_shared: false'
        ' scale_filler { type: "constant" value: 20 } }'
    ),
    "normalize all": 'type: "Normalize" norm_param { across_spatial: true channel_shared: true }',
    "zoom": 'type: "Interp" interp_param { zoom_factor: 3 }',
    "size": 'type: "Interp" interp_param { height: 13 width: 4 }',
    "shuffle": 'type: "ShuffleChannel" shuffle_channel_param { group: 2 }',
    "depthwise": (
        'type: "ConvolutionDepthwise" convolution_param { num_output: 4 kernel_size: 3 group: 4 }'
    ),
    "dilated": (
        'type: "Convolution"'
        " convolution_param { num_output: 6 kernel_size: 3 dilation: 2 group: 2 }"
    ),
}


def random_model(text: str, rng: np.random.Generator) -> bytes:
    """A model of the net, its numbers neither vanishing nor exploding from layer to layer.

    It is empty where nothing is learned.
    """
    layers = []
    for entry in translated(text, stored={}).layers:
        blobs: dict[int, np.ndarray] = {}
        kind = entry.message["type"]
        for filled in entry.made.filled:
            shape = entry.params[filled.layer, filled.param].shape
            width = sqrt(2 / prod(shape[1:])) if len(shape) > 1 else 0.1
            around = 0.0 if len(shape) > 1 or filled.param == "bias" else 1.0
            array = np.abs(rng.normal(around, width, size=shape)) if around else (
                rng.normal(0, width, size=shape))  # fmt: skip
            blobs[filled.blobs[0]] = array.astype(np.float32)
        if kind == "BatchNorm":
            blobs[2] = np.ones(1, np.float32)
        found = [made.blob(blobs[i]) for i in sorted(blobs)]
        if found:
            layers.append(made.layer(entry.message["name"], kind, blobs=found))
    return made.model(*layers) if layers else b""


def check(text: str, folder, tolerance: float) -> None:
    """See that both give the same, of the same files."""
    rng = np.random.default_rng(5)
    (folder / "net.prototxt").write_text(text)
    files = [str(folder / "net.prototxt")]
    if model := random_model(text, rng):
        (folder / "net.caffemodel").write_bytes(model)
        files.append(str(folder / "net.caffemodel"))
    other = cv2.dnn.readNetFromCaffe(*files)
    net = load_caffe(*files, keep="needed")
    image = rng.uniform(-1, 1, size=net.graph.blob("data").shape).astype(np.float32)
    other.setInput(image, "data")
    wanted = other.forward()
    (found,) = (v for v in net.predict({"data": image}).values() if v.size == wanted.size)
    scale = np.abs(wanted).max()
    assert scale > 1e-6
    assert np.abs(found.reshape(wanted.shape) - wanted).max() <= tolerance * scale


@pytest.mark.parametrize("write", SMALL, ids=lambda write: write.__name__)
def test_small_nets(write, tmp_path):
    """The output of all layers together."""
    check(write(), tmp_path, 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("write", LARGE, ids=lambda write: write.__name__)
def test_large_nets(write, tmp_path):
    """Those whose models are larger."""
    check(write(), tmp_path, 1e-4)


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, tmp_path):
    """One by one, those of forks among them."""
    net = nets.Net(2, 4, 8, 7)
    net.text += f'layer {{ name: "l" bottom: "data" top: "y" {LAYERS[name]} }}\n'
    check(net.text, tmp_path, 1e-5)
