"""The profiles of traces: icicles and tables of the stacks that waited."""

from __future__ import annotations

from typing import Any

from goscope.analysis.traces.view_profiles import TraceProfile, Weighed, profiles_of
from goscope.analysis.traces.view_traces import place_of
from goscope.renderers.html.goroutines import icicle
from goscope.renderers.html.section import Page, Section, shown
from goscope.renderers.html.trace_parts import shown_traces

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


def _build(page: Page) -> str | None:
    parts = []
    for trace in shown_traces(page)[0]:
        profiles = profiles_of(trace)
        if not profiles:
            continue
        page.charts.setdefault("profiles", []).append(
            [
                {
                    "kind": p.kind,
                    "timed": p.timed,
                    "tree": icicle(
                        p.tree,
                        f"waited for {WORDS[p.kind][0]}" if p.timed else "all samples",
                        p.missing,
                    ),
                }
                for p in profiles
            ]
        )
        parts.append(
            {
                "trace": trace,
                "profiles": profiles,
                "rows": [_row(p, one) for p in profiles for one in p.heaviest],
                "missing": [(p, p.missing) for p in profiles if p.missing],
            }
        )
    return page.fill("trace_profiles.html", parts=parts, words=WORDS) if parts else None


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
