"""Data: named data sets, sources, the shuffle, transformers."""
