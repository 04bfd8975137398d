"""What is taken of a live program, in which order, and what it can bear.

pprof's debug=2 stops all goroutines while their stacks are written: some 5 microseconds each and more,
2.3 s at 100,000, and Go cuts the text at 64 MiB. The counts of debug=1 stop it for less than a
millisecond. So a program with many goroutines is asked for counts only, unless the user wants it all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from goscope.errors import InputError
from goscope.sources.pprof_server import Page, PprofServer

#: pprof gives up at this size (runtime/pprof: writeGoroutineStacks).
CUT_AT = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many snapshots, how many seconds apart; from how many goroutines on only counts are taken."""

    snapshots: int = 3
    interval: float = 2.0
    full: bool = False
    bearable: int = 5_000
    leak_profile: bool = True


def pages_of(
    server: PprofServer,
    plan: Plan,
    *,
    sleep: Callable[[float], None] = time.sleep,
    report: Callable[[str], None] = lambda text: None,
) -> Iterator[Page]:
    """Take the snapshots, then threads, heap and leaks, each once; ``report`` hears what is done.

    Raises:
        InputError: the program cannot be asked any more; what was yielded before is good.
    """
    for number in range(1, plan.snapshots + 1):
        if number > 1:
            sleep(plan.interval)
        count = server.counts.get("goroutine", 0)
        whole = plan.full or count <= plan.bearable
        report(f"{server.name}: snapshot {number} of {plan.snapshots}, {count} goroutines")
        page = server.fetch("goroutine", "debug=2" if whole else "debug=1")
        if whole and len(page.content) >= CUT_AT and page.problem is None:
            why = f"Go cuts dumps at {CUT_AT >> 20} MiB; the program has {count} goroutines"
            page = replace(page, problem=why)
        yield replace(page, name=f"{page.name} #{number}")
        if not whole and number == 1:
            report(
                f"{server.name}: {count} goroutines: counts instead of a dump, which would stop the "
                f"program for about {count * 25e-6:.1f} s; --full takes it anyway"
            )
    for profile in ("threadcreate", "heap", "goroutineleak"):
        if profile not in server.counts or (profile == "goroutineleak" and not plan.leak_profile):
            continue
        report(f"{server.name}: {profile}")
        try:
            yield server.fetch(profile, "debug=1")
        except InputError:
            if profile != "goroutineleak":  # it is listed, and refuses where the build lacks it
                raise
