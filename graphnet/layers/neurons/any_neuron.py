"""AnyNeuron: what ``neuron:`` of a layer takes; a pass makes it a layer in place on the top."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from graphnet.declare.fields import ByName
from graphnet.layers.neurons.bnll import BNLL
from graphnet.layers.neurons.elu import ELU
from graphnet.layers.neurons.exp import Exp
from graphnet.layers.neurons.exponential import Exponential
from graphnet.layers.neurons.gelu import GELU
from graphnet.layers.neurons.hardswish import Hardswish
from graphnet.layers.neurons.identity import Identity
from graphnet.layers.neurons.log import Log
from graphnet.layers.neurons.lrelu import LReLU
from graphnet.layers.neurons.mish import Mish
from graphnet.layers.neurons.relu import ReLU
from graphnet.layers.neurons.sigmoid import Sigmoid
from graphnet.layers.neurons.softplus import Softplus
from graphnet.layers.neurons.swish import Swish
from graphnet.layers.neurons.tanh import Tanh

AnyNeuron: TypeAlias = Annotated[
    ReLU
    | LReLU
    | ELU
    | GELU
    | Swish
    | Hardswish
    | Mish
    | Softplus
    | BNLL
    | Sigmoid
    | Tanh
    | Exponential
    | Exp
    | Log
    | Identity,
    Field(discriminator="type"),
    ByName,
]
