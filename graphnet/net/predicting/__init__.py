"""Predicting: which part of a net runs, on which rows, and the nets that are kept for it."""
