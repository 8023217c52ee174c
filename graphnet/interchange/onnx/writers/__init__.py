"""What each layer of graphnet becomes in ONNX: its writer, and the table of all."""
