"""Recurrent layers, unrolled in time."""
