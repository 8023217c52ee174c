"""The methods: the one table from a YAML ``method`` to its class."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, TypeAlias

from pydantic import Field

from graphnet.declare.fields import ByName
from graphnet.declare.user_types import OrUserClass
from graphnet.solver.methods.adadelta import Adadelta
from graphnet.solver.methods.adagrad import Adagrad
from graphnet.solver.methods.adam import Adam
from graphnet.solver.methods.adamw import AdamW
from graphnet.solver.methods.base import Method
from graphnet.solver.methods.nesterov import Nesterov
from graphnet.solver.methods.rmsprop import RMSProp
from graphnet.solver.methods.sgd import SGD

METHODS: Mapping[str, type[Method]] = MappingProxyType(
    {
        "Adadelta": Adadelta,
        "Adagrad": Adagrad,
        "Adam": Adam,
        "AdamW": AdamW,
        "Nesterov": Nesterov,
        "RMSProp": RMSProp,
        "SGD": SGD,
    }
)

AnyMethod: TypeAlias = Annotated[
    SGD | Nesterov | Adam | AdamW | Adagrad | Adadelta | RMSProp,
    Field(discriminator="type"),
    OrUserClass(Method),
    ByName,
]
