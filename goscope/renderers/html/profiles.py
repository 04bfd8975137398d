"""Profiles: what each weighs, and the stacks that make most of it."""

from __future__ import annotations

from goscope.renderers.html.section import ReportPage, Section

_SHOWN = 20


def _build(page: ReportPage) -> str | None:
    profiles = page.diagnosis.profiles
    if not profiles:
        return None
    return page.fill(
        "profiles.html", profiles=profiles[:_SHOWN], more=max(len(profiles) - _SHOWN, 0)
    )


SECTION = Section(35, "profiles", "Profiles", _build)
