"""Losses: what a net is trained to make small."""
