"""nets/resnet20-fashion.yaml and nets/mobilenet-fashion.yaml: what they are, and their bits."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from support.shipped_nets import ROOT, shrunk, solver_of, trained_on

import graphnet as gn
from graphnet.layers import MemoryData
from graphnet.net.load_net import load_net
from graphnet.net.spec import Node
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import cut
from graphnet.solver.reporter import SilentReporter

NAMES = ("resnet20-fashion", "mobilenet-fashion")


class Fact(NamedTuple):
    """What PyTorch 2.13 makes of :func:`on_fixed_rows` in float64, with norms of gradients."""

    loss: float
    scores: tuple[float, ...]
    convolutions: tuple[float, ...]


FACTS = {
    "resnet20-fashion": Fact(
        9.12245773108689,
        (
            11.649736189,
            2.547414868,
            -10.055507604,
            -3.527538053,
            10.19580904,
            5.959716685,
            -9.588566899,
            -9.374022546,
            6.314615768,
            10.292732086,
        ),
        (
            0.02146901853,
            0.05651937901,
            0.1050439549,
            0.03056423277,
            0.08197758808,
            0.02447512587,
            0.08175277225,
            0.09459438412,
            0.4257997911,
            0.1872463461,
            0.180239013,
            0.3383761932,
            0.155117114,
            0.3207466899,
            1.400829906,
            2.327701743,
            0.7292945574,
            0.07855196352,
            0.1144992341,
            0.1329762771,
            0.13699142,
        ),
    ),
    "mobilenet-fashion": Fact(
        6.988524386682284,
        (
            4.38592261,
            -3.287496253,
            4.757842682,
            -2.524224841,
            2.676039334,
            -2.340036383,
            -0.096080893,
            -0.828676676,
            -1.397969428,
            2.193599129,
        ),
        (
            0.3960657297,
            0.3464962225,
            0.5871937081,
            0.4259819784,
            1.198774864,
            0.3732493372,
            1.749717616,
            0.135171259,
            0.6197367083,
            0.1231966539,
            0.3895361052,
            0.1268816459,
            1.048745272,
            0.1316430336,
            1.356085623,
        ),
    ),
}


@pytest.fixture(scope="module", autouse=True)
def _no_data(tmp_path_factory):
    """An empty data folder: the nets fall back to the digits of the package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHNET_DATA", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_on_two_pages(name):
    """With its data layers."""
    assert len((ROOT / "nets" / f"{name}.yaml").read_text("utf-8").splitlines()) <= 90


def n_params(name):
    """Numbers that the net learns."""
    net = load_net(shrunk(name))
    found = net.store.data.size
    net.close()
    return found


def test_the_residual_net_has_the_params_of_its_paper():
    """6 n + 2 layers with n = 3: a convolution, three stages of 2 n, an inner product."""
    n, widths = 3, (16, 32, 64)
    convolutions = 9 * 16 + (2 * n * 9 * 16 * 16)
    for before, width in pairwise(widths):
        convolutions += 9 * before * width + (2 * n - 1) * 9 * width * width
        convolutions += before * width  # what goes past
    norms = 2 * (16 + sum(2 * n * width for width in widths) + 32 + 64)
    assert n_params("resnet20-fashion") == convolutions + norms + 64 * 10 + 10 == 272_186
    layers = [node.spec for node in shrunk("resnet20-fashion").nodes]
    weighted = [s for s in layers if s.type in ("Convolution", "InnerProduct")]
    assert len([s for s in weighted if getattr(s, "kernel", None) != (1, 1)]) == 6 * n + 2


def test_depthwise_separable_convolutions_have_the_params_of_their_paper():
    """C (9 + F) of each in place of 9 C F."""
    widths = (16, 32, 64, 64, 64, 128, 128, 128)
    pairs = list(pairwise(widths))
    separable = sum(c * (9 + f) for c, f in pairs)
    norms = 2 * (16 + sum(c + f for c, f in pairs))
    assert n_params("mobilenet-fashion") == 9 * 16 + separable + norms + 128 * 10 + 10
    assert separable < sum(9 * c * f for c, f in pairs) / 7


