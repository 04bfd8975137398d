"""Pages made of a diagnosis. Renderers only format; they compute nothing.

A module of this package, or of one in it, that defines ``RENDERER`` is a renderer; nothing else registers it.
"""

from __future__ import annotations

import functools

from goscope.discovery import modules_defining
from goscope.renderers.renderer import Renderer


@functools.cache
def all_renderers() -> tuple[Renderer, ...]:
    """Every renderer, in the order of their names."""
    found = (m.RENDERER for m in modules_defining("RENDERER", __name__, __path__))
    return tuple(sorted(found, key=lambda one: one.name))
