"""What an attention has been found to be."""

from support.onnx_attention import attention
from support.onnx_files import needs_onnx

from graphnet.interchange.onnx.graph.value_graph import ValueGraph
from graphnet.interchange.onnx.operators.attention_reading import read_block


@needs_onnx
def test_a_block():
    """It stands for its nodes as one node does: what it reads, what it gives."""
    import onnx

    graph = attention(causal=-1e9, biases="qo").graph
    arrays = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    values = ValueGraph(list(graph.node), arrays, frozenset({"y"}), 22)
    (softmax,) = [node for node in graph.node if node.op_type == "Softmax"]
    found = read_block(values, softmax, values.scores_of(softmax))
    assert found.input == ("x", "wq", "bq", "wk", "wv", "wo", "bo")
    assert found.input[: found.n_blobs] == ("x",)
    assert found.output == ("y", "")
    assert (found.n_heads, found.causal, found.n_positions, found.mask) == (2, True, 5, False)
    assert {node.output[0] for node in found.nodes} == {n.output[0] for n in graph.node}
