"""The life of goroutines as a picture: in which states scheddetail saw them, and how they changed."""

from __future__ import annotations

import math
from typing import Any

from goscope.analysis.scheduler.goroutine_states import Step, Transitions, transitions_of
from goscope.goruntime import goroutine_states as states
from goscope.renderers.html.section import ReportPage, Section

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
_NUMBERS = {state.name: state.number for state in states.STATES}
_WIDE, _HIGH = 118, 46


def _build(page: ReportPage) -> str | None:
    found = [one for one in transitions_of(page.diagnosis.capture) if one.steps or one.shares]
    if not found:
        return None
    return page.fill("life_cycle.html", cycles=[_picture(one) for one in found[:4]])


def _picture(found: Transitions) -> dict[str, Any]:
    shares = {_NUMBERS[name]: share for name, share in found.shares if name in _NUMBERS}
    drawn = [s for s in found.steps[:30] if _place(s.before) and _place(s.after)]
    ends = {_NUMBERS[name] for step in drawn for name in (step.before, step.after)}
    nodes = [
        {
            "name": states.STATES[number].name,
            "meaning": states.STATES[number].meaning,
            "x": x,
            "y": y,
            "share": shares.get(number),
            "seen": number in shares or number in ends,
        }
        for number, (x, y) in _PLACES.items()
        if number in _ALWAYS or number in shares or number in ends
    ]
    most = max((step.count for step in drawn), default=1)
    return {
        "found": found,
        "nodes": nodes,
        "edges": [_edge(step, most) for step in drawn],
        "changes": [(step, _made_by(step)) for step in found.steps[:40]],
    }


def _place(name: str) -> tuple[int, int] | None:
    return _PLACES.get(_NUMBERS.get(name, -1))


def _made_by(step: Step) -> str | None:
    """The runtime functions of a direct step; None if the states have no direct step."""
    pair = _NUMBERS.get(step.before), _NUMBERS.get(step.after)
    for known in states.TRANSITIONS:
        if (known.before, known.after) == pair:
            return ", ".join(known.made_by[:4])
    return None


def _edge(step: Step, most: int) -> dict[str, Any]:
    """A curved arrow between the edges of two boxes, bent to its left so that the way back is free."""
    (x1, y1), (x2, y2) = _PLACES[_NUMBERS[step.before]], _PLACES[_NUMBERS[step.after]]
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
        "width": round(1 + 3 * math.log1p(step.count) / math.log1p(max(most, 50)), 1),
        "step": step,
    }


def _border(x: float, y: float, towards_x: float, towards_y: float) -> tuple[float, float]:
    """Where the line from a box's middle to a point leaves the box."""
    dx, dy = towards_x - x, towards_y - y
    scale = min(
        (_WIDE / 2 + 3) / abs(dx) if dx else math.inf, (_HIGH / 2 + 3) / abs(dy) if dy else math.inf
    )
    return x + dx * scale, y + dy * scale


SECTION = Section(40, "lifecycle", "Life of the goroutines", _build)
