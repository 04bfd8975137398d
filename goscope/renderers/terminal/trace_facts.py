"""What a reader wants to know of an execution trace before anything else."""

from __future__ import annotations

import time

from goscope.analysis.traces.executions import Execution


def facts_of(trace: Execution) -> list[tuple[str, str]]:
    """Facts of a trace by their names, as text."""
    shares = trace.proc_shares
    facts = [
        ("format", f"{trace.format}"),
        ("events", f"{trace.total('events'):,}"),
        ("goroutines", f"{trace.total('goroutines'):,}"),
        ("Ps", f"{trace.total('procs'):,}"),
        (
            "Ps were",
            ", ".join(
                f"{100 * shares[n]:.0f} % {w}"
                for n, w in (
                    ("running", "running"),
                    ("syscall", "in system calls"),
                    ("idle", "idle"),
                )
            ),
        ),
        ("GC cycles", f"{trace.total('gc_cycles'):,}"),
    ]
    wall = trace.wall_start_ns
    if wall is not None and wall >= 0:
        try:
            began = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(wall // 1_000_000_000))
        except (OverflowError, ValueError, OSError):
            began = None
        if began:
            facts.append(("began", f"{began} UTC"))
    return facts
