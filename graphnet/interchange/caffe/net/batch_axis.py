"""Layers that work along the batch axis: the batch is joined to one sample, and parted behind them.

Such a layer is translated as if its bottoms had an axis before the batch axis, of size 1.
"""

from __future__ import annotations

from dataclasses import replace

from graphnet.interchange.caffe.layers.reading import AlongBatchError, Made, Reader, Translator

#: Whose tops have no axis in Caffe where they work along the batch: one number for all of it.
_NUMBERS = ("Reduction",)


def translated(translate: Translator, r: Reader, *, gives_blobs: bool) -> Made:
    """What a layer becomes, its batches joined where it works along the batch axis.

    Args:
        translate: Of its type.
        r: The layer.
        gives_blobs: Whether its tops are blobs here, which are parted again.
    """
    try:
        return translate(r)
    except AlongBatchError:
        if r.joined:
            raise
    names = {bottom: f"{r.name}.{bottom}.batch" for bottom in r.bottoms}
    joined = replace(
        r,
        joined=True,
        bottoms=tuple(names[bottom] for bottom in r.bottoms),
        tops=tuple(f"{top}.batch" for top in r.tops),
        shapes=tuple(None if shape is None else (1, *shape) for shape in r.shapes),
    )
    parts = gives_blobs and r.message["type"] not in _NUMBERS
    if gives_blobs and not parts:
        joined.tops = r.tops
    made = translate(joined)
    read = {bottom for layer in made.layers for bottom in layer["bottoms"]}
    before = [
        r.layer("JoinSamples", f"batch{i}", bottoms=[bottom], tops=[name])
        for i, (bottom, name) in enumerate(names.items())
        if name in read
    ]
    after = [
        r.layer("PartSamples", f"parted{i}", bottoms=[seen], tops=[top])
        for i, (top, seen) in enumerate(zip(r.tops, joined.tops, strict=True))
        if parts
    ]
    # the layer that has the params stays the last one that readers of the list look at
    made.before, made.after = [*before, *made.before], [*made.after, *after]
    return made
