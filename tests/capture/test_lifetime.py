"""Captures die when nobody holds them any more: no cache of a module is keyed on one."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import goscope
from goscope.renderers import all_renderers

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
