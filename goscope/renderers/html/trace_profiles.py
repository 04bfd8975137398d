"""The profiles of traces: icicles and tables of the stacks that waited."""

from __future__ import annotations

from typing import Any

from goscope.analysis.traces.executions import Execution, place_of
from goscope.analysis.traces.view_profiles import TraceProfile, Weighed, profiles_of
from goscope.renderers.html.goroutines import icicle
from goscope.renderers.html.section import ReportPage, Section, shown
from goscope.renderers.html.trace_parts import fill_for_each_trace

#: Each profile by its name: what its stacks waited for, and what the stack is.
WORDS = {
    "sync": (
        "each other",
        "Channels, locks, select: where goroutines waited for other goroutines.",
    ),
    "network": ("the network", "Where goroutines waited for connections and pipes."),
    "syscall": ("system calls", "Where goroutines were in system calls."),
    "sched": (
        "a P",
        "Runnable, but not yet running: the stacks are of those that woke them, or of where they were "
        "preempted. The wait from creation to the first run is not in it.",
    ),
    "cpu": ("(CPU samples)", "Samples of the CPU profile that ran at the same time."),
}


def _build(page: ReportPage) -> str | None:
    def part(trace: Execution) -> dict[str, Any] | None:
        profiles = profiles_of(trace)
        if not profiles:
            return None
        page.charts.setdefault("profiles", []).append(list(map(_chart, profiles)))
        return {
            "profiles": profiles,
            "rows": [_row(p, one) for p in profiles for one in p.heaviest],
            "missing": [(p, p.missing) for p in profiles if p.missing],
        }

    return fill_for_each_trace(page, "trace_profiles.html", part, words=WORDS)


def _chart(profile: TraceProfile) -> dict[str, Any]:
    whole = f"waited for {WORDS[profile.kind][0]}" if profile.timed else "all samples"
    tree = icicle(profile.tree, whole, profile.missing)
    return {"kind": profile.kind, "timed": profile.timed, "tree": tree}


def _row(profile: TraceProfile, one: Weighed) -> dict[str, Any]:
    words = [
        *one.stack.functions,
        *(site.file or "" for site in one.stack.frames),
        one.reason or "",
    ]
    return {
        "profile": profile,
        "one": one,
        "place": place_of(one.stack),
        "share": f"{100 * one.weight / max(profile.weight, 1):.1f}",
        "search": shown(" ".join(dict.fromkeys(words)).lower(), longest=4000),
    }


SECTION = Section(23, "trace-profiles", "Waits by stack", _build)
