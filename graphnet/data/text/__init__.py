"""Text as numbers: symbols, and windows of a text."""
