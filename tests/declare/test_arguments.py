"""What public functions are given: answered in graphnet's words, whatever it is."""

from __future__ import annotations

from inspect import isroutine

import numpy as np
import pytest

import graphnet as gn
from graphnet.declare.arguments import bare, expect, expect_one_of, spelled_out, whole_number
from graphnet.errors import GraphnetError, SpecError
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import cut
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.state import SolverState

NET = """
- {name: d, type: MemoryData, batch_size: 4, tops: [x, label]}
- {name: ip, type: InnerProduct, output_dim: 2, bottoms: [x], tops: [ip]}
- {name: loss, type: SoftmaxLoss, bottoms: [ip, label]}
"""
X, Y = np.linspace(0, 1, 30).reshape(10, 3), np.arange(10) % 2
INPUTS = {"x": X, "label": Y}


def net(**keywords):
    return gn.load_net(NET, **{"inputs": INPUTS, **keywords})


def solver():
    return gn.load_solver({"max_iter": 2})


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A net, a solver, and what is neither."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET)
    (tmp_path / "solver.yaml").write_text("max_iter: 3\n")
    (tmp_path / "model.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))


#: What is called, and what the message holds.
CALLS = [
    # solve
    (lambda: gn.solve(net(), solver()), "expected a Solver first, found a Net\n  the solver comes"),
    (lambda: gn.solve("solver.yaml", net()), "found the text 'solver.yaml'\n  load it first: loa"),
    (lambda: gn.solve(gn.SolverSpec(max_iter=1), net()), "make one of it: Solver(spec)"),
    (lambda: gn.solve(solver(), None), "a net that load_net has made, found nothing"),
    (lambda: gn.solve(solver(), "net.yaml"), "load it first: net = load_net('net.yaml')"),
    (lambda: gn.solve(solver(), gn.Net), "found the class Net"),
    (lambda: gn.solve(solver(), net(), max_iter=3), "solve: unknown key 'max_iter'\n  expected"),
    (lambda: gn.solve(solver()), "solve: missing 'net'\n  it takes: solver, net, fresh, reporter"),
    (lambda: gn.solve(solver(), net(), reporter=print), "reporter: expected a Reporter, found a"),
    # predict
    (lambda: net().predict(), "Net.predict: missing 'inputs'\n  it takes: inputs"),
    (lambda: net().predict(inpts=X), "unknown key 'inpts'\n  did you mean 'inputs'?"),
    (lambda: net().predict({}), "predict: nothing is fed\n  give an array for each input: "),
    (lambda: net().evaluate(n=3), "Net.evaluate: unknown key 'n'"),
    (lambda: net().forward(3), "Net.forward: it takes nothing; 3 is the first too many"),
    (lambda: net().forward(x=X), "Net.forward: unknown key 'x'"),
    (lambda: net().backward(1.0), "Net.backward: it takes nothing; 1.0 is the first too many"),
    (lambda: net().sibling(), "Net.sibling: missing 'phase'\n  it takes: phase"),
    (lambda: solver().solve(), "Solver.solve: missing 'net'\n  it takes: net, fresh, reporter"),
    (lambda: solver().solve(net(), epochs=3), "Solver.solve: unknown key 'epochs'"),
    (lambda: net().predict(None), "arrays by blob, found nothing\n  write net.predict({'x': …})"),
    (lambda: net().predict("abc"), "expected arrays by blob, found the text 'abc'"),
    (lambda: net().predict({"y": X}), "net 'net' has no blob 'y'\n  there is: x, la"),
    (lambda: net().predict({"ipp": X}), "no blob 'ipp'\n  did you mean 'ip'?"),
    (lambda: net().predict({"x": X[:, :2]}), "'x' has the shape (10, 2), expected (n, 3)"),
    (lambda: net().predict(X[0]), "'x' has the shape (3,), expected (n, 3)\n  add a batch axis"),
    (lambda: net().predict({"x": "abc"}), "'x' holds <U3 values, not numbers"),
    (lambda: net().predict({"x": X * 1j}), "'x' holds complex128 values, not real numbers"),
    (lambda: net().predict([[1, 2, 3], [1]]), "'x': the rows have different shapes"),
    # load_net
    (lambda: gn.load_net("model.h5"), "model.h5:1:1: this is an HDF5 file, not YAML"),
    (lambda: gn.load_net("solver.yaml"), "solver.yaml:1:1: this is a solver, not a net"),
    (lambda: gn.load_net("nett.yaml"), "there is no such file\n  did you mean 'net.yaml'?"),
    (lambda: gn.load_net("."), ".: this is a directory"),
    (lambda: gn.load_net(None), "found nothing"),
    (lambda: gn.load_net(3), "found 3"),
    (lambda: gn.load_net(["a"]), "a layer is a mapping with 'name' and 'type', found the text 'a'"),
    (lambda: gn.load_net(gn.layers.ReLU(name="r")), "this is one layer, and a net is a list of"),
    (lambda: gn.load_net(solver()), "found a Solver"),
    (lambda: gn.load_net(gn.SolverSpec(max_iter=1)), "found SolverSpec("),
    (lambda: net(phase="training"), "phase: expected 'train' or 'test', found the text 'training'"),
    (lambda: net(phase="validation"), "did you mean 'test'?"),
    (lambda: net(backend="gpu"), "there is no backend 'gpu'\n  did you mean 'cupy'?"),
    (lambda: net(backend="cpu"), "did you mean 'numpy'?"),
    (lambda: net(backend=3), "there is no backend 3"),
    (lambda: net(dtype="float16"), "expected 'float32' or 'float64', found the text 'float16'"),
    (lambda: net(dtype=np.int32), "expected 'float32' or 'float64', found the class int32"),
    (lambda: net(keep="conv9"), "found the text 'conv9'\n  for one blob write keep=['conv9']"),
    (lambda: net(keep=["ipp"]), "keep: there is no blob 'ipp'\n  did you mean 'ip'?"),
    (lambda: net(keep=None), "keep: expected 'all', 'needed' or a list of blob names, found noth"),
    (lambda: net(seed=-1), "seed: expected a whole number of at least 0, found -1"),
    (lambda: net(seed="a"), "seed: expected a whole number of at least 0, found the text 'a'"),
    (lambda: net(seed=1.5), "found 1.5"),
    (lambda: net(threads=0), "threads: expected a whole number of at least 1, found 0"),
    (lambda: net(threads="2"), "found the text '2'"),
    (lambda: net(memory_limit="4GiB"), "memory_limit, in bytes: expected a whole number"),
    (lambda: net(inputs=X), "inputs: expected arrays by the names of tops, found an array of shap"),
    (lambda: net(inputs={"xx": X, "label": Y}), "no MemoryData layer has the top 'xx'\n  did you"),
    (lambda: net(inputs={"x": X}), "no arrays were given for 'x', 'label'"),
    (lambda: net(inputs={"x": X, "label": Y[:5]}), "unequal numbers of rows: 'x' has 10, 'label'"),
    (lambda: net(inputs={"x": X.astype(str), "label": Y}), "'x' holds <U"),
    (lambda: net(inputs={"x": [[1], [1, 2]], "label": Y}), "inputs: 'x': the rows have different"),
    (lambda: net(inputs={"x": None, "label": Y}), "inputs: 'x' holds object values"),
    (
        lambda: gn.SolverSpec(max_iter=1, coffee_breaks=[gn.TrainingSummary()]),
        "write Solver(spec).add_coffee_break(…)",
    ),
    (lambda: net(share="net"), "share: expected a net that load_net has made, found the text"),
    (lambda: net(frozen=["ipp"]), "frozen: net 'net' has no layer 'ipp'\n  did you mean 'ip'?"),
    (lambda: gn.load_net(NET, fase="test"), "load_net: unknown key 'fase'\n  did you mean 'phase'"),
    (gn.load_net, "load_net: missing 'source'"),
    # load_solver
    (lambda: gn.load_solver("net.yaml"), "net.yaml:2:1: this is a net, not a solver"),
    (lambda: gn.load_solver(NET), "the text:2:1: this is a net, not a solver"),
    (lambda: gn.load_solver(None), "load_solver: expected a YAML file or a dict, found nothing"),
    (lambda: gn.load_solver(gn.SolverSpec(max_iter=1)), "write Solver(spec)"),
    (lambda: gn.load_solver({"max_itr": 1}), "unknown key 'max_itr'\n  did you mean 'max_iter'?"),
    # weights
    (lambda: gn.load_weights(net(), "net.yaml"), "net.yaml: is not a graphnet snapshot or model"),
    (lambda: gn.load_weights(net(), "no.h5"), "no.h5: there is no such run, snapshot or model"),
    (lambda: gn.load_weights(net(), None), "expected the path of a file or folder, found nothing"),
    (lambda: gn.load_weights("model.h5", net()), "found the text 'model.h5'"),
    (lambda: gn.save_model("m.h5", net()), "save_model: expected a net that load_net has made"),
    (lambda: gn.save_model(net(), "nofolder/m.h5"), "nofolder/m.h5: cannot be written"),
    (lambda: gn.save_model(net()), "save_model: missing 'path'"),
    (lambda: gn.save_model(net(), "m\0.h5"), "save_model: expected the path of a file or folder"),
    # breaks
    (lambda: solver().add_coffee_break(gn.TrainingSummary, every_n_iter=1), "make one: TrainingSu"),
    (lambda: solver().add_coffee_break(print, every_n_iter=1), "derive its class from CoffeeBreak"),
    (lambda: solver().add_coffee_break(gn.TrainingSummary()), "it is never due\n  give every_n_it"),
    (lambda: solver().add_coffee_break(gn.TrainingSummary(), every=1), "write 'every_n_iter' or"),
    (
        lambda: solver().add_coffee_break(gn.TrainingSummary(), every_n_iter="10"),
        "every_n_iter: expected a whole number of at least 0, found the text '10'",
    ),
    (lambda: solver().add_coffee_break(gn.TrainingSummary(), every_n_iter=1.5), "found 1.5"),
    (lambda: solver().setup_coffee_lounge(every_n_iter="a"), "every_n_iter: expected a whole num"),
    (lambda: solver().setup_coffee_lounge(file_exists="owerwrite"), "did you mean 'overwrite'?"),
    (lambda: solver().setup_coffee_lounge(3), "save_into: expected the path of a file or folder"),
    (lambda: gn.ValidationPerformance("net"), 'leave it out, or load one with phase="test"'),
    # the rest
    (lambda: net().fed("y"), "fed: expected 'x' or 'label', found the text 'y'"),
    (lambda: net().sibling("validate"), "phase: expected 'train' or 'test', found the text"),
    (lambda: gn.check_gradients("net.yaml"), "load it first: net = load_net('net.yaml')"),
    (lambda: gn.check_gradients(solver()), "found a Solver\n  write check_gradients(net)"),
    (lambda: gn.check_gradients(net(), step=-1), "step: expected a number above 0, found -1"),
    (lambda: gn.check_gradients(net(), step="a"), "step: expected a number above 0, found the te"),
    (lambda: gn.check_gradients(net(), max_elements=0), "max_elements: expected a whole number"),
    (lambda: gn.time_net("net.yaml"), "load it first: net = load_net('net.yaml')"),
    (lambda: gn.time_net(net(), 0), "n_steps: expected a whole number of at least 1, found 0"),
    (lambda: gn.Net("net.yaml"), "Net: missing 'store' and 'seed'"),
    (lambda: gn.Net("net.yaml", 1, 2), "Net: expected a compiled net, found the text 'net.yaml'"),
    (lambda: gn.Solver("solver.yaml"), "write Solver(SolverSpec(max_iter=…)), or load_solver("),
    (lambda: gn.Solver({"max_iter": 1}), "Solver: expected a SolverSpec, found a mapping"),
    (lambda: gn.Solver(max_iter=10), "Solver: unknown key 'max_iter'"),
    # Caffe
    (gn.interchange.load_caffe, "load_caffe: missing 'prototxt'\n  it takes: prototxt,"),
    (lambda: gn.interchange.load_caffe(3), "prototxt: expected the path of a file or folder, f"),
    (lambda: gn.interchange.load_caffe("net.yaml"), "net.yaml: is YAML, as nets of graphnet are"),
    (lambda: gn.interchange.load_caffe("n.prototxt", phase="tets"), "did you mean 'test'?"),
    (lambda: gn.interchange.import_caffe("n.prototxt"), "import_caffe: missing 'to'"),
    (lambda: gn.interchange.import_caffe("n.prototxt", 3), "to: expected the path of a file"),
    (lambda: gn.interchange.export_caffe(net(), "n.prototxt"), "net: expected the path of a file"),
    (lambda: gn.interchange.export_caffe("net.yaml"), "export_caffe: missing 'to'"),
    (lambda: gn.interchange.export_caffe("net.yaml", "n.prototxt", phase="x"), "phase: expected"),
]  # fmt: skip


@pytest.mark.usefixtures("files")
@pytest.mark.filterwarnings("ignore:.*validation is on the training rows")
@pytest.mark.parametrize("place", range(len(CALLS)))
def test_what_is_said(place):
    """Never the interpreter's own words; the place, what was found, what was expected, the cure."""
    call, message = CALLS[place]
    with pytest.raises(GraphnetError) as caught:  # noqa: PT011  # the message is looked at
        call()
    said = str(caught.value)
    assert message in said
    assert not any(word in said for word in ("<class", "object at 0x", "Traceback", "argument"))


@pytest.mark.parametrize(
    "made",
    [net, solver, lambda: cut(net(), 2, LocalCommunicator()), CoffeeLounge, SolverState],
)
def test_no_public_method_answers_in_the_interpreters_words(made):
    """Of nets and solvers, whatever they are called with."""
    one, called = made(), 0
    for name in dir(one):
        if name[0] != "_" and callable(method := getattr(one, name)) and isroutine(method):
            calls = [((0,) * 9, {}), ((), {"qqq": 1})][: 1 if name == "update_run" else 2]
            for args, keywords in calls:  # update_run takes keywords of any name
                with pytest.raises(
                    SpecError, match=f"{name}: (expected at most|it takes nothing|unknown key)"
                ):
                    method(*args, **keywords)
            called += 1
    assert called > 4


def test_a_type_error_within_a_call_that_fits_is_left_as_it_is():
    """It is another's, with its own trace."""

    @spelled_out
    def brew(cups):
        return cups + "sugar"

    with pytest.raises(TypeError, match="unsupported operand"):
        brew(2)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: net().fit(X, Y), r"a Net has no attribute 'fit'\n  train it: solve\(Solver\("),
        (lambda: net().eval(), r"phase=\"test\", share=net\).evaluate\(\)"),
        (lambda: net().cuda(), r'backend="cupy"'),
        (lambda: net().parameters(), r"they are net.params\[layer\]\[name\].data"),
        (lambda: cut(net(), 2, LocalCommunicator()).fit(), "a ShardedNet has no attribute 'fit'"),
        (
            lambda: solver().fit(net()),
            "a Solver has no attribute 'fit'\n  it trains a net by solve",
        ),
        (lambda: net().qqq, "object has no attribute 'qqq'"),
        (lambda: solver().qqq, "object has no attribute 'qqq'"),
    ],
)
def test_what_is_called_otherwise_elsewhere(use, message):
    """The methods of other frameworks lead to what there is here."""
    with pytest.raises(AttributeError, match=message):
        use()


