"""Learned params, declared once: their YAML keys, defaults and descriptions all follow.

    class InnerProduct(LayerSpec):
        learned = {"weight": Learned(Xavier(), L2Regu()), "bias": Learned(lr=2.0)}

gives the keys ``weight_init``, ``weight_regu``, ``weight_cons`` and ``weight_lr``, the same four
for ``bias``, and ``self.decl("weight", shape)``, which makes the param's declaration from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import Field

from graphnet.blob import Shape
from graphnet.declare.fields import Model, NonNegativeFloat
from graphnet.params.constraints import AnyConstraint, Constraint, NoCons
from graphnet.params.initializers import AnyInitializer, Constant, Initializer
from graphnet.params.param import ParamDecl
from graphnet.params.regularizers import AnyRegularizer, NoRegu, Regularizer

_KINDS = ("init", "regu", "cons", "lr")


@dataclass(frozen=True)
class Learned:
    """The defaults of a learned param's keys.

    Attributes:
        init: Its initializer.
        regu: Its regularizer.
        lr: Its rate relative to the solver's.
        inits: The type of initializers it takes. Default: any.
    """

    init: Initializer = field(default_factory=Constant)
    regu: Regularizer = field(default_factory=NoRegu)
    lr: float = 1.0
    inits: Any = AnyInitializer

    def keys(self, name: str) -> dict[str, tuple[Any, Any]]:
        """The type and the field of each key of the param of that name."""
        return {
            f"{name}_init": (self.inits, _field(self.init, f"The initializer of {name}.")),
            f"{name}_regu": (AnyRegularizer, _field(self.regu, f"The regularizer of {name}.")),
            f"{name}_cons": (AnyConstraint, _field(NoCons(), f"The norm constraint of {name}.")),
            f"{name}_lr": (
                NonNegativeFloat,
                _field(self.lr, f"The rate of {name} as a multiple of the solver's."),
            ),
        }


def _field(default: Any, description: str) -> Any:
    return Field(default=default, description=description)


class HasLearned(Model):
    """A spec whose learned params are declared in ``learned``.

    A subclass may declare further ones; the keys of its bases' it inherits.
    """

    #: The learned params by name.
    learned: ClassVar[Mapping[str, Learned]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        """Add the keys, before pydantic collects the fields."""
        super().__init_subclass__(**options)
        for name, declared in cls.__dict__.get("learned", {}).items():
            for key, (kind, default) in declared.keys(name).items():
                cls.__annotations__[key] = kind
                setattr(cls, key, default)

    def param_keys(self) -> dict[str, Any]:
        """What the keys about learned params say, such as ``weight_lr``."""
        return {key: value for key, value in self if key.rpartition("_")[2] in _KINDS}

    def unstated_lr(self, name: str) -> float | None:
        """The rate of a learned param where it is the default; None if it is stated, or not there.

        A param is not there if it is not declared, or if the key of its name is false.
        """
        key = f"{name}_lr"
        if key in self.model_fields_set or not getattr(self, name, True):
            return None
        rate: float | None = getattr(self, key, None)
        return rate

    def init_of(self, name: str) -> Initializer:
        """How a learned param starts."""
        init: Initializer = getattr(self, f"{name}_init")
        return init

    def decl(self, name: str, shape: Shape) -> ParamDecl:
        """The declaration of a learned param of that shape."""
        regu: Regularizer = getattr(self, f"{name}_regu")
        cons: Constraint = getattr(self, f"{name}_cons")
        return ParamDecl(shape, self.init_of(name), regu, cons, getattr(self, f"{name}_lr"))
