"""Layers that cut, join, repeat or see their bottoms in another shape, and compute nothing."""
