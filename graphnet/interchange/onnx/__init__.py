"""ONNX: nets are written for other runtimes, and nets of other frameworks are read."""
