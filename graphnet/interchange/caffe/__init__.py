"""Caffe: its text and wire formats, and what its nets, solvers and weights are in graphnet.

``files`` has its formats and ``databases`` its samples; ``net`` says what a net of Caffe's becomes,
and ``layers`` each of its layers; ``writers`` what a layer of graphnet becomes there.
"""
