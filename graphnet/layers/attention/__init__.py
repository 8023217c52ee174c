"""Layers that look at all positions of a sequence at once, and those that tell positions apart."""
