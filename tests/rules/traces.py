"""Writes gc lines and SCHED lines in the words of the Go runtime, for the tests of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def cycle(
    number: int,
    at_s: float,
    *,
    live: float = 20,
    goal: float = 40,
    assist: float = 0.0,
    background: float = 1.0,
    idle: float = 0.0,
    mark: float = 1.0,
    pause: str = "0.030",
    stacks: int = 0,
    procs: int = 4,
    more: str = "",
    kind: str = "",
) -> str:
    """The line of a GC cycle; the heap starts at its goal."""
    return (
        f"gc {number} @{at_s:.3f}s 3%{kind}: {pause}+{mark:.1f}+0.005 ms clock, "
        f"0.050+{assist:.1f}/{background:.1f}/{idle:.1f}+0.012 ms cpu, "
        f"{int(goal)}->{int(goal)}->{int(live)} MB, {int(goal)} MB goal, {stacks} MB stacks, "
        f"0 MB globals, {procs} P{more}\n"
    )


def _steady(_second: float) -> float:
    return 60.0


def every(
    seconds: float, until: float = 10.0, *, of: dict[str, object] | None = None, **parts: object
) -> str:
    """A cycle each so many seconds, all alike."""
    count = round(until / seconds)
    values = {**(of or {}), **parts}
    return "".join(cycle(n, n * seconds, **values) for n in range(1, count + 1))  # type: ignore[arg-type]


def heap(
    alive: Callable[[float], float],
    *,
    until: float = 60.0,
    pace: Callable[[float], float] = _steady,
) -> str:
    """The cycles of a program with this live heap (MB, at each second) that allocates at this pace.

    A cycle starts when the heap has grown to twice its live part, as with GOGC=100.
    """
    lines: list[str] = []
    now, live, goal = 0.0, 0.0, 4.0
    while (now := now + (goal - live) / pace(now)) <= until:
        live = alive(now)
        lines.append(cycle(len(lines) + 1, now, live=live, goal=goal))
        goal = max(4.0, 2 * live)
    return "".join(lines)


def sched(threads: Iterable[int], idle: int = 2, seconds: float = 1.0) -> str:
    """A SCHED line a second, with these counts of threads."""
    return "".join(
        f"SCHED {round(n * seconds * 1000)}ms: gomaxprocs=4 idleprocs=4 threads={count} "
        f"spinningthreads=0 needspinning=0 idlethreads={idle} runqueue=0 [ 0 0 0 0 ]\n"
        for n, count in enumerate(threads, 1)
    )
