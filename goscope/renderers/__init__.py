"""Pages made of a diagnosis. Renderers only format; they compute nothing.

A module of this package that defines ``RENDERER`` is a renderer; nothing else registers it.
"""

from __future__ import annotations

import functools

from goscope.discovery import modules_of
from goscope.renderers.renderer import Renderer


@functools.cache
def all_renderers() -> tuple[Renderer, ...]:
    """Every renderer, in the order of their module names."""
    return tuple(m.RENDERER for m in modules_of(__name__, __path__) if hasattr(m, "RENDERER"))
