"""Which profiles are taken from a live program, in which order, and how its load is limited.

pprof's debug=2 stops the program while the stacks of all goroutines are written: 5 microseconds and more for
each, 2.3 s for 100,000, and Go cuts the text at 64 MiB. The counts by stack of debug=1 stop it for less than
a millisecond. So of a program with many goroutines only counts are taken, unless the user asks for dumps.

Counts cost something too: the program allocates 240 bytes for each goroutine (runtime/pprof:
writeRuntimeProfile), and the collection that this brings on makes its timers some 10 ms late while it
marks. So counts are taken again only if the index page says that there are more or fewer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from goscope.errors import InputError
from goscope.sources.live.pages import ProfilePage, SnapshotPlan
from goscope.sources.live.pprof_server import PprofServer

#: pprof gives up at this size (runtime/pprof: writeGoroutineStacks).
CUT_AT = 64 << 20
#: How long, in seconds for each goroutine, a busy machine may take before it sends a dump.
_PATIENCE = 200e-6
#: The longest such wait, whatever the number of goroutines.
_MOST_PATIENCE = 600.0
#: A smaller change of the number of goroutines is not worth another profile.
_STANDS_STILL = 10


def pages_of(
    server: PprofServer,
    plan: SnapshotPlan,
    *,
    sleep: Callable[[float], None] = time.sleep,
    report: Callable[[str], None] = lambda text: None,
) -> Iterator[ProfilePage]:
    """Take the snapshots, then threads, heap and leaks once each; ``report`` is called with each step.

    Raises:
        InputError: the program cannot be asked any more; what was yielded before is good.
    """
    taken = counted = 0
    for number in range(1, plan.snapshots + 1):
        if number > 1:
            sleep(plan.interval)
            server.count_again()
        count = server.counts.get("goroutine", 0)
        if number > 1 and stands_still(server, plan, counted):
            report(
                f"{server.label}: snapshot {number} of {plan.snapshots}, {count} goroutines still"
            )
            continue
        taken, counted = taken + 1, count
        yield snapshot(server, plan, number, taken, report)
    for profile in ("threadcreate", "heap", "goroutineleak") if plan.snapshots else ():
        if profile not in server.counts or (
            profile == "goroutineleak" and not _searches(server, plan)
        ):
            continue
        report(f"{server.label}: {profile}")
        taken += 1
        try:
            page = server.fetch(profile, "debug=1")
        except InputError:
            if profile != "goroutineleak":  # it is listed, and refuses where the build lacks it
                raise
        else:
            yield replace(page, program=server.label, file=f"{taken}-{profile}-debug1.txt")
    if plan.trace_seconds:
        yield trace(server, plan.trace_seconds, taken + 1, report)


def trace(
    server: PprofServer,
    seconds: float,
    taken: int,
    report: Callable[[str], None] = lambda text: None,
) -> ProfilePage:
    """Take an execution trace of ``seconds``; starting one stops the program for an instant."""
    report(
        f"{server.label}: tracing for {seconds:g} s; this costs it 1 to 2 % of its CPU mostly, and if it is "
        "busy some MB a second"
    )
    page = server.fetch("trace", f"seconds={seconds:g}", patience=seconds)
    return replace(page, program=server.label, file=f"{taken}-trace.out")


def snapshot(
    server: PprofServer,
    plan: SnapshotPlan,
    number: int,
    taken: int,
    report: Callable[[str], None] = lambda text: None,
) -> ProfilePage:
    """A dump of all goroutines, or their counts by stack if the program has too many for a dump."""
    count = server.counts.get("goroutine", 0)
    whole = _whole(server, plan)
    report(f"{server.label}: snapshot {number} of {plan.snapshots}, {count} goroutines")
    debug = "debug=2" if whole else "debug=1"
    patience = min(count * _PATIENCE, _MOST_PATIENCE) if whole else 0.0
    page = server.fetch("goroutine", debug, patience=patience)
    if whole and len(page.content) >= CUT_AT and page.problem is None:
        why = f"Go cuts dumps at {CUT_AT >> 20} MiB; the program has {count} goroutines"
        page = replace(page, problem=why, by_go=True)
    if not whole and number == 1:
        report(
            f"{server.label}: {count} goroutines: counts instead of dumps, each of which would stop the "
            f"program for about {count * 25e-6:.1f} s; --full takes them anyway"
        )
    return replace(
        page,
        name=f"{page.name} #{number}",
        program=server.label,
        file=f"{taken}-goroutine-{debug.replace('=', '')}.txt",
    )


def stands_still(server: PprofServer, plan: SnapshotPlan, counted: int) -> bool:
    """Whether counts by stack would show nothing new: about as many goroutines as at the last snapshot."""
    count = server.counts.get("goroutine", 0)
    return not _whole(server, plan) and abs(count - counted) < _STANDS_STILL


def _searches(server: PprofServer, plan: SnapshotPlan) -> bool:
    """Whether the runtime is to search for leaks.

    The search marks what blocked goroutines hold while the program stands still: a quarter of a second
    with 100,000 leaked ones (runtime: findMaybeRunnableGoroutines in mark termination).
    """
    return plan.leak_profile and _whole(server, plan)


def _whole(server: PprofServer, plan: SnapshotPlan) -> bool:
    """Whether all goroutines are dumped, which stops the program: few enough, or --full."""
    return plan.full or server.counts.get("goroutine", 0) <= plan.bearable
