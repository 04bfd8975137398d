"""Captures die when nobody holds them any more: no cache of a module is keyed on one."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import goscope
from goscope.diagnosis.live_view import Watch
from goscope.renderers import all_renderers
from goscope.renderers.terminal.live_page import line, page
from tests.cli.running import SCHED
from tests.rules.dumps import dump, leaks

RUNS = Path(__file__).parents[2] / "fixtures" / "captures" / "go1.27"
SIX = ("leak_receiver", "cpu_starving", "gc_thrash", "lock_cycles", "threads_burst", "trace_leak")


def test_captures_that_were_diagnosed_and_rendered_are_freed() -> None:
    alive = []
    for name in SIX:
        capture = goscope.read(
            *sorted(p for p in (RUNS / name).iterdir() if ".json" not in p.suffixes)
        )
        diagnosis = goscope.diagnose(capture)
        assert all(renderer.render(diagnosis) for renderer in all_renderers())
        alive.append(weakref.ref(capture))
        del capture, diagnosis
    gc.collect()
    assert [name for name, one in zip(SIX, alive, strict=True) if one() is not None] == []


def test_a_hundred_looks_of_the_live_view_leave_only_the_last_capture() -> None:
    """What ``goscope watch`` does: the first dump and the latest one are read anew for each look."""
    dumps = [dump(*leaks(range(18, 18 + count))) for count in (5, 10, 20)]
    watched, alive = Watch(), []
    for number in range(100):
        diagnosis = goscope.diagnose(goscope.read(dumps[0], dumps[number % 3], SCHED))
        view = watched.look(diagnosis)
        assert line(view)
        assert page(view, "localhost:6060", "", width=80, height=24, ascii_only=True)
        alive.append(weakref.ref(diagnosis.capture))
    gc.collect()
    assert [number for number, one in enumerate(alive) if one() is not None] == [99]
