"""Layers without bottoms: where a net's data come from."""
