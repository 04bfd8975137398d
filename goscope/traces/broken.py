"""What a trace may not hold."""

from __future__ import annotations


class DamagedTrace(Exception):
    """The bytes are no trace from here on; the message says why, in a few words."""