@pytest.mark.parametrize("made", [net, solver, lambda: cut(net(), 2, LocalCommunicator())])
def test_what_is_called_otherwise_is_not_there(made):
    """A hint never hides what there is."""
    assert not any(hasattr(made(), name) for name in type(made())._elsewhere)


@pytest.mark.usefixtures("files")
def test_what_is_taken():
    """A text, a path as a text, an array alone, NumPy's numbers and types."""
    assert net().name == "net"
    assert (
        gn.load_net("net.yaml", inputs=INPUTS, dtype=np.float64, seed=np.int64(3)).store.seed == 3
    )
    assert gn.load_solver("max_iter: 3\nseed: 4\n").spec.seed == 4
    made = net()
    np.testing.assert_array_equal(made.predict(X)["ip"], made.predict({"x": X})["ip"])
    np.testing.assert_array_equal(made.predict(X.tolist())["ip"], made.predict(X)["ip"])


def test_two_inputs_are_not_guessed():
    """An array alone is for the one top of the data that is computed with."""
    made = gn.load_net(
        "- {name: d, type: Input, batch_size: 2, shapes: {a: [3], b: [3]}, tops: [a, b]}\n"
        "- {name: s, type: ElementWise, bottoms: [a, b], tops: [s]}\n"
    )
    with pytest.raises(SpecError, match=r"write net.predict\(\{'a': …, 'b': …\}\)"):
        made.predict(X)


