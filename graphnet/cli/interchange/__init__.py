"""``graphnet import``: models of other frameworks."""
