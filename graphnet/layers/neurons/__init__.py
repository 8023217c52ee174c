"""Activation functions: layers of their own, and the property ``neuron``."""
