"""The life of goroutines as a picture: in which states scheddetail saw them, and how they changed."""

from __future__ import annotations

import math
from typing import Any

from goscope.goruntime import goroutine_states as states
from goscope.life_cycle import LifeCycle, life_cycles
from goscope.renderers.html.section import Page, Section

#: Where each state stands in the picture: the usual ones in a ring, the rare ones at its edges.
_PLACES = {
    states.IDLE: (70, 60),
    states.DEAD: (70, 190),
    states.RUNNABLE: (250, 60),
    states.RUNNING: (430, 190),
    states.WAITING: (250, 320),
    states.SYSCALL: (620, 190),
    states.COPYSTACK: (620, 60),
    states.PREEMPTED: (620, 320),
    states.LEAKED: (70, 320),
    states.DEADEXTRA: (430, 320),
}
_ALWAYS = {states.RUNNABLE, states.RUNNING, states.WAITING, states.SYSCALL, states.DEAD}
_WIDE, _HIGH = 118, 46


def _build(page: Page) -> str | None:
    found = life_cycles(page.diagnosis.capture)
    if not found:
        return None
    return page.fill("life_cycle.html", cycles=[_picture(one) for one in found[:4]])


def _picture(found: LifeCycle) -> dict[str, Any]:
    total = sum(count for _, count in found.seen) or 1
    counts = dict(found.seen)
    drawn = [number for number in _PLACES if number in _ALWAYS or number in counts]
    nodes = [
        {
            "name": states.STATES[number].name,
            "meaning": states.STATES[number].meaning,
            "x": _PLACES[number][0],
            "y": _PLACES[number][1],
            "count": counts.get(number, 0),
            "share": 100 * counts.get(number, 0) / total,
        }
        for number in drawn
    ]
    changes = [
        (before, after, often)
        for before, after, often in found.changes
        if before in _PLACES and after in _PLACES
    ]
    return {
        "process": found.process,
        "samples": found.samples,
        "nodes": nodes,
        "edges": [_edge(*change, changes[0][2]) for change in changes[:30]],
        "changes": [
            (
                states.name_of_status(before),
                states.name_of_status(after),
                often,
                _made_by(before, after),
            )
            for before, after, often in found.changes[:40]
        ],
    }


def _made_by(before: int, after: int) -> str | None:
    """The runtime functions of a direct step; None if the states have no direct step."""
    for step in states.TRANSITIONS:
        passing = step.until is not None and step.until == step.since  # in one version only
        if (step.before, step.after) == (before, after) and not passing:
            return ", ".join(step.made_by[:4])
    return None


def _edge(before: int, after: int, often: int, most: int) -> dict[str, Any]:
    """A curved arrow between the edges of two boxes, bent to its left so that the way back is free."""
    (x1, y1), (x2, y2) = _PLACES[before], _PLACES[after]
    dx, dy = x2 - x1, y2 - y1
    length = math.hypot(dx, dy)
    bend = 26 + 0.07 * length
    mx, my = (x1 + x2) / 2 + dy / length * bend, (y1 + y2) / 2 - dx / length * bend
    sx, sy = _border(x1, y1, mx, my)
    ex, ey = _border(x2, y2, mx, my)
    return {
        "path": f"M{sx:.0f},{sy:.0f} Q{mx:.0f},{my:.0f} {ex:.0f},{ey:.0f}",
        "x": round((sx + 2 * mx + ex) / 4),
        "y": round((sy + 2 * my + ey) / 4),
        "often": often,
        "width": round(1 + 3 * math.log1p(often) / math.log1p(max(most, 50)), 1),
        "direct": _made_by(before, after) is not None,
        "before": states.STATES[before].name,
        "after": states.STATES[after].name,
    }


def _border(x: float, y: float, towards_x: float, towards_y: float) -> tuple[float, float]:
    """Where the line from a box's middle to a point leaves the box."""
    dx, dy = towards_x - x, towards_y - y
    scale = min(
        (_WIDE / 2 + 3) / abs(dx) if dx else math.inf, (_HIGH / 2 + 3) / abs(dy) if dy else math.inf
    )
    return x + dx * scale, y + dy * scale


SECTION = Section(40, "lifecycle", "Life of the goroutines", _build)
