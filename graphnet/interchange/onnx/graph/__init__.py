"""An ONNX graph as its translators see it: nodes, values, constants and inputs."""
