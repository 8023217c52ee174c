"""The named data sets: what they are, and how they get onto this machine."""
