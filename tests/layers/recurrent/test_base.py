"""What LSTM, RNN and GRU share: shapes, counts, strips, and the state carried between batches."""

import numpy as np
import pytest
from support.layer_case import Rig, check_gradient, check_layer
from support.nets import net_of, net_spec
from support.recurrent import CONT, STEPS, case, in_batches

from graphnet.backend import open_backend
from graphnet.errors import BatchError, ShapeError
from graphnet.gradcheck import check_gradients
from graphnet.layers.recurrent import base as recurrent
from graphnet.layers.recurrent.gru import GRU
from graphnet.layers.recurrent.lstm import LSTM
from graphnet.layers.recurrent.reset_first_gru import ResetFirstGRU
from graphnet.layers.recurrent.rnn import RNN
from graphnet.net.load_net import load_net
from graphnet.params.param import StateDecl
from graphnet.solver.coffee.validation_performance import ValidationPerformance
from graphnet.solver.reporter import SilentReporter
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec

KINDS = pytest.mark.parametrize("kind", STEPS, ids=lambda kind: kind.__name__)


@pytest.fixture
def many_strips(monkeypatch):
    """Cut even the smallest batch."""
    monkeypatch.setattr(recurrent, "MIN_WIDTH", 1)
    monkeypatch.setattr(recurrent, "MIN_MACS", 1)


# --- the state carried between batches --------------------------------------------------


@KINDS
def test_two_batches_are_one(kind):
    """With ``stateful``, two batches of 4 steps give what one of 8 gives."""
    of = case(kind, "", [(2, 8, 3)], stateful=True)
    np.testing.assert_allclose(in_batches(of, 2), of.expected(of.values())[0], rtol=1e-12)


@KINDS
def test_batches_start_anew(kind):
    """Without ``stateful``, every batch is a start."""
    of = case(kind, "", [(2, 8, 3)])
    halves = [of.expected([half])[0] for half in np.split(of.values()[0], 2, axis=1)]
    np.testing.assert_allclose(in_batches(of, 2), np.concatenate(halves, axis=1), rtol=1e-12)


@KINDS
def test_cont_decides_at_the_first_step_too(kind):
    """With a second bottom the batches are one run, cut where it is 0 and nowhere else."""
    cont = np.array([[0, 1, 1, 1, 0, 1], [1, 1, 0, 1, 1, 1]])
    of = case(kind, "", [(2, 6, 3), cont])
    np.testing.assert_allclose(in_batches(of, 3), of.expected(of.values())[0], rtol=1e-12)


@KINDS
@pytest.mark.usefixtures("many_strips")
def test_state_in_strips(kind):
    """Each strip reads and writes its own rows of the state."""
    of = case(kind, "", [(5, 4, 2)], stateful=True)
    np.testing.assert_allclose(in_batches(of, 2), of.expected(of.values())[0], rtol=1e-12)


@KINDS
@pytest.mark.parametrize("bottoms", [[(3, 5, 2)], [(3, 5, 2), CONT]], ids=["stateful", "cont"])
def test_gradient_from_a_state(kind, bottoms):
    """Backward from a state other than zero is right, and leaves the state alone."""
    of = case(kind, "", bottoms, stateful=True)
    rig = Rig(of)
    values = {n: np.random.default_rng(5).normal(size=a.shape) for n, a in rig.state.items()}

    def reset_state():
        for name, array in rig.state.items():
            array[...] = values[name]

    rig.reset_state = reset_state
    rig.forward()
    left = {name: array.copy() for name, array in rig.state.items()}
    assert all(not np.array_equal(left[name], values[name]) for name in left)
    rig.backward()
    for name, array in rig.state.items():
        np.testing.assert_array_equal(array, left[name])
    check_gradient(rig, rig.run())


def test_what_is_carried():
    """A row for each sample of the batch, as state that an evaluation starts afresh."""
    decl = StateDecl((3, 4), per_batch=True)
    shapes = [(3, 5, 2)]
    assert case(LSTM, "", shapes, output_dim=4, stateful=True).spec.state_decls(shapes) == {
        "hidden": decl,
        "cell": decl,
    }
    assert case(RNN, "", shapes, output_dim=4, stateful=True).spec.state_decls(shapes) == {
        "hidden": decl
    }
    assert case(GRU, "", shapes, output_dim=4).spec.state_decls(shapes) == {}
    assert case(GRU, "", shapes, output_dim=4).spec.state_decls([*shapes, (3, 5)]) == {
        "hidden": decl
    }


