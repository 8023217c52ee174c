"""A run on several ranks: one leads, the others keep step."""
