"""For every rule a text on which it fires and one on which it stays quiet; a rule without is a mistake."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import CAPTURES
from tests.rules import traces
from tests.rules.dumps import HTTP_SERVER, KEEP_ALIVE, dump, goroutine, leaks, locking, own_dump

#: A dump or a log per text, oldest first.
Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule must see, and what it must not."""

    fires: Texts
    quiet: Texts
    count: int = 1  # how often it fires


def sched(
    idle: int, runqueue: int = 0, local: str = "0 0 0 0", samples: int = 10, threads: int = 7
) -> str:
    """A log of 4 Ps, a line each second."""
    return "".join(
        f"SCHED {t}000ms: gomaxprocs=4 idleprocs={idle} threads={threads} spinningthreads=0 "
        f"needspinning=0 idlethreads=1 runqueue={runqueue} [ {local} ]\n"
        for t in range(1, samples + 1)
    )


def deep(elided: int) -> str:
    """A goroutine deep in a recursion."""
    walk = "main.(*node).walk(0xc000012340)\n\t/app/main.go:20 +0x31\n"
    where = walk * 50 + f"...{elided} frames elided...\n" + walk * 50
    return dump(goroutine(18, "runnable", where=where.rstrip("\n")))


LOCKING = locking("main.(*cache).get", 0xC000012348, 0xC000012340)
ORPHAN = "main.query in goroutine 5\n\t/app/main.go:14 +0x66"
ASLEEP = "time.Sleep(0x3b9aca00)\n\t/usr/local/go/src/runtime/time.go:338 +0x165\nmain.poll()\n\t/app/main.go:60 +0x20"
BUSY = goroutine(7, "running", where="main.(*cache).fill(0xc000012340)\n\t/app/main.go:60 +0x20")

STACK = "goroutine 7 [running]:\nmain.f()\n\t/app/main.go:9 +0x1d\n"
PANIC = f"panic: boom\n\n{STACK}"
TIMEOUT = f"panic: test timed out after 1s\n\trunning tests:\n\t\tTestHang (1s)\n\n{STACK}"
GOLEAK = (
    "goleak: Errors on successful test run: found unexpected goroutines:\n"
    "[Goroutine 8 in state sleep, with main.f on top of the stack:\nmain.f()\n\t/app/main.go:9 +0x1d\n]\n"
)
RACE = "WARNING: DATA RACE\nRead at 0x00c000094028 by goroutine 8:\n  main.f()\n      /app/main.go:9 +0x1\n"

GC = (
    "gc 7 @5.254s 3%: 0.77+0.33+0.004 ms clock, 1.5+0.18/0.40/0+0.008 ms cpu, 4->5->2 MB, 6 MB goal, "
    "0 MB stacks, 0 MB globals, 2 P\n"
)
SAMPLES = sched(2).splitlines(keepends=True)
OTHERS = [
    line.replace("gomaxprocs=4", "gomaxprocs=2").replace("000ms", "030ms") for line in SAMPLES
]


def ticking(*, still: bool) -> str:
    """All Ps busy and one goroutine waits; one P's schedtick stands still or does not."""
    return "".join(
        f"SCHED {t}000ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=0 needspinning=1 "
        f"idlethreads=0 runqueue=1 [ 0 0 ] schedticks=[ {7 if still else 90 * t} {100 * t} ]\n"
        for t in range(1, 11)
    )


def stopped(cycle: int, at_s: float, ms: int) -> str:
    """A gc line whose first stop-the-world phase took so long."""
    return (
        f"gc {cycle} @{at_s:.3f}s 9%: {ms}+0.24+0.02 ms clock, {4 * ms}+0.1/0.2/0.1+0.08 ms cpu, "
        "4->4->1 MB, 5 MB goal, 0 MB stacks, 0 MB globals, 4 P\n"
    )


