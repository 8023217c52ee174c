"""Measurements of graphnet beside its peers, taken side by side in one run."""
