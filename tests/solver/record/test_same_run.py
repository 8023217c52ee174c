"""Whether a snapshot is of the run that is declared now."""

from dataclasses import replace

import pytest
from support.fake_net import FakeNet

from graphnet.errors import SnapshotError, SpecError
from graphnet.solver.record.same_run import check_same_run, differences
from graphnet.solver.record.snapshot_file import Contents, Meta, SavedState
from graphnet.solver.spec import SolverSpec


def spec(**changes):
    return SolverSpec(**{"max_iter": 10, "exp_dir": "run"} | changes)


def contents_of(net, solver):
    state = SavedState(iter=5, epoch=0, obj_val=1.0, losses={}, lr=0.1, momentum=0.0, lr_scale=1.0)
    meta = Meta(
        versions={},
        backend="numpy",
        dtype="float64",
        seed=0,
        solver=state,
        data=net.data_summary(),
        fingerprints=net.data_fingerprints(),
    )
    return Contents(meta, {}, net_yaml=net.yaml_text, solver_yaml=solver.to_yaml())


def check(net, solver, contents=None):
    contents = contents or contents_of(FakeNet(), spec())
    check_same_run(contents, "s.h5", net, solver, net.data_fingerprints())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"max_iter": 99},
        {"max_iter": None, "max_epoch": 3},
        {"coffee_breaks": [{"type": "TrainingSummary", "every_n_iter": 1}]},
        {"exp_dir": "elsewhere", "load_from": "x", "on_error": "continue"},
    ],
)
def test_what_may_differ(changes):
    """How long, what is done on the way, and where."""
    check(FakeNet(), spec(**changes))


def test_keys_of_before(monkeypatch):
    """A snapshot from before keys of layers were renamed is still of its run."""
    now = "layers:\n- {name: a, type: MVN, epsilon: 0.1}\n- {name: b, type: my.Own, eps: 0.1}\n"
    before = now.replace("epsilon", "eps")
    monkeypatch.setattr(FakeNet, "yaml_text", now)
    contents = contents_of(FakeNet(), spec())
    check(FakeNet(), spec(), replace(contents, net_yaml=before))
    other = replace(contents, net_yaml=before.replace("Own, eps: 0.1", "Own, eps: 0.2"))
    with pytest.raises(SnapshotError, match=r"net.layers.b.eps: 0.2 there, 0.1 here"):
        check(FakeNet(), spec(), other)
    for text in ("[1]", "layers: 1", "layers: [1]"):
        with pytest.raises(SnapshotError, match="declared differently"):
            check(FakeNet(), spec(), replace(contents, net_yaml=text))


def test_every_difference_is_listed():
    """Of net, solver, precision, seed and data, at once."""
    net = FakeNet(learn=0.5, dtype="float32", seed=4)
    net.source = "elsewhere"
    with pytest.raises(SnapshotError, match=r"s.h5: this run was declared differently") as error:
        check(net, spec(method="Adam", regu_coef=0.1))
    momentum = '{"type": "Fixed", "unit": "iter", "momentum": 0.0}'
    assert str(error.value).splitlines()[1:] == [
        "  net.layers.ip.learn: 1.0 there, 0.5 here",
        "  solver.method.type: SGD there, Adam here",
        "  solver.method.beta1: absent there, 0.9 here",
        "  solver.method.beta2: absent there, 0.999 here",
        "  solver.method.epsilon: absent there, 1e-08 here",
        "  solver.lr_policy.base_lr: 0.01 there, 0.001 here",
        f"  solver.mom_policy: {momentum} there, absent here",
        "  solver.regu_coef: 0.0005 there, 0.1 here",
        "  precision: float64 there, float32 here",
        "  seed: 0 there, 4 here",
        "  data.sources.data: memory there, elsewhere here",
        "  solve with --fresh (in Python fresh=True) to start over, or choose another exp_dir",
    ]


def test_other_files_under_the_same_names():
    """What is in the files counts; a snapshot that does not know goes on all the same."""
    net = FakeNet()
    net.content = "0815"
    with pytest.raises(
        SnapshotError,
        match=r"s.h5: the data of this run has changed since, so it cannot go on:\n"
        r"  second.h5, which data reads\n  put it back as it was, or solve with --fresh",
    ):
        check(net, spec())
    contents = contents_of(FakeNet(), spec())
    contents.meta.fingerprints["data"].popitem()
    with pytest.raises(SnapshotError, match="data has read 1 files, and there are 2"):
        check(net, spec(), contents)
    contents.meta.fingerprints.clear()
    check(net, spec(), contents)