@KINDS
def test_in_a_net(kind):
    """A net's gradients are right in the middle of a run, and checking them moves nothing."""
    net = net_of(
        f"""
        layers:
          - {{name: in, type: Input, batch_size: 3, shapes: {{x: [4, 2], label: []}},
             tops: [x, label]}}
          - {{name: one, type: {kind.__name__}, output_dim: 3, stateful: true, bottoms: [x],
             tops: [h1]}}
          - {{name: two, type: {kind.__name__}, output_dim: 2, bottoms: [h1], tops: [h2]}}
          - {{name: ip, type: InnerProduct, output_dim: 3, bottoms: [h2], tops: [y]}}
          - {{name: loss, type: SoftmaxLoss, bottoms: [y, label]}}
        """
    )
    net.forward()
    state = {name: array.copy() for name, array in net.store.state["one"].items()}
    assert all(array.any() for array in state.values())
    report = check_gradients(net)
    assert report.ok, str(report)
    assert net.store.state["one"].keys() == state.keys()
    for name, array in net.store.state["one"].items():
        np.testing.assert_array_equal(array, state[name])


@KINDS
@pytest.mark.filterwarnings("ignore:.*validation is on the training rows")
@pytest.mark.parametrize("second", ["", ", cont"], ids=["stateful", "cont"])
def test_the_state_survives_evaluations_and_stops(kind, second, tmp_path):
    """A run that validates, or is stopped and continued, is the run that does neither."""
    rng = np.random.default_rng(0)
    inputs = {"x": rng.standard_normal((10, 4, 2)), "label": rng.integers(0, 3, (10, 4))}
    inputs["cont"] = rng.integers(0, 2, (10, 4))
    text = f"""
      - {{name: in, type: MemoryData, batch_size: 5, tops: [x, cont, label],
         shapes: {{x: [4, 2], cont: [4], label: [4]}}}}
      - {{name: one, type: {kind.__name__}, output_dim: 3, stateful: {str(not second).lower()},
         bottoms: [x{second}], tops: [h]}}
      - {{name: ip, type: InnerProduct, output_dim: 3, axis: 2, bottoms: [h], tops: [y]}}
      - {{name: loss, type: SoftmaxLoss, axis: 2, bottoms: [y, label]}}
    """

    def run(max_iter, folder="", every=0):
        net = load_net(net_spec(text), inputs=inputs)
        exp_dir = str(tmp_path / folder) if folder else None
        solver = Solver(SolverSpec(max_iter=max_iter, exp_dir=exp_dir))
        if every:
            solver.add_coffee_break(ValidationPerformance(), every_n_iter=every)
        solve(solver, net, reporter=SilentReporter())
        state = {name: array.copy() for name, array in net.store.state["one"].items()}
        return net.store.data.copy(), state

    params, state = run(5)
    assert all(array.any() for array in state.values())
    run(3, "stopped")
    for others in (run(5, every=2), run(5, "stopped")):
        np.testing.assert_array_equal(others[0], params)
        for name, array in others[1].items():
            np.testing.assert_array_equal(array, state[name])


# --- strips -----------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("bottoms", [[(5, 3, 2)], [(3, 5, 2), CONT]], ids=["plain", "cont"])
@pytest.mark.usefixtures("many_strips")
def test_strips_change_nothing(kind, bottoms):
    """A batch cut into strips, of uneven width, passes all checks."""
    of = case(kind, "", bottoms)
    assert len(of.spec.strips(of.values()[0].shape, 4)) > 1
    check_layer(of)


@pytest.mark.parametrize(("n", "count"), [(1, 1), (31, 1), (32, 2), (50, 3), (1000, 4)])
def test_strips_cover_the_batch(n, count):
    """Strips are at least 16 samples wide, at most four, and cover the batch in order."""
    strips = case(LSTM, "", [(1, 1, 1)], output_dim=128).spec.strips((n, 7, 64), 4)
    assert len(strips) == count
    assert np.concatenate([np.arange(n)[s] for s in strips]).tolist() == list(range(n))


def test_little_work_is_not_cut():
    """Strips of a few hidden units would only wait for each other, and on a GPU all would."""
    assert len(case(LSTM, "", [(1, 1, 1)], output_dim=128).spec.strips((1000, 7, 64), 1)) == 1
    assert len(case(LSTM, "", [(1, 1, 1)], output_dim=16).spec.strips((64, 7, 16), 4)) == 1


# --- declarations -----------------------------------------------------------------------


def shapes_of(kind, **properties):
    """The shapes of the params of 4 units over 2x3 features."""
    spec = case(kind, "", [(1, 1, 1)], output_dim=4, **properties).spec
    return {name: decl.shape for name, decl in spec.param_decls([(5, 7, 2, 3)]).items()}