def fleet(*dumps: str) -> Texts:
    """What ``--save`` keeps of so many programs: the path of the folder."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    for number, text in enumerate(dumps, 1):
        path = Path(folder, f"{number}-web-{number}%3A6060.program", "1-goroutine-debug2.txt")
        path.parent.mkdir()
        path.write_text(text)
    return (folder,)


def traced(version: str, name: str) -> Texts:
    """A stored execution trace."""
    (path,) = (CAPTURES / version / name).glob("trace.out*")
    return (str(path),)


def dumps_of(name: str) -> Texts:
    """The stored dumps of a program."""
    return tuple(str(path) for path in sorted((CAPTURES / "go1.27" / name).glob("dump-?.txt*")))


CASES = {
    "fleet-outlier": Case(
        fires=fleet(
            dump(*leaks(range(18, 28))), dump(*leaks(range(18, 30))), dump(*leaks(range(18, 88)))
        ),
        quiet=fleet(
            dump(*leaks(range(18, 48))), dump(*leaks(range(18, 50))), dump(*leaks(range(18, 88)))
        ),
    ),
    "leak-cycle": Case(
        fires=(dump(goroutine(8, "sync.Mutex.Lock", where=LOCKING)),) * 2,
        quiet=(dump(goroutine(8, "sync.Mutex.Lock", where=LOCKING), BUSY),) * 2,
    ),
    "leak-orphan": Case(
        fires=(own_dump(goroutine(8, "chan send", started=ORPHAN)),) * 2,
        quiet=(
            own_dump(
                goroutine(8, "chan send", started=ORPHAN),
                goroutine(9, "sleep", where=ASLEEP, started=ORPHAN),
            ),
        )
        * 2,
    ),
    "leak-hot-site": Case(
        fires=(dump(*leaks(range(18, 1518, 10))),),
        quiet=(dump(*leaks(range(18, 168))),),
    ),
    "lock-contention": Case(
        fires=(dump(BUSY, *leaks(range(18, 30), "sync.Mutex.Lock", where=LOCKING)),),
        quiet=(dump(BUSY, *leaks(range(18, 27), "sync.Mutex.Lock", where=LOCKING)),),
    ),
    "goroutines-many": Case(
        fires=(dump(*leaks(range(18, 10_019))),),
        quiet=(dump(*leaks(range(18, 1_018))),),
    ),
    "goroutines-deep-stack": Case(fires=(deep(4900),), quiet=(deep(80),)),
    "crash": Case(fires=(PANIC,), quiet=(TIMEOUT, GOLEAK)),
    "test-timeout": Case(fires=(TIMEOUT,), quiet=(PANIC,)),
    "goleak-report": Case(fires=(GOLEAK,), quiet=(PANIC,)),
    "data-race": Case(fires=(RACE,), quiet=(PANIC,)),
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
    "sched-throttled": Case(
        fires=tuple(
            str(p) for p in (CAPTURES / "go1.27" / "throttled_http_full").glob("stderr.log*")
        ),
        quiet=tuple(str(p) for p in (CAPTURES / "go1.27" / "http_full").glob("stderr.log*")),
    ),
    "sched-unbalanced": Case(fires=(sched(3),), quiet=(sched(0),)),
    "sched-no-preemption": Case(fires=(ticking(still=True),), quiet=(ticking(still=False),)),
    "sched-stw-stuck": Case(
        fires=(traces.cycle(1, 2.0) + stopped(2, 4.0, 1300),),
        quiet=(traces.cycle(1, 2.0) + traces.cycle(2, 4.0),),
    ),
    "gc-thrash": Case(
        fires=(traces.every(0.04, live=57, goal=60, background=35, assist=10, mark=36),),
        quiet=(traces.every(0.04, live=57, goal=60, background=1),),
    ),
    "gc-pressure": Case(
        fires=(traces.every(0.04, live=20, goal=40, background=35, assist=5, mark=36),),
        quiet=(traces.every(0.04, live=20, goal=40, background=5, idle=80, mark=36),),
    ),
    "gc-assist-heavy": Case(
        fires=(traces.every(0.04, background=5, assist=15, mark=10),),
        quiet=(traces.every(0.04, background=15, assist=1, mark=10),),
    ),
    "gc-long-pause": Case(
        fires=(traces.every(1, pause="25"),),
        quiet=(traces.every(1) + traces.cycle(11, 11, pause="25"),),
    ),
    "gc-heap-growth": Case(
        fires=(traces.heap(lambda second: 10 + 2 * second),),
        quiet=(traces.heap(lambda second: 10 + 2 * min(second, 30)),),
    ),
    "gc-forced-often": Case(
        fires=(traces.every(0.5, more=" (forced)"),),
        quiet=(traces.every(0.5, kind=" (checking for goroutine leaks)", more=" (forced)"),),
    ),
    "gc-stack-heavy": Case(
        fires=(traces.every(1, live=20, stacks=96),), quiet=(traces.every(1, live=200, stacks=96),)
    ),
    "threads-growing": Case(
        fires=(traces.sched(range(10, 90, 4)),),
        quiet=(traces.sched([10, 20, 40, 60, *[80] * 16]),),
    ),
    "threads-near-limit": Case(
        fires=(traces.sched([8100] * 10),), quiet=(traces.sched([120] * 10),)
    ),
    "threads-locked": Case(
        fires=tuple(
            dump(*leaks(range(18, 18 + count), "chan receive, locked to thread"))
            for count in (10, 20, 30)
        ),
        quiet=(dump(*leaks(range(18, 22), "chan receive, locked to thread")),),
    ),
    "stall-child": Case(fires=dumps_of("stalled_child"), quiet=dumps_of("served_child")),
    "stall-clients": Case(fires=dumps_of("stalled_consumers"), quiet=dumps_of("served_consumers")),
    "stall-disk": Case(fires=dumps_of("stalled_pipe"), quiet=dumps_of("served_pipe")),
    "stall-peer": Case(fires=dumps_of("stalled_proxy"), quiet=dumps_of("served_proxy")),
    "trace-assist-heavy": Case(
        fires=traced("go1.27", "trace_gc"), quiet=traced("go1.27", "trace_cpu")
    ),
    "trace-gc-heavy": Case(fires=traced("go1.22", "trace_gc"), quiet=traced("go1.22", "trace_cpu")),
    "trace-idle-while-runnable": Case(
        fires=traced("go1.22", "trace_overcommitted"), quiet=traced("go1.22", "trace_sync")
    ),
    "trace-lock-convoy": Case(
        fires=traced("go1.25", "trace_sync"), quiet=traced("go1.25", "trace_http")
    ),
    "trace-never-ended": Case(
        fires=traced("go1.27", "trace_leak"), quiet=traced("go1.27", "trace_http"), count=3
    ),
    "trace-sched-latency": Case(
        fires=traced("go1.23", "trace_starving"), quiet=traced("go1.23", "trace_cpu")
    ),
    "trace-stw-long": Case(fires=traced("go1.27", "trace_stw"), quiet=traced("go1.27", "trace_gc")),
    "trace-syscall-handoff": Case(
        fires=traced("go1.27", "trace_files"), quiet=traced("go1.27", "trace_http")
    ),
    "trace-task-slow": Case(
        fires=traced("go1.22", "trace_tasks"), quiet=traced("go1.22", "trace_http"), count=2
    ),
}
