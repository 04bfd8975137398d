"""Pages made of a diagnosis. Renderers only format; they compute nothing.

A module of this package, or of one in it, that defines ``RENDERER`` is a renderer; nothing else registers it.
"""

from __future__ import annotations

import functools
from pathlib import Path

from goscope.discovery import modules_defining
from goscope.errors import UsageError
from goscope.renderers.renderer import Renderer


@functools.cache
def all_renderers() -> tuple[Renderer, ...]:
    """Every renderer, in the order of their names."""
    found = (m.RENDERER for m in modules_defining("RENDERER", __name__, __path__))
    return tuple(sorted(found, key=lambda one: one.name))


def renderer_named(name: str) -> Renderer:
    """The renderer with this name; raises UsageError if there is none."""
    for one in all_renderers():
        if one.name == name:
            return one
    raise UsageError(
        f"no report is called {name!r}; there are {' '.join(r.name for r in all_renderers())}"
    )


def renderer_for(path: Path) -> Renderer:
    """The renderer that the suffix of a file asks for; raises UsageError if none does."""
    fitting = [r for r in all_renderers() if path.name.lower().endswith(r.suffix)]
    if fitting:
        return max(fitting, key=lambda renderer: len(renderer.suffix))
    known = " ".join(renderer.suffix for renderer in all_renderers())
    raise UsageError(f"{path}: no report has the suffix {path.suffix!r}; there are {known}")
