"""Layers in which every output sees every input, or a row of a table."""
