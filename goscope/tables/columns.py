"""Columns of the usual kinds, for schemas."""

from __future__ import annotations

from typing import Any

from goscope.tables.table import Column, Kind


def number(
    name: str, meaning: str, unit: str = "", *, kind: Kind = Kind.INT, **further: Any
) -> Column:
    """A column of numbers, whole ones mostly; ``further`` are fields of :class:`Column`."""
    return Column(name, kind, unit, meaning, **further)


def text(name: str, meaning: str, **further: Any) -> Column:
    """A column of texts."""
    return Column(name, Kind.TEXT, "", meaning, **further)


def flag(name: str, meaning: str) -> Column:
    """A column of flags, of which the absence of the word says no."""
    return Column(name, Kind.BOOL, "", meaning, default=False)
