"""Layers that combine or change elements, or reduce them along an axis."""
