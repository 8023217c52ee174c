"""Tests of graphnet.draw.dot."""

from draw.test_diagram import DATA, drawn

from graphnet.draw.dot import dot


def test_a_net():
    """Boxes, and an edge for each reader with the blob's name and shape."""
    text = dot(
        drawn(
            DATA % ("'da\"ta'", ""),
            "{name: ip, type: InnerProduct, bottoms: [data], tops: [ip], output_dim: 2}",
            phases=("train",),
        )
    )
    assert text.startswith('digraph "net" {\n')
    assert '  n0 [label="da\\"ta\\nMemoryData\\nbatch_size 2", fillcolor="#e3e8ef"' in text
    assert '  n0 -> n1 [label="data 3×8×8"];' in text
    assert text.endswith("}\n")
