"""Random numbers that depend on what they are for, not on when or where they are drawn."""