def test_spelled_out():
    """What a call has too much, too little, twice or under another name."""

    @spelled_out
    def brew(cups, *, sugar=0, milk=0):
        """Coffee."""
        return cups, sugar, milk

    assert brew(2, milk=1) == (2, 0, 1)
    assert brew.__doc__ == "Coffee."
    for args, keywords, said in (
        ((), {}, "missing 'cups'\n  it takes: cups, sugar, milk"),
        ((1, 2), {}, "expected at most 1 positional arguments, found 2; 2 is the first too many"),
        ((1,), {"cups": 2}, "'cups' is given twice, by position and by keyword"),
        ((1,), {"suger": 2}, "unknown key 'suger'\n  did you mean 'sugar'?"),
    ):
        with pytest.raises(SpecError, match="brew: ") as caught:
            brew(*args, **keywords)
        assert said in str(caught.value)


def test_bare_methods():
    """For the loop: what the class defines, bound, and nothing around it."""
    state = SolverState()
    assert bare(state.advance).__func__ is SolverState.advance.__wrapped__
    assert bare(state.advance).__self__ is state
    plain = "text".upper
    assert bare(plain) is plain


def test_expectations():
    """Nothing where it fits."""
    expect(True, "a", "b", 3)
    expect_one_of("a", "b", ("b", "c"))
    assert whole_number("a", np.int32(3), 3) == 3
    with pytest.raises(SpecError, match=r"^a: expected b, found 3$"):
        expect(False, "a", "b", 3)
    for value in (True, 2.0, None):
        with pytest.raises(SpecError, match=r"^a: expected a whole number of at least 1, found "):
            whole_number("a", value, 1)
