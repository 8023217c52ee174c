"""Caffe: its text and wire formats, and what its nets, solvers and weights are in graphnet."""
