"""Pooling on processors."""
