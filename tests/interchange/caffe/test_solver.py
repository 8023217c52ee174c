"""Caffe's solvers: the same steps, in graphnet's words."""

import re
import warnings

import numpy as np
import pytest
from support.caffe_golden import GOLDEN, arrays, cases, fill, index, needs_golden, weights_of

from graphnet.errors import SpecError
from graphnet.interchange.caffe.files.text_format import parse_text
from graphnet.interchange.caffe.files.upgrade import upgrade_solver
from graphnet.interchange.caffe.importing import translate
from graphnet.interchange.caffe.solver import translate_solver
from graphnet.net.load_net import load_net
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.load_solver import load_solver
from graphnet.solver.solver import solve

HEAD = 'net: "n" max_iter: 20 base_lr: 0.1 lr_policy: "fixed" '


def made(text, **keys):
    solver = upgrade_solver(parse_text(text, "s.prototxt", "SolverParameter"))
    return translate_solver(solver, **{"tests": True, **keys})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", {"type": "SGD"}),
        ("solver_type: NESTEROV momentum: 0.9", {"type": "Nesterov"}),
        ('type: "AdaDelta" momentum: 0.9 delta: 0.001',
         {"type": "Adadelta", "rho": 0.9, "epsilon": 0.001}),
        ('type: "Adam"', {"type": "Adam", "beta1": 0.0, "beta2": 0.999, "epsilon": 1e-8}),
        ('type: "RMSProp"', {"type": "RMSProp", "rho": 0.99, "epsilon": 1e-8}),
        ('type: "AdaGrad"', {"type": "Adagrad", "epsilon": 1e-8}),
    ],
)  # fmt: skip
def test_methods(text, wanted):
    """Their constants are Caffe's defaults, not graphnet's."""
    assert made(HEAD + text).values["method"] == wanted


@pytest.mark.parametrize(
    ("keys", "rate"),
    [
        ('lr_policy: "fixed"', lambda _: 0.1),
        ('lr_policy: "step" gamma: 0.5 stepsize: 3', lambda i: 0.1 * 0.5 ** (i // 3)),
        ('lr_policy: "exp" gamma: 0.9', lambda i: 0.1 * 0.9**i),
        ('lr_policy: "exp"', lambda i: 0.1 * (i == 0)),
        ('lr_policy: "inv" gamma: 0.1 power: 0.75', lambda i: 0.1 * (1 + 0.1 * i) ** -0.75),
        ('lr_policy: "multistep" gamma: 0.5 stepvalue: [2, 2, 9]',
         lambda i: 0.1 * 0.5 ** ((i >= 2) + (i >= 3) + (i >= 9))),
        ('lr_policy: "poly" power: 2', lambda i: 0.1 * (1 - i / 20) ** 2),
        ('lr_policy: "sigmoid" gamma: 1 stepsize: 5', lambda i: 0.1 / (1 + np.exp(5 - i))),
    ],
)  # fmt: skip
def test_policies(keys, rate):
    """The rate of Caffe's iteration i at graphnet's t = i + 1."""
    found = load_solver(made(f'net: "n" max_iter: 20 base_lr: 0.1 {keys}').values)
    policy = found.spec.lr_policy
    assert [policy.value_at(i + 1) for i in range(20)] == pytest.approx(
        [rate(i) for i in range(20)]
    )


def test_decay_clip_and_batches():
    """Half of the L2 decay; the clip of a sum is that of the mean, divided."""
    values = made(HEAD + "weight_decay: 0.02 clip_gradients: 3 iter_size: 2").values
    assert (values["regu_coef"], values["clip_gradients"], values["iter_size"]) == (0.01, 1.5, 2)
    found = made(HEAD + 'weight_decay: 0.02 regularization_type: "L1"')
    assert (found.values["regu_coef"], found.decay) == (0.02, "L1Regu")
    assert made(HEAD).values["regu_coef"] == 0


def test_breaks():
    """Printing, testing, snapshots; a net without a test phase is not tested."""
    text = HEAD + "display: 5 test_iter: 3 test_interval: 10 snapshot: 7 random_seed: 4"
    values = made(text).values
    assert values["coffee_breaks"] == [
        {"type": "TrainingSummary", "every_n_iter": 5},
        {"type": "ValidationPerformance", "every_n_iter": 10},
        {"type": "Snapshot", "every_n_iter": 7},
    ]
    assert (values["exp_dir"], values["seed"]) == ("run", 4)
    assert len(made(text, tests=False).values["coffee_breaks"]) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + 'type: "sgd"', "Caffe has no method 'sgd'\n  did you mean 'SGD'?"),
        (HEAD.replace("fixed", "cosine"), "Caffe has no policy 'cosine'"),
        (HEAD + 'train_net: "m"', "names more than one net: net, train_net"),
        (HEAD.replace('net: "n"', ""), "names no net"),
        (HEAD + "clip_gradients: 0", "0 makes every gradient 0"),
        (HEAD + 'type: "AdaGrad" momentum: 0.9', "AdaGrad has none"),
        (HEAD.replace("fixed", "inv") + "gamma: 2", "for gamma below 1"),
        (HEAD + "test_iter: 3", "there is no test_interval"),
        (HEAD + 'regularization_type: "L3"', "'L3', expected 'L1' or 'L2'"),
    ],
)
def test_what_is_refused(text, said):
    """At its line and column."""
    with pytest.raises(SpecError, match=re.escape(said)) as error:
        made(text)
    assert str(error.value).startswith("s.prototxt:1:")


