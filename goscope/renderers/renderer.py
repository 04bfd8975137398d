"""What a renderer consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from goscope.diagnosis.diagnosis import Diagnosis


@dataclass(frozen=True, slots=True)
class Renderer:
    """A renderer: its name for ``--format``, the file suffix that picks it, and what makes the page."""

    name: str
    suffix: str
    render: Callable[[Diagnosis], str]
