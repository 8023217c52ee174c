"""The NumPy backend: the reference, and fast on processors."""
