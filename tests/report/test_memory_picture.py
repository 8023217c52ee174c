"""The memory plan as a picture."""

from __future__ import annotations

import numpy as np
from support.shipped_nets import shrunk

from graphnet.backend import open_backend
from graphnet.draw.shapes import Rect
from graphnet.net.compiled import compile_net
from graphnet.report.memory_picture import memory_picture


def test_arrays_that_matter_at_the_same_time_do_not_overlap():
    """Each region a box for each of its lives, within the frame, as high as it has bytes."""
    compiled = compile_net(
        shrunk("lenet5"), "train", open_backend("numpy"), np.dtype("float32"), "needed"
    )
    picture = memory_picture(compiled)
    frame = next(s for s in picture.groups[0].shapes if isinstance(s, Rect))
    arrays = [group for group in picture.groups if group.kind == "array"]
    boxes = [s for group in arrays for s in group.shapes if isinstance(s, Rect)]
    regions = {id(region): region for region in compiled.plan.regions.values()}
    assert len(arrays) == len(regions) > 10
    assert len(boxes) == sum(len(region.lives) for region in regions.values())
    step = frame.height / compiled.plan.n_bytes
    assert sorted(round(box.height / step) for box in boxes) == sorted(
        region.n_bytes for region in regions.values() for _ in region.lives
    )
    for i, a in enumerate(boxes):
        assert frame.y - 1e-6 <= a.y
        assert a.y + a.height <= frame.y + frame.height + 1e-6
        assert frame.x - 1e-6 <= a.x
        assert a.x + a.width <= frame.x + frame.width + 1e-6
        for b in boxes[:i]:
            beside = a.x + a.width <= b.x + 1e-6 or b.x + b.width <= a.x + 1e-6
            above = a.y + a.height <= b.y + 1e-6 or b.y + b.height <= a.y + 1e-6
            assert beside or above
    names = {name for group in arrays for name in group.name.split(", ")}
    assert {blob.name for blob in compiled.graph.blobs.values()} <= names