def test_params():
    """So many gates times so many units; a GRU has one more set of biases than gates."""
    assert shapes_of(LSTM) == {"weight_x": (16, 6), "weight_h": (16, 4), "bias": (16,)}
    assert shapes_of(RNN) == {"weight_x": (4, 6), "weight_h": (4, 4), "bias": (4,)}
    assert shapes_of(GRU) == {"weight_x": (12, 6), "weight_h": (12, 4), "bias": (16,)}
    assert shapes_of(ResetFirstGRU) == {"weight_x": (12, 6), "weight_h": (12, 4), "bias": (12,)}
    assert shapes_of(GRU, bias=False) == {"weight_x": (12, 6), "weight_h": (12, 4)}


@KINDS
def test_param_properties(kind):
    """Every property of a param reaches it."""
    shapes = [(2, 3, 2)]
    regu, cons = {"type": "L2Regu", "coef": 7.0}, {"type": "L2Cons", "threshold": 2.0}
    for name in ("weight_x", "weight_h", "bias"):
        spec = case(
            kind,
            "",
            shapes,
            **{
                f"{name}_init": {"type": "Constant", "value": 3.0},
                f"{name}_regu": regu,
                f"{name}_cons": cons,
                f"{name}_lr": 5.0,
            },
            **({"forget_bias": 0.0} if kind is LSTM else {}),
        ).spec
        decls = spec.param_decls(shapes)
        values = decls[name].init.sample(np.random.default_rng(1), decls[name].shape)
        assert np.all(values == 3)
        assert decls[name].regu.model_dump() == regu
        assert decls[name].cons.model_dump()["threshold"] == 2
        assert decls[name].lr == 5
        assert [other for other in decls if decls[other].lr == 5] == [name]


def test_param_key():
    """Params are stored under the shared key."""
    assert case(RNN, "", [(1, 1, 1)], param_key="shared").spec.store_key == "shared"


@pytest.mark.parametrize(("kind", "per_unit"), [(LSTM, 4), (RNN, 1), (GRU, 3), (ResetFirstGRU, 3)])
def test_counts(kind, per_unit):
    """Multiply-adds of all steps; connections are those of one sample, biases included."""
    spec = case(kind, "", [(1, 1, 1)], output_dim=5).spec
    assert spec.macs([(2, 7, 3)]) == 2 * 7 * per_unit * 5 * (3 + 5)
    n_bias = 4 if kind is GRU else per_unit
    assert spec.connections([(2, 7, 3)]) == 7 * 5 * (per_unit * (3 + 5) + n_bias)


@KINDS
def test_memory_without_backward(kind):
    """A net that only runs forward keeps the units of one step."""
    spec, shapes = case(kind, "", [(1, 1, 1)]).spec, [(2, 50, 3)]
    decls = {b: spec.scratch(shapes, open_backend("numpy"), backward=b) for b in (True, False)}
    assert decls[False].keys() == {"weights", "inputs", "units", "step"}
    assert decls[True]["units"].shape[1] == 51 * decls[False]["units"].shape[1]


@pytest.mark.parametrize("shape", [(4,), (4, 0), (4, 0, 3)], ids=str)
def test_no_sequence(shape):
    """A bottom without time steps is refused."""
    with pytest.raises(ShapeError, match=r"is no sequence\n  expected \(N, T, …\)"):
        case(RNN, "", [(1, 1, 1)]).spec.top_shapes([shape])


@pytest.mark.parametrize("shape", [(4,), (4, 6), (3, 5), (4, 5, 1)], ids=str)
def test_second_bottom_of_another_shape(shape):
    """There must be one number for each sample and step."""
    with pytest.raises(ShapeError, match=r"second bottom has the shape .*\n  expected 4×5"):
        case(RNN, "", [(1, 1, 1)]).spec.top_shapes([(4, 5, 2), shape])


@KINDS
@pytest.mark.parametrize("value", [2.0, -1.0, 0.5, np.nan])
def test_a_continuation_is_0_or_1(kind, value):
    """Any other number is refused with its row and step, and not taken for a 1."""
    net = net_of(
        f"""
        - {{name: in, type: Input, batch_size: 3, tops: [x, cont],
           shapes: {{x: [4, 2], cont: [4]}}}}
        - {{name: one, type: {kind.__name__}, output_dim: 3, bottoms: [x, cont], tops: [h]}}
        """
    )
    net.fed("cont")[...] = 1
    net.forward()
    net.fed("cont")[1, 2] = value
    with pytest.raises(
        BatchError, match=rf"'one' .* holds {value:g} in row 1, step 2 of the batch"
    ):
        net.forward()