def on_fixed_rows(name):
    """The net in float64 with params and four pictures that anybody can make again."""
    place = np.arange(4 * 28 * 28).reshape(4, 1, 28, 28)
    rows = {"data": np.sin(place * 0.37), "label": np.array([3.0, 1, 4, 1])}
    spec = shrunk(name)
    data = MemoryData(
        name="rows", batch_size=4, shapes={"data": (1, 28, 28), "label": ()}, tops=tuple(rows)
    )
    nodes = [n for n in spec.nodes if n not in spec.data_nodes()]
    net = load_net(spec.with_nodes([Node.of(data), *nodes]), inputs=rows, dtype="float64")
    for _, _, param in net.store.items():
        waves = np.sin(np.arange(param.data.size) * 0.71 + 0.2)
        if param.data.ndim > 1:
            waves *= (2 / np.prod(param.data.shape[1:])) ** 0.5
        param.data[...] = waves.reshape(param.data.shape)
    return net


@pytest.mark.parametrize("name", NAMES)
def test_it_computes_what_pytorch_does(name):
    """Loss, scores of a picture, and the gradients of all filters, each batch normalised."""
    net, fact = on_fixed_rows(name), FACTS[name]
    net.forward_backward()
    assert float(net.loss()) == pytest.approx(fact.loss, rel=1e-9)
    np.testing.assert_allclose(net.blobs["score"].data[0], fact.scores, rtol=0, atol=1e-8)
    filters = [param.diff for _, key, param in net.store.items() if key == "filter"]
    norms = [np.linalg.norm(diff) for diff in filters]
    np.testing.assert_allclose(norms, fact.convolutions, rtol=1e-7)
    net.close()


@pytest.mark.parametrize("name", NAMES)
def test_ranks_change_no_bit(name):
    """A batch of 8 in two shards, on one rank and on two."""
    (expected,) = trained_on(name, 1, 2, 2)
    assert np.isfinite(expected).all()
    for found in trained_on(name, 2, 2, 2):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", NAMES)
def test_shards_are_the_whole_batch_where_statistics_are_shared(name):
    """To rounding, with ``sync: true`` in each batch normalisation."""
    spec = shrunk(name, 6)
    nodes = [
        Node.of(n.spec.model_copy(update={"sync": True}), n.position)
        if n.spec.type == "BatchNorm"
        else n
        for n in spec.nodes
    ]
    whole = load_net(spec.with_nodes(nodes), dtype="float64", threads=1)
    whole.forward_backward()
    expected, loss = whole.store.diff.copy(), float(whole.loss())
    whole.close()
    parts = cut(
        load_net(spec.with_nodes(nodes), dtype="float64", threads=1), 2, LocalCommunicator()
    )
    parts.forward_backward()
    np.testing.assert_allclose(parts.store.diff, expected, rtol=0, atol=1e-9)
    assert float(parts.loss()) == pytest.approx(loss, rel=1e-12)
    parts.close()


@pytest.mark.parametrize("name", NAMES)
def test_it_goes_on_bit_for_bit(name, tmp_path):
    """Two updates and two more are four: params, running statistics, pictures moved at random."""

    def run(folder, max_iter):
        net = load_net(shrunk(name), keep="needed")
        solver = solver_of(name, max_iter=max_iter, exp_dir=str(folder))
        gn.solve(solver, net, reporter=SilentReporter())
        kept = [net.store.data.copy()]
        for layer in net.store.state.values():
            kept += [values.copy() for values in layer.values()]
        net.close()
        return kept

    expected = run(tmp_path / "whole", 4)
    run(tmp_path / "parts", 2)
    found = run(tmp_path / "parts", 4)
    assert len(found) == len(expected) > 1
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_squeeze_and_excite(tmp_path):
    """The part of docs/repetition.md: channels weighed by two inner products of their means."""
    page = (ROOT / "docs/repetition.md").read_text("utf-8")
    *_, part, item = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/squeeze-excite.yaml").write_text(part, "utf-8")
    data = "- {name: d, type: MemoryData, batch_size: 2, shapes: {a: [32, 5, 5]}, tops: [a]}\n"
    loss = "- {name: l, type: SumLoss, bottoms: [weighed]}\n"
    (tmp_path / "net.yaml").write_text(data + item + loss, "utf-8")
    x = np.random.default_rng(0).standard_normal((2, 32, 5, 5))
    net = load_net(tmp_path / "net.yaml", inputs={"a": x}, dtype="float64")
    assert gn.check_gradients(net, max_elements=6).ok
    net.forward()
    squeeze, excite = (net.params[f"weighed-{name}"] for name in ("squeeze", "excite"))
    few = x.mean((2, 3)) @ squeeze["weight"].data.T + squeeze["bias"].data.ravel()
    many = np.maximum(few, 0) @ excite["weight"].data.T + excite["bias"].data.ravel()
    expected = x / (1 + np.exp(-many))[:, :, None, None]
    np.testing.assert_allclose(net.blobs["weighed"].data, expected, atol=1e-12)
    net.close()
