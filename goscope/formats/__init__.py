"""One file per format: its grammar, how a record of it is recognised, the columns that it fills.

A module of this package that defines ``FORMAT`` is a format; nothing else registers it.
"""

from __future__ import annotations

import functools

from goscope.discovery import modules_of
from goscope.formats.format import Format


@functools.cache
def all_formats() -> tuple[Format, ...]:
    """Every format, in the order of their module names."""
    return tuple(m.FORMAT for m in modules_of(__name__, __path__) if hasattr(m, "FORMAT"))
