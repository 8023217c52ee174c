"""A diagram as Graphviz's DOT text, for those who have Graphviz."""

from __future__ import annotations

from graphnet.draw.diagram import Diagram
from graphnet.draw.mermaid import box_texts
from graphnet.draw.theme import THEME


def dot(diagram: Diagram) -> str:
    """The diagram as the text of a ``.dot`` file."""
    ids = {key: f"n{i}" for i, key in enumerate(diagram.boxes)}
    lines = [
        f"digraph {_quoted(diagram.title)} {{",
        '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11];',
        '  edge [fontname="Helvetica", fontsize=10, color="#8a93a1"];',
    ]
    for key, box in diagram.boxes.items():
        look = THEME[box.room].light
        dashed = ', style="rounded,filled,dashed"' if key.phase else ""
        label = _quoted("\n".join(box_texts(box)))
        lines.append(
            f'  {ids[key]} [label={label}, fillcolor="{look.fill}", color="{look.stroke}"{dashed}];'
        )
    for i, block in enumerate(diagram.blocks):
        members = " ".join(f"{ids[key]};" for key in block.boxes)
        lines.append(
            f'  subgraph cluster{i} {{label={_quoted(block.text)}; style="dashed"; {members}}}'
        )
    for blob_key, blob in diagram.blobs.items():
        label = _quoted(f"{blob_key.name} {blob.shape}".strip())
        source = ids[blob_key.producer]
        lines += [f"  {source} -> {ids[reader]} [label={label}];" for reader in blob.readers]
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
