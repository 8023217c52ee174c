"""Random masks: what Dropout and RandomMask share."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import assign
from graphnet.blob import Array, Shape
from graphnet.layers.base import Layer, LayerSpec, Phase, Reads, ScratchDecls, Shapes
from graphnet.random.keys import stream_key


class MaskSpec(LayerSpec):
    """One bottom, in place, of which a random part is set to zero."""

    in_place: ClassVar[bool] = True
    overwrites: ClassVar[bool] = True

    ratio: float = Field(default=0.5, ge=0, lt=1)

    def acts_in(self, phase: Phase) -> bool:
        """Whether anything is dropped in this phase."""
        return True

    @property
    def scale(self) -> float:
        """What is kept is multiplied by this."""
        return 1.0

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return [bottoms[0]]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        if not self.ratio:
            return {}
        lifetime = "pass" if backward else "call"
        return {"mask": ScratchDecl(bottoms[0], lifetime=lifetime, blob=True)}  # type: ignore[arg-type]

    def backward_reads(self) -> Reads:
        return Reads()


class MaskLayer(Layer[MaskSpec]):
    """Multiplies by a mask of 0 and ``scale``, newly drawn in each forward."""

    def setup(self) -> None:
        (x,), (y,) = self.bottoms, self.tops
        self.key = stream_key(self.context.seed, f"{self.name}/mask")
        # with a ratio of 0 no numbers are drawn
        self.acts = self.spec.ratio > 0 and self.spec.acts_in(self.context.phase)
        if self.acts:
            elementwise, mask = self.backend.elementwise, self.scratch["mask"]
            self.apply = elementwise(_multiply, x.data, mask, y.data)
            if x.diff is not None:
                self.bind_passes(backward=elementwise(_multiply, y.diff, mask, x.diff))
            return
        self.apply = self.copy(x.data, y.data)
        if x.diff is not None:
            self.bind_passes(backward=self.copy(y.diff, x.diff))

    def copy(self, source: Array, target: Array) -> Any:
        """A call that copies, or does nothing where both are the same memory."""
        if self.xp.may_share_memory(source, target):
            return _nothing
        return self.backend.elementwise(assign, target, source)

    def forward(self) -> None:
        if self.acts:
            now = self.context.iteration, self.context.first_sample
            ratio, scale = self.spec.ratio, self.spec.scale
            self.backend.fill_mask(ratio, scale, self.key, *now, self.scratch["mask"])
        self.apply()


def _multiply(xp: Any, x: Array, mask: Array, y: Array) -> None:
    xp.multiply(x, mask, out=y)


def _nothing() -> None:
    """Done already."""
