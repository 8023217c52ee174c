"""Whether a net can be cut into shards, and the net of one shard."""

from __future__ import annotations

from dataclasses import replace

from graphnet.errors import SpecError
from graphnet.layers.base import Kind
from graphnet.net.compiled import CompiledNet
from graphnet.net.spec import NetSpec

_NO_MEAN = {
    "sum": "its loss is a sum over the samples, and shards take means\n"
    "  make it a mean, such as by another divisor, with a larger weight, or solve with shards: 1",
    None: "its class does not say whether its loss is a mean over the samples, and shards take"
    " means\n  if it is one, say so in the class: the property loss_reduction gives 'mean'; if"
    " not, solve with shards: 1",
}


def batch_size_of(whole: CompiledNet) -> int:
    """Rows of the batch that all data layers deliver.

    Raises:
        SpecError: If they deliver differently many.
    """
    sizes = {
        layer.name: layer.top_shapes[0][0]
        for layer in whole.layers
        if layer.kind is Kind.DATA and layer.tops
    }
    if len(set(sizes.values())) != 1:
        listed = ", ".join(f"'{name}' {size}" for name, size in sizes.items())
        raise SpecError(
            f"shards: the data layers must deliver batches of one size, found {listed or 'none'}",
            whole.spec.position,
        )
    return next(iter(sizes.values()))


def check_can_be_cut(whole: CompiledNet) -> None:
    """See that the net means the same in shards.

    Raises:
        SpecError: At a loss that is no mean, an output, or a layer that mixes samples.
    """
    for layer in whole.layers:
        with layer.located():
            if layer.spec.hands_out:
                raise SpecError(
                    "an output would get the shards of this rank alone\n"
                    "  give it 'phase: test', or solve with shards: 1"
                )
            if layer.spec.mixes_samples:
                raise SpecError(
                    "it computes the samples of a batch together, and a shard has a part of them"
                    "\n  solve with shards: 1"
                )
            if layer.kind is Kind.LOSS and layer.spec.loss_reduction != "mean":
                raise SpecError(_NO_MEAN[layer.spec.loss_reduction])


def spec_of_shard(whole: CompiledNet, size: int) -> NetSpec:
    """The net with data layers that deliver so many rows.

    Raises:
        SpecError: If a data layer delivers whole batches only.
    """
    nodes = []
    for node in whole.spec.nodes:
        if node.spec.kind is Kind.DATA and node.spec.phase in (None, whole.phase):
            with node.located():
                nodes.append(replace(node, spec=node.spec.with_batch_size(size)))
        else:
            nodes.append(node)
    return whole.spec.with_nodes(nodes)
