"""An evaluation shared out to ranks: every sample once, in the bits of one process."""

import pytest
from support.thread_ranks import all_of, run_ranks

from graphnet.errors import DataError, RankError
from graphnet.net.load_net import load_net
from graphnet.parallel.shared_evaluation import SharedEvaluation
from tests.parallel.recipe import layers, write_data


@pytest.fixture(autouse=True)
def _data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)


def shared(communicator, net, spoil=lambda _loaded: None):
    """What a rank has found, how many batches it has run, and where the data stands then."""
    loaded = load_net(net, "test", threads=1)
    spoil(loaded)
    n_run, forward = [], loaded.forward
    vars(loaded)["forward"] = lambda: (n_run.append(1), forward())
    evaluation = SharedEvaluation(loaded, communicator)
    evaluation.context.iteration = 5
    try:
        if communicator.rank == 0:
            found = evaluation.evaluate()
            communicator.broadcast("done")
        else:
            asked = communicator.broadcast(None)
            found = evaluation.take_part() if asked == ("evaluate", "test", None, 5) else asked
    finally:
        evaluation.close()
    return found, len(n_run), loaded.state_dict()["cursors"]


@pytest.mark.parametrize("ranks", [2, 3, 8])
def test_each_sample_counts_once(ranks):
    """23 samples in batches of 4: the same as alone, with fewer batches than ranks, too."""
    alone = load_net(layers(16), "test", threads=1)
    expected = alone.evaluate()
    alone.close()
    results = all_of(ranks, lambda communicator: shared(communicator, layers(16)))
    for found, _, cursors in results:
        assert found == expected
        assert cursors == {"test-data": 0}
    assert sum(n for _, n, _ in results) == 6
    assert max(n for _, n, _ in results) == -(-6 // ranks)


@pytest.mark.parametrize(
    "layer",
    [
        {"name": "kept", "type": "MemoryOutput", "bottoms": ["out"]},
        {"name": "rnn", "type": "RNN", "output_dim": 2, "stateful": True}
        | {"bottoms": ["steps"], "tops": ["h"]},
    ],
)
def test_what_one_rank_must_see_whole(layer):
    """Outputs, and state that goes from batch to batch: rank 0 runs it alone."""
    net = layers(16)
    net[-2]["phase"] = "train"
    if layer["type"] == "RNN":
        net.append({"name": "r", "type": "Reshape", "shape": [3, 1], "bottoms": ["out"]})
        net[-1]["tops"] = ["steps"]
    (found, n_run, _), other = all_of(2, lambda c: shared(c, [*net, layer]))
    assert (found.samples, n_run) == (23, 6)
    assert other[:2] == ("done", 0)


def test_silence_is_no_output():
    """It keeps nothing."""
    net = [*layers(16), {"name": "quiet", "type": "Silence", "bottoms": ["conv"]}]
    assert [n for _, n, _ in all_of(2, lambda c: shared(c, net))] == [3, 3]


def test_a_rank_that_cannot_read():
    """All fail together, and the rank is named."""

    def work(communicator):
        def spoil(loaded):
            if communicator.rank == 1:
                vars(loaded)["forward"] = fail

        def fail():
            raise DataError("the disk is gone")

        return shared(communicator, layers(16), spoil)

    first, second = run_ranks(2, work)
    assert isinstance(first, DataError)
    assert str(first) == "on rank 1 of 2: the disk is gone"
    assert second[0] is None


@pytest.mark.parametrize("rank", [0, 1])
def test_a_layer_of_the_users_own_that_fails(rank):
    """Nobody waits for a rank that has failed, in whatever way."""

    def work(communicator):
        def spoil(loaded):
            if communicator.rank == rank:
                vars(loaded)["forward"] = fail

        def fail():
            raise ZeroDivisionError("own")

        return shared(communicator, layers(16), spoil)

    first, second = run_ranks(2, work)
    assert isinstance(first, RankError if rank else ZeroDivisionError)
    assert "own" in str(first)
    assert second[0] is None
