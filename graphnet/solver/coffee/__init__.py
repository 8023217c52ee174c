"""The coffee breaks: the one table from a YAML ``type`` to its class."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import Discriminator, Tag

from graphnet.declare.fields import ByKeys
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.coffee.csv_log import CSVLog
from graphnet.solver.coffee.decay_on_validation import DecayOnValidation
from graphnet.solver.coffee.divergence_guard import DivergenceGuard
from graphnet.solver.coffee.early_stopping import EarlyStopping
from graphnet.solver.coffee.gradient_noise import GradientNoise
from graphnet.solver.coffee.items import BreakItem, CustomBreak, break_model
from graphnet.solver.coffee.plateau import Plateau
from graphnet.solver.coffee.snapshot import Snapshot
from graphnet.solver.coffee.spike_guard import SpikeGuard
from graphnet.solver.coffee.tensorboard import TensorBoard
from graphnet.solver.coffee.training_summary import TrainingSummary
from graphnet.solver.coffee.validation_performance import ValidationPerformance

COFFEE_BREAKS: Mapping[str, type[CoffeeBreak]] = MappingProxyType(
    {
        "CSVLog": CSVLog,
        "DecayOnValidation": DecayOnValidation,
        "DivergenceGuard": DivergenceGuard,
        "EarlyStopping": EarlyStopping,
        "GradientNoise": GradientNoise,
        "Plateau": Plateau,
        "Snapshot": Snapshot,
        "SpikeGuard": SpikeGuard,
        "TensorBoard": TensorBoard,
        "TrainingSummary": TrainingSummary,
        "ValidationPerformance": ValidationPerformance,
    }
)

#: The models that check the items in YAML.
BREAK_MODELS: Mapping[str, type[BreakItem]] = MappingProxyType(
    {name: break_model(cls) for name, cls in COFFEE_BREAKS.items()}
)

_CUSTOM = "module.Class"


def _tag(item: Any) -> str | None:
    """The tag of the model for an item: its type, or the one for all dotted paths."""
    kind = item.get("type") if isinstance(item, dict) else getattr(item, "type", None)
    if not isinstance(kind, str):
        return None
    return _CUSTOM if "." in kind else kind


if TYPE_CHECKING:
    AnyBreakItem: TypeAlias = BreakItem
else:  # a union of as many models as the table has
    AnyBreakItem = Annotated[
        reduce(
            or_,
            [Annotated[model, Tag(name)] for name, model in BREAK_MODELS.items()],
            Annotated[CustomBreak, Tag(_CUSTOM)],
        ),
        Discriminator(_tag),
        ByKeys,
    ]
