"""Backends: where arrays live and how the heavy operations run."""
