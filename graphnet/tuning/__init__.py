"""Tuning: the range of useful learning rates, and sweeps over settings."""
