"""The part of a net that tells how it is declared and what it reads."""

from __future__ import annotations

from typing import Any

from graphnet.data.fingerprint import fingerprints
from graphnet.data.record import DataRecord
from graphnet.declare.arguments import methods_spelled_out
from graphnet.layers.base import Phase
from graphnet.net.compiled import CompiledNet
from graphnet.net.outputs import output_files
from graphnet.net.running_net import RunningNet
from graphnet.net.sources import data_record


@methods_spelled_out
class DescribedNet(RunningNet):
    """A net that runs, and knows its spec.

    Attributes:
        compiled: The graph, the params, the memory plan.
    """

    compiled: CompiledNet

    @property
    def yaml_text(self) -> str:
        """The declared net as YAML, defaults left out, as a snapshot records it."""
        return self.compiled.spec.to_yaml()

    def data_summary(self) -> dict[str, Any]:
        """The source each data layer of the spec reads, of every phase, by layer name."""
        nodes = self.compiled.spec.data_nodes()
        return {n.name: n.spec.data_source or type(n.spec).__name__ for n in nodes}

    def data_fingerprints(self) -> dict[str, dict[str, str]]:
        """What tells each file of each data layer, of every phase, from another of its name.

        Raises:
            DataError: If one cannot be read.
        """
        nodes = [n for n in self.compiled.spec.data_nodes() if n.spec.data_source]
        return {n.name: fingerprints(n.spec.data_files()) for n in nodes}

    def data_record(self) -> DataRecord:
        """What the samples of each data layer are like, of every phase whose data are here."""
        return data_record(self.compiled.spec)

    def output_files(self) -> list[str]:
        """The files that layers of the spec write, of every phase."""
        return output_files(self.compiled.spec)

    def statistic_keys(self, phase: Phase) -> list[str] | None:
        """What a phase of the same spec measures; None where it cannot be told."""
        return self.compiled.spec.statistic_keys(phase)
