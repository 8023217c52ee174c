"""Mocha.jl: its exchange models in HDF5, and the params of its snapshots."""
