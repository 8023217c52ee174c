"""SharedEvaluation: a pass over a whole data set, its batches shared out to the ranks.

What each batch has measured is collected and added up in the order of the batches, as one process
does it: the result is the same bits for any number of ranks.
"""

from __future__ import annotations

from traceback import format_exception
from typing import cast

import numpy as np

from graphnet.errors import GraphnetError, RankError, located
from graphnet.net.evaluation import Evaluation
from graphnet.net.net import Net
from graphnet.net.sources import OtherData
from graphnet.parallel.communicator import Communicator
from graphnet.sealed import Sealed

#: By layer name, what one batch adds to its sums.
Sums = dict[str, np.ndarray]


class SharedEvaluation(Sealed):
    """A net that rank 0 evaluates with the help of the others.

    A net that hands state from one batch to the next, or writes what it computes, is run by
    rank 0 alone.

    Attributes:
        name: The net's.
        context: What the running pass is about.

    Args:
        net: On every rank the same.
        communicator: To the other ranks.
        other: What the net reads in place of the data it declares.
    """

    def __init__(
        self, net: Net, communicator: Communicator, other: OtherData | None = None
    ) -> None:
        self._other = other
        self._net, self._communicator = net, communicator
        self.name, self.context, self.phase = net.name, net.context, net.phase
        self._is_alone = any(layer.spec.hands_out for layer in net.compiled.layers) or any(
            decl.per_batch
            for declared in net.compiled.declared.values()
            for decl in declared.state.values()
        )

    def evaluate(self) -> Evaluation:
        """Run every sample exactly once; to be called on rank 0, while the others serve it.

        Raises:
            GraphnetError: If a rank cannot read the data; it is named if it is another one.
            RankError: If a rank has gone.
        """
        if self._is_alone:
            return self._net.evaluate()
        self._communicator.broadcast(("evaluate", self.phase, self._other, self.context.iteration))
        return cast("Evaluation", self.take_part())

    def take_part(self) -> Evaluation | None:
        """Do this rank's batches; what all have found, or None if one of them has failed.

        Raises:
            GraphnetError: On rank 0, if a rank has failed, which is named if it is another one.
        """
        net, communicator = self._net, self._communicator
        found, error = self._run_safely()
        everyone = communicator.all_gather((found, error))
        for rank, (_, failed) in enumerate(everyone):
            if failed is not None and communicator.rank == 0:
                with located(None, f"on rank {rank} of {communicator.size}: " if rank else ""):
                    raise failed
            if failed is not None:
                return None
        here = net.state_dict()["statistics"]
        total = {name: np.zeros_like(sums) for name, sums in here.items()}
        for of_rank, _ in everyone:
            for of_batch in of_rank:
                for name, sums in of_batch.items():
                    total[name] += sums
        with net.put_back():
            net.load_state_dict({"statistics": total})
            return Evaluation(net.evaluation_size, net.statistics())

    def _run_safely(self) -> tuple[list[Sums], Exception | None]:
        """What this rank finds, and its error if it fails: the others must hear of either."""
        try:
            return self._run(), None
        except GraphnetError as error:
            return [], error
        except Exception as error:  # noqa: BLE001  # of the user's own code
            if self._communicator.rank == 0:
                return [], error
            return [], RankError("".join(format_exception(error)).rstrip())

    def _run(self) -> list[Sums]:
        """What each of this rank's batches has measured."""
        net, communicator, found = self._net, self._communicator, []
        size = net.batch_size
        n_batches = -(-net.evaluation_size // size)
        begin, end = (
            n_batches * rank // communicator.size
            for rank in (communicator.rank, communicator.rank + 1)
        )
        with net.evaluating(begin * size):
            for batch in range(begin, end):
                net.reset_statistics()
                net.context.first_sample = batch * size
                net.forward()
                found.append(net.state_dict()["statistics"])
        return found

    def close(self) -> None:
        """Release files and threads."""
        self._net.close()
