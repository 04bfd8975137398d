"""For every rule a text on which it fires and one on which it stays quiet; a rule without is a mistake."""

from __future__ import annotations

from dataclasses import dataclass

from tests.rules.dumps import HTTP_SERVER, KEEP_ALIVE, dump, goroutine, leaks

#: A dump or a log per text, oldest first.
Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule must see, and what it must not."""

    fires: Texts
    quiet: Texts


def sched(
    idle: int, runqueue: int = 0, local: str = "0 0 0 0", samples: int = 10, threads: int = 7
) -> str:
    """A log of 4 Ps, a line each second."""
    return "".join(
        f"SCHED {t}000ms: gomaxprocs=4 idleprocs={idle} threads={threads} spinningthreads=0 "
        f"needspinning=0 idlethreads=1 runqueue={runqueue} [ {local} ]\n"
        for t in range(1, samples + 1)
    )


GC = (
    "gc 7 @5.254s 3%: 0.77+0.33+0.004 ms clock, 1.5+0.18/0.40/0+0.008 ms cpu, 4->5->2 MB, 6 MB goal, "
    "0 MB stacks, 0 MB globals, 2 P\n"
)
SAMPLES = sched(2).splitlines(keepends=True)
OTHERS = [
    line.replace("gomaxprocs=4", "gomaxprocs=2").replace("000ms", "030ms") for line in SAMPLES
]

CASES = {
    "input-torn": Case(
        fires=(sched(2) + GC.replace("1.5+", "1.5+2026/11/24 01:43:00 served\n"),),
        quiet=(sched(2) + "2026/11/24 01:43:00 gc 7 was slow\n" + GC,),
    ),
    "input-truncated": Case(
        fires=(dump(goroutine(42, "chan send")) + "goroutine 43 [select]:\n",),
        quiet=(dump(goroutine(42, "chan send"), goroutine(43, "select")),),
    ),
    "input-mixed": Case(
        fires=("".join(a + b for a, b in zip(SAMPLES, OTHERS, strict=True)),),
        quiet=("".join(SAMPLES + OTHERS),),
    ),
    "leak-proven": Case(
        fires=(dump(goroutine(42, "chan send (leaked)")),),
        quiet=(dump(goroutine(42, "chan send")),),
    ),
    "leak-forever-blocked": Case(
        fires=(dump(goroutine(8, "chan receive (nil chan)")),),
        quiet=(dump(goroutine(8, "chan receive")),),
    ),
    "leak-growth": Case(
        fires=tuple(dump(*leaks(range(18, 18 + count))) for count in (10, 20, 30)),
        quiet=tuple(dump(*leaks(range(18, 28))) for _ in range(3)),
    ),
    "leak-long-wait": Case(
        fires=(dump(goroutine(42, "chan send, 5 minutes")),),
        quiet=(dump(goroutine(42, "IO wait, 90 minutes", where=KEEP_ALIVE, started=HTTP_SERVER)),),
    ),
    "sched-starving": Case(
        fires=(sched(0, runqueue=200, local="50 60 55 70"),),
        quiet=(sched(0, runqueue=3, local="1 0 2 0"),),
    ),
    "sched-blocked": Case(
        fires=(sched(4), dump(*leaks(range(18, 38), "sync.Mutex.Lock"))),
        quiet=(sched(4), dump(*leaks(range(18, 38), "IO wait"))),
    ),
    "sched-unbalanced": Case(fires=(sched(3),), quiet=(sched(0),)),
}
