"""Profiles on a terminal: how much, and where most of it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goscope.analysis.goroutines.profiles import ProfileSummary
from goscope.findings.findings import Site
from goscope.renderers.quantities import plural, weight
from goscope.renderers.safe_text import safe
from goscope.renderers.terminal.lines import wrapped

if TYPE_CHECKING:
    from rich.text import Text

_WEIGHED = {
    "goroutine": " running or waiting",
    "goroutineleak": " leaked",
    "heap": " in use",
    "allocs": " allocated",
    "mutex": " waited",
    "block": " waited",
    "cpu": " of CPU",
}
_COUNTED = {
    "inuse_bytes": "objects",
    "alloc_bytes": "objects",
    "delay_ns": "times",
    "cpu_ns": "samples",
}


def profile_lines(summary: ProfileSummary, width: int, *, most: int | None) -> list[Text]:
    """A line for the profile and one for each of its heaviest stacks, or the first of them."""
    from rich.text import Text

    whole = weight(summary.weight, summary.column) + _WEIGHED.get(summary.kind, "")
    head = f"{safe(summary.kind)} profile: {whole} in {plural(summary.stacks, 'stack')} "
    lines = wrapped(Text.assemble((head, "bold"), (f"({safe(summary.source)})", "dim")), width)
    if summary.truncated:
        lines += wrapped(Text("records are missing: the profile is cut", "yellow"), width, 2)
    for top in summary.heaviest[:most]:
        words = [weight(top.weight, summary.column)]
        if top.count is not None:
            words.append(f"({top.count:,} {_COUNTED[summary.column]})")
        words.append("no stack was recorded" if top.site is None else _place(top.site))
        if top.reason:
            words.append(f"in {safe(top.reason)}")
        lines += wrapped(" ".join(words), width, 2, 4)
    return lines


def _place(site: Site) -> str:
    place = safe(site.function or "?")
    return place if site.file is None else f"{place} {safe(site.file)}:{site.line}"
