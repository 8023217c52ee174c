"""Serving: a trained net over HTTP."""