def test_layers_are_found_by_name():
    """A layer put in between does not make all those behind it differ."""
    then = {"layers": [{"name": "a", "n": 1}, {"name": "b", "n": 2}]}
    now = {"layers": [{"name": "a", "n": 1}, {"name": "x"}, {"name": "b", "n": 3}]}
    assert list(differences(then, now)) == [
        "layers.b.n: 2 there, 3 here",
        'layers.x: absent there, {"name": "x"} here',
    ]


def test_order_of_layers_counts():
    """In-place layers apply in the order of the list."""
    then = {"layers": [{"name": "a"}, {"name": "b"}]}
    now = {"layers": [{"name": "b"}, {"name": "a"}]}
    assert list(differences(then, now)) == ["layers: in the order a, b there, b, a here"]


def test_a_model_is_no_run():
    """It can be started from, not gone on with."""
    contents = contents_of(FakeNet(), spec())
    contents.meta = contents.meta.model_copy(update={"kind": "model", "solver": None})
    with pytest.raises(
        SnapshotError, match=r"is a model, not a run\n  start from it with load_from"
    ):
        check(FakeNet(), spec(), contents)


@pytest.mark.parametrize("text", ["[1, 2]", "7", "a: b"])
def test_what_is_no_solver_differs(text):
    """A snapshot made to deceive is refused like any other run's."""
    contents = contents_of(FakeNet(), spec())
    contents.solver_yaml = text
    with pytest.raises(SnapshotError, match=r"s\.h5: this run was declared differently"):
        check(FakeNet(), spec(), contents)


def test_a_text_that_is_no_yaml_is_placed():
    """In the snapshot, by line and column."""
    contents = contents_of(FakeNet(), spec())
    contents.net_yaml = "a: 1\nb: ]"
    with pytest.raises(SpecError, match=r"^s\.h5: net\.yaml:2:4: not valid YAML"):
        check(FakeNet(), spec(), contents)


@pytest.mark.parametrize("key", ["precision", "iter_size", "regu_coef"])
def test_a_key_that_there_was_not_has_its_default(key):
    """So that older snapshots go on, but not with something else."""
    contents = contents_of(FakeNet(), spec())
    lines = contents.solver_yaml.splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(f"{key}: ")]
    assert len(kept) == len(lines) - 1
    earlier = replace(contents, solver_yaml="".join(kept))
    check(FakeNet(), spec(), earlier)
    other = {"precision": "float16", "iter_size": 2, "regu_coef": 0.25}[key]
    with pytest.raises(SnapshotError, match=rf"solver\.{key}: .* there, {other} here"):
        check(FakeNet(), spec(**{key: other}), earlier)


def test_a_run_that_says_nothing_of_shards_has_one():
    """So that older snapshots go on, and ``shards: 1`` is no difference."""
    check(FakeNet(), spec(shards=1))
    check(FakeNet(), spec(), contents_of(FakeNet(), spec(shards=1)))
    with pytest.raises(SnapshotError, match=r"solver\.shards: 1 there, 4 here"):
        check(FakeNet(), spec(shards=4))


def test_what_may_differ_where_it_is_asked_for():
    """What has changed is returned; what has not is left out, and other keys stay bound."""
    net, then = FakeNet(), contents_of(FakeNet(), spec())
    now = spec(lr_policy={"type": "Exp", "base_lr": 0.1, "gamma": 0.5}, clip_gradients=2.0)
    keys = ("lr_policy", "clip_gradients", "regu_coef")
    changed = check_same_run(then, "s.h5", net, now, net.data_fingerprints(), keys)
    assert changed == {
        "lr_policy": {
            "from": {"type": "Fixed", "unit": "iter", "base_lr": 0.01},
            "to": {"type": "Exp", "unit": "iter", "base_lr": 0.1, "gamma": 0.5},
        },
        "clip_gradients": {"from": None, "to": 2.0},
    }
    with pytest.raises(SnapshotError, match=r"clip_gradients: absent there, 2.0 here") as refused:
        check_same_run(then, "s.h5", net, now, net.data_fingerprints(), ["lr_policy"])
    assert "--override clip_gradients (in Python override=['clip_gradients'])" in str(refused.value)
    with pytest.raises(SnapshotError, match=r"regu_coef: .* here") as refused:
        check(net, spec(regu_coef=0.5, iter_size=2))
    assert "--override" not in str(refused.value)
