"""What a section of the page consists of, and the templates that they share.

A module of this package that defines ``SECTION`` is a section; nothing else registers it.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Site
from goscope.goruntime.function_names import is_standard_library, short_name
from goscope.renderers.quantities import duration, plural, weight
from goscope.renderers.safe_text import safe

if TYPE_CHECKING:
    import jinja2

#: No text of the input is longer than this on the page, and a name in a chart not longer than that.
_LONGEST = 600
_LONGEST_LABEL = 160
_JOINT = re.compile(r"(?<=[/.:_])(?=\w)|(?<=\w)(?=\()")


@dataclass(slots=True)
class ReportPage:
    """What sections are made of: the diagnosis, and the figures that the charts take from the page."""

    diagnosis: Diagnosis
    charts: dict[str, Any] = field(default_factory=dict)

    def fill(self, template: str, **values: Any) -> str:
        """A template with values; everything in it is escaped."""
        values = {"diagnosis": self.diagnosis, "capture": self.diagnosis.capture, **values}
        return environment().get_template(template).render(values, url=self.diagnosis.links.url)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page; ``build`` returns None if there is nothing to show."""

    order: int
    anchor: str
    title: str
    build: Callable[[ReportPage], str | None]


def shown(text: str, *, longest: int = _LONGEST) -> str:
    """Text of the input as the page shows it: no control characters, no passwords, not too long."""
    if len(text) <= longest:
        return safe(text, longest=longest)
    return safe(text, longest=longest) + f" (cut: {len(text):,} characters)"


def label(text: str) -> str:
    """A short form for charts, where a hover shows the rest."""
    return shown(text, longest=_LONGEST_LABEL)


def data_block(data: Mapping[str, Any]) -> str:
    """JSON that may stand inside a script element: nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def rounded(value: float) -> float | int | None:
    """A number with no more digits than a chart needs; None for what is none."""
    if not math.isfinite(value):
        return None
    if value == int(value):
        return int(value)
    return float(f"{value:.6g}")


@functools.cache
def environment() -> jinja2.Environment:
    """The templates. What is put into them is made harmless and then escaped."""
    import jinja2

    def harmless(value: Any) -> Any:
        return shown(value) if type(value) is str else value

    made = jinja2.Environment(
        loader=jinja2.PackageLoader("goscope.renderers.html"),
        autoescape=True,
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters["short"] = short_name
    made.filters["soft"] = _soft
    made.filters["number"] = _number
    made.filters["value"] = _value
    made.filters["weight"] = weight
    made.filters["plural"] = plural
    made.filters["duration"] = duration
    made.tests["library"] = _is_library
    return made


def _soft(text: str) -> str:
    """A text that may be broken where paths and names have their joints, rather than inside a word."""
    import markupsafe

    return markupsafe.Markup("<wbr>").join(_JOINT.split(shown(text)))


def _number(value: int) -> str:
    return f"{value:,}"


def _value(value: float | int | str) -> str:
    """A figure as it is spoken: 12,345 and 0.25, and text as it is."""
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _is_library(site: Site) -> bool:
    return bool(site.function) and is_standard_library(site.function or "")
