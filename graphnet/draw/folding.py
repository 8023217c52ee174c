"""A diagram in which a block that is repeated is drawn once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from graphnet.draw.diagram import BlobKey, Box, BoxKey, Diagram, DrawnBlob, DrawnBlock
from graphnet.net.folding import Folded, foldable
from graphnet.net.spec import NetSpec, Node


def folded(diagram: Diagram, spec: NetSpec) -> Diagram:
    """The diagram with the first block of each repetition alone, if all its blocks are alike.

    What the last block hands on is drawn as if the first one did; what one block hands to the next
    is left out.
    """
    made = {
        key: [blob for blob in diagram.blobs.values() if blob.key.producer == key]
        for key in diagram.boxes
    }

    def look(node: Node) -> object:
        box = diagram.boxes.get(_key(node))
        if box is None:  # a line in another box, or of a phase that is not drawn
            return type(node.spec).__name__
        shapes = [blob.shape for blob in made[box.key]]
        return box.type, box.settings, box.folded, box.is_frozen, box.n_params, box.macs, shapes

    for block in foldable(spec.nodes, look):
        diagram = _with_one(diagram, block)
    return diagram


def _key(node: Node) -> BoxKey:
    return BoxKey(node.name, node.spec.phase)


def _with_one(diagram: Diagram, block: Folded) -> Diagram:
    """The diagram with the first of some blocks."""
    first = {_key(node) for node in block.first} & diagram.boxes.keys()
    like = {_key(a): _key(b) for a, b in block.others if _key(a) in diagram.boxes}
    inside = first | like.keys()
    boxes = {
        key: _all_of(
            box, [diagram.boxes[other] for other, same in like.items() if same == key], block.count
        )
        if key in first
        else box
        for key, box in diagram.boxes.items()
        if key not in like
    }
    blobs: dict[BlobKey, DrawnBlob] = {}
    for blob in diagram.blobs.values():
        kept = _kept(blob, first, like, inside)
        if kept is not None:
            known = blobs.setdefault(kept.key, kept)
            known.readers += [r for r in kept.readers if r not in known.readers]
    drawn = DrawnBlock(block.name, block.count, tuple(key for key in boxes if key in first))
    return replace(diagram, boxes=boxes, blobs=blobs, blocks=(*diagram.blocks, drawn))


def _all_of(box: Box, others: Iterable[Box], times: int) -> Box:
    """A box that stands for others too: what they cost is added up."""
    alike = [box, *others]
    return replace(
        box,
        times=times,
        n_params=sum(b.n_params for b in alike),
        macs=sum(b.macs for b in alike),
        n_bytes=sum(b.n_bytes for b in alike),
        parts=tuple(part for b in alike for part in b.parts),
    )


def _kept(
    blob: DrawnBlob, first: set[BoxKey], like: Mapping[BoxKey, BoxKey], inside: set[BoxKey]
) -> DrawnBlob | None:
    """A blob of the folded diagram; None if it is not drawn."""
    maker = blob.key.producer
    if maker not in inside:
        readers = dict.fromkeys(like.get(reader, reader) for reader in blob.readers)
        return DrawnBlob(blob.key, blob.shape, list(readers))
    outside = [reader for reader in blob.readers if reader not in inside]
    if maker in first:
        own = [reader for reader in blob.readers if reader in first]
        goes_on = len(own) + len(outside) < len(blob.readers)
        if goes_on and not own and not outside:  # read by the next block alone
            return None
        return DrawnBlob(blob.key, blob.shape, [*own, *outside])
    key = BlobKey(blob.key.name, like[maker])
    return DrawnBlob(key, blob.shape, outside) if outside else None
