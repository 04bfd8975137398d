"""The diagnosis itself as a file, for :func:`goscope.load`."""

from __future__ import annotations

from goscope.diagnosis.saved import SUFFIX, saved_text
from goscope.renderers.renderer import Renderer

RENDERER = Renderer("saved", SUFFIX, saved_text)
