"""Layers that work on the height and width of images."""
