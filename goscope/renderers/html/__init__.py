"""The report that people share: one HTML file, no network, with charts."""

from __future__ import annotations

from goscope.renderers.html.page import page
from goscope.renderers.renderer import Renderer

RENDERER = Renderer("html", ".html", page)
