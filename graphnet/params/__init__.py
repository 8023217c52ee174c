"""Learned params: how they start, how they are held small, and where they live."""
