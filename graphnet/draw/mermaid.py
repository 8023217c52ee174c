"""A diagram as Mermaid's text, which code hosts and notebooks draw."""

from __future__ import annotations

from graphnet.draw.diagram import Box, Diagram
from graphnet.draw.theme import THEME


def mermaid(diagram: Diagram) -> str:
    """The diagram as the text of an ``.mmd`` file."""
    ids = {key: f"n{i}" for i, key in enumerate(diagram.boxes)}
    lines = ["flowchart TD"]
    for i, block in enumerate(diagram.blocks):
        members = "; ".join(ids[key] for key in block.boxes)
        lines.append(f'  subgraph b{i} ["{_escaped(block.text)}"]; {members}; end')
    for key, box in diagram.boxes.items():
        lines.append(f'  {ids[key]}["{"<br/>".join(map(_escaped, box_texts(box)))}"]:::{box.room}')
    for blob_key, blob in diagram.blobs.items():
        label = _escaped(f"{blob_key.name} {blob.shape}".strip())
        source = ids[blob_key.producer]
        lines += [f'  {source} -- "{label}" --> {ids[reader]}' for reader in blob.readers]
    for room in dict.fromkeys(box.room for box in diagram.boxes.values()):
        look = THEME[room].light
        lines.append(f"  classDef {room} fill:{look.fill},stroke:{look.stroke},color:#1b1f27")
    return "\n".join([*lines, ""])


def box_texts(box: Box) -> list[str]:
    """What a box says, line by line."""
    name = f"{box.key.name} ({box.key.phase})" if box.key.phase else box.key.name
    kind = f"{box.type}, frozen" if box.is_frozen else box.type
    shared = [f"params of {box.shares_with}"] if box.shares_with else []
    return [name, kind, *box.settings, *shared, *box.folded]


def _escaped(text: str) -> str:
    """Without what Mermaid takes for its own."""
    return "".join(c if c.isalnum() or c in " _-.,/()=×·%" else f"#{ord(c)};" for c in text)
