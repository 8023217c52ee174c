"""Tests of graphnet.draw.mermaid."""

from draw.test_diagram import DATA, drawn

from graphnet.draw.mermaid import mermaid


def test_a_net():
    """Boxes, edges with the blobs' names and shapes, colours."""
    text = mermaid(
        drawn(
            DATA % ("data", ", phase: train"),
            "{name: ip, type: InnerProduct, bottoms: [data], tops: [ip], output_dim: 2,"
            " neuron: ReLU, frozen: true}",
            phases=("train",),
        )
    )
    assert text.splitlines() == [
        "flowchart TD",
        '  n0["data (train)<br/>MemoryData<br/>batch_size 2"]:::data',
        '  n1["ip<br/>InnerProduct, frozen<br/>output_dim 2<br/>ReLU"]:::dense',
        '  n0 -- "data 3×8×8" --> n1',
        "  classDef data fill:#e3e8ef,stroke:#76849a,color:#1b1f27",
        "  classDef dense fill:#e4e0fa,stroke:#7467c4,color:#1b1f27",
    ]


def test_names_are_escaped():
    """What Mermaid takes for its own is written by number."""
    text = mermaid(
        drawn((DATA % ("x", "")).replace("name: x", "name: 'a\"]|b'"), phases=("train",))
    )
    assert '"a#34;#93;#124;b<br/>MemoryData' in text
