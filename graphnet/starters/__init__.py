"""Nets to start from: those that come with graphnet, and new ones made from templates."""
