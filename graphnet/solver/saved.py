"""Saved: what a coffee break may keep in a snapshot."""

from __future__ import annotations

from typing import TypeAlias

Saved: TypeAlias = float | int | str | bool | None
