"""GradientNoise: how much the gradients of samples differ, and so what batch is worth its time."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from graphnet.errors import SpecError
from graphnet.solver.coffee.base import CoffeeBreak, KeysOf, Saved
from graphnet.solver.coffee.items import checked
from graphnet.solver.gradient_noise import NoiseSums
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet


@checked
class GradientNoise(CoffeeBreak):
    """Says and records the simple noise scale of the gradient, in samples.

    It is ``noise_scale = tr Σ / |G|²``.

    Σ is the covariance of the gradient of one sample, G the true gradient. A batch (times
    ``iter_size``) far below the scale gives noise for most of a step, and a larger one allows a
    higher rate; far above it, a larger batch is hardly worth its time. Both are estimated, without
    bias, from the lengths of the gradients of the parts of an update and of their mean. Parts are
    its batches, if there are several (``iter_size``), or the ``shards`` of these; the numbers do
    not depend on ranks. Their means over all updates since the last report are divided, those left
    out that were skipped: give them 100 or more. Records ``noise_scale``, unless ``|G|²`` comes out
    at 0 or below, and ``gradient_norm``, the root mean square of the length of an update's
    gradient. Samples that depend on each other through a BatchNorm count as if they did not.

    Source:
        McCandlish et al. 2018, arXiv 1812.06162, section 2.2 and appendix A.1.

    Example:
        - {type: GradientNoise, every_n_iter: 200}
    """

    def __init__(self) -> None:
        """It has no keys."""
        self._sums: NoiseSums | None = None
        self._saved: Mapping[str, Saved] = {}

    def records(self, keys_of: KeysOf) -> Collection[str]:
        return ("noise_scale", "gradient_norm")

    def open(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Have the lengths added up.

        Raises:
            SpecError: If an update has one part.
        """
        self._sums = state.run.noise
        if self._sums is None:
            raise SpecError(
                "it compares the batches of an update, or their shards, and an update has one\n"
                "  give the solver an iter_size of at least 2, or shards"
            )
        self._sums.are_wanted = True
        if self._saved:
            self._sums.load_state_dict({k: float(v or 0) for k, v in self._saved.items()})

    def enjoy(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Report what has come together."""
        found = self._sums and self._sums.estimates(net.batch_size)
        if not self._sums or not found:
            return
        square, variance = found
        norm = self._sums.length()
        self._sums.reset()
        lounge.update_statistics("gradient_norm", norm)
        said = f"gradient at iteration {state.iter:,}: norm {norm:.4g}"
        if square > 0:
            lounge.update_statistics("noise_scale", variance / square)
            said += f", noise scale {variance / square:,.0f} samples"
        else:
            said += ", all noise"
        state.run.say(f"{said}; an update has {state.run.samples_per_iter:,}")

    def state_dict(self) -> dict[str, Saved]:
        return {} if self._sums is None else {**self._sums.state_dict()}

    def load_state_dict(self, saved: Mapping[str, Saved]) -> None:
        self._saved = dict(saved)
