"""Convolution on processors: lowered along the width, or by minimal filtering."""
