"""Layers that do the same at every place of a channel: norms, scales, slopes."""