@needs_golden
@pytest.mark.parametrize("name", index().get("broken_solvers", ()))
def test_what_caffe_refuses(name):
    """Refused here, too; the net is given by itself, so one that is not there does not matter."""
    path = GOLDEN / index()["broken_solvers"][name]["solver"]
    net = GOLDEN / "solvers" / "net_plain.prototxt"
    if name in ("missing_file", "test_iter_missing"):
        translate(net, solver=path)
        return
    with pytest.raises(SpecError, match=r"prototxt:\d+:\d+: "):
        translate(net, solver=path)


class Watch(CoffeeBreak):
    """Keeps the rates, the losses and copies of the params."""

    def __init__(self) -> None:
        self.rates, self.losses, self.params = {}, {}, {}

    def enjoy(self, net, state, lounge):
        """Keep them."""
        self.rates[state.iter], self.losses[state.iter] = state.lr, state.obj_val
        self.params[state.iter] = {
            (key, name): np.array(param.data) for key, name, param in net.store.items()
        }


@needs_golden
@pytest.mark.parametrize("name", cases("solvers"))
def test_trajectories(name):
    """Rates, losses and params of 15 iterations."""
    case, found = index()["solvers"][name], arrays("solvers", name)
    made = translate(
        GOLDEN / case["net"], weights_of(found, "param_0"), solver=GOLDEN / case["solver"]
    )
    values = {k: v for k, v in made.solver.values.items() if k not in ("exp_dir", "coffee_breaks")}
    net = load_net({"name": "n", "layers": made.layers()}, "train", inputs=inputs(made))
    fill(net, made)
    solver, watch = load_solver(values), Watch()
    solver.add_coffee_break(watch, every_n_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solve(solver, net)
    worst = 0.0
    for key, wanted in found.items():
        kind, _, rest = key.partition("/")
        layer, _, i = rest.rpartition("/")
        if not kind.startswith("param_"):
            continue
        for entry, _ in made.entries:
            for filled in entry.made.filled:
                if entry.message["name"] == layer and filled.blobs == (int(i),):
                    here = watch.params[int(kind[6:])][filled.layer, filled.param]
                    worst = max(worst, np.abs(here - wanted).max() / (np.abs(wanted).max() or 1))
    assert worst < 1e-5
    n = len(found["rate"])
    assert [watch.rates[i + 1] for i in range(n)] == pytest.approx(list(found["rate"]), rel=1e-5)
    if "average" not in name:  # which Caffe prints smoothed
        assert [watch.losses[i + 1] for i in range(n)] == pytest.approx(
            list(found["loss"]), rel=1e-4
        )


def inputs(made):
    """What a run that fed Caffe from memory was fed: the samples of the other runs."""
    if not any(layer["type"] == "MemoryData" for layer in made.layers()):
        return None
    import h5py

    with h5py.File(GOLDEN / "solvers" / "train.h5") as file:
        data, label = file["data"][()], file["label"][()]
    return {"data": data.reshape(len(data), -1, 1, 1), "label": label.reshape(-1, 1, 1, 1)}
