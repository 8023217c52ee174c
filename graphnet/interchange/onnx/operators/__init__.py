"""What each operator of ONNX becomes: its translator, and the table of all."""
