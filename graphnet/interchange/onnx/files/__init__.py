"""ONNX files: read, and put together; and the packages that do it."""
