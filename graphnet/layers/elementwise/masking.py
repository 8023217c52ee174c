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
            self.apply = elementwise(self.mask, mask, x.data, y.data)
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

    def mask(self, xp: Any, mask: Array, x: Array, y: Array) -> None:
        """U[0, 1) to scale where it is at least the ratio, else to 0; then y = mask · x."""
        xp.subtract(mask, self.spec.ratio, out=mask)
        xp.floor(mask, out=mask)  # 0 to keep, −1 to drop
        xp.add(mask, 1.0, out=mask)
        if self.spec.scale != 1:
            xp.multiply(mask, self.spec.scale, out=mask)
        xp.multiply(x, mask, out=y)

    def forward(self) -> None:
        if self.acts:
            context = self.context
            self.backend.fill_uniform(
                self.key, context.iteration, context.first_sample, self.scratch["mask"]
            )
        self.apply()


def _multiply(xp: Any, dy: Array, mask: Array, dx: Array) -> None:
    xp.multiply(dy, mask, out=dx)


def _nothing() -> None:
    """Done already."""
