"""``graphnet data``."""
