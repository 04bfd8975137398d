"""One file per format: its grammar, how a record of it is recognised, the columns that it fills.

A module of this package, or of one in it, that defines ``FORMAT`` is a format; nothing else registers it.
"""

from __future__ import annotations

import functools

from goscope.discovery import modules_defining
from goscope.formats.format import Format

#: So many of its first bytes tell a binary format.
HEAD = 16


@functools.cache
def all_formats() -> tuple[Format, ...]:
    """Every format, in the order of their names."""
    found = (m.FORMAT for m in modules_defining("FORMAT", __name__, __path__))
    return tuple(sorted(found, key=lambda one: one.name))


def is_known_binary(head: bytes) -> bool:
    """Whether a binary format starts like this, so that the source need not refuse it."""
    return content_format(head[:HEAD]) is not None


def content_format(head: bytes) -> Format | None:
    """The binary format that an input which starts like this is of."""
    for found in all_formats():
        if found.content is not None and found.content.sign.match(head):
            return found
    return None
