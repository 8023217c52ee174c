"""Whether a net can be trained: a loss reaches all that learns, and a snapshot holds its state."""

from __future__ import annotations

from graphnet.errors import SpecError, TopologyError
from graphnet.layers.base import Kind
from graphnet.net.compiled import CompiledNet
from graphnet.net.flow import unreached
from graphnet.params.param import ParamStore


def check_learns(net: CompiledNet, store: ParamStore) -> None:
    """See that there is a loss, and that one reaches every param that learns.

    Raises:
        TopologyError: Otherwise, naming the layers.
    """
    name, position = net.spec.name, net.spec.position
    if not any(layer.kind is Kind.LOSS for layer in net.layers):
        raise TopologyError(
            f"net '{name}' has no loss in phase {net.phase}, so nothing can be learned\n"
            "  add a loss layer, such as SoftmaxLoss",
            position,
        )
    missed = unreached(net.graph)
    if missed:
        names = ", ".join(f"'{layer.name}'" for layer in missed)
        raise TopologyError(
            f"no loss depends on the params of {names}, so they cannot learn\n"
            "  connect them to a loss, or declare them 'frozen: true'",
            missed[0].position,
        )
    if not store.trainable():
        raise TopologyError(f"net '{name}' has no params that learn", position)


def check_carried(net: CompiledNet, store: ParamStore) -> None:
    """See that the store holds the state that the net's batches hand on, as snapshots need.

    The store holds that of the net it was made for; a net that shares it has its own elsewhere.

    Raises:
        SpecError: At the first layer whose state no snapshot would hold.
    """
    if net.declared is store.declared:
        return
    for layer in net.layers:
        if any(d.per_batch for d in layer.spec.state_decls(layer.bottom_shapes).values()):
            raise SpecError(
                f"{layer.subject}a snapshot would not hold the state that it hands from batch to"
                " batch, for the net shares the params of one loaded before it\n"
                "  load the net that is trained first, and let the others share its params",
                layer.position,
            )
