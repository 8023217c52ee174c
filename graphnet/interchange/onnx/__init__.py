"""ONNX: nets are written for other runtimes, and nets of other frameworks are read.

``files`` has its format; ``graph`` is what translators see, and ``operators`` says what each node
becomes; ``writers`` what a layer of graphnet becomes there.
"""
