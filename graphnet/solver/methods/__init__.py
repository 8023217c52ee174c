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
from graphnet.solver.methods.lamb import LAMB
from graphnet.solver.methods.lion import Lion
from graphnet.solver.methods.muon import Muon
from graphnet.solver.methods.nesterov import Nesterov
from graphnet.solver.methods.rmsprop import RMSProp
from graphnet.solver.methods.schedule_free_adamw import ScheduleFreeAdamW
from graphnet.solver.methods.schedule_free_sgd import ScheduleFreeSGD
from graphnet.solver.methods.sgd import SGD

METHODS: Mapping[str, type[Method]] = MappingProxyType(
    {
        "Adadelta": Adadelta,
        "Adagrad": Adagrad,
        "Adam": Adam,
        "AdamW": AdamW,
        "LAMB": LAMB,
        "Lion": Lion,
        "Muon": Muon,
        "Nesterov": Nesterov,
        "RMSProp": RMSProp,
        "ScheduleFreeAdamW": ScheduleFreeAdamW,
        "ScheduleFreeSGD": ScheduleFreeSGD,
        "SGD": SGD,
    }
)

AnyMethod: TypeAlias = Annotated[
    SGD
    | Nesterov
    | Adam
    | AdamW
    | Adagrad
    | Adadelta
    | RMSProp
    | LAMB
    | Lion
    | Muon
    | ScheduleFreeAdamW
    | ScheduleFreeSGD,
    Field(discriminator="type"),
    OrUserClass(Method),
    ByName,
]
