"""Who can act, who made the dump, and who may wake whom."""

from __future__ import annotations

import pytest

import goscope
from goscope.analysis.waits.wakeup_graph import Dump, WakeSource, dumps_of
from tests.rules.dumps import HTTP_SERVER, KEEP_ALIVE, dump, goroutine, own_dump


def last(*texts: str) -> Dump:
    ((_, dumps),) = dumps_of(goscope.read(*texts))
    return dumps[-1]


SIGNALS = "os/signal.signal_recv()\n\t/go/src/runtime/sigqueue.go:152 +0x29"
SWEEP = "runtime.gopark(0x0?, 0x0?)\n\t/go/proc.go:435 +0xce\nruntime.bgsweep()\n\t/go/m.go:1 +0x1"


@pytest.mark.parametrize(
    ("state", "where", "standing"),
    [
        ("running", "main.work()\n\t/a.go:1 +0x1", WakeSource.AWAKE),
        ("runnable", "main.work()\n\t/a.go:1 +0x1", WakeSource.AWAKE),
        ("syscall, 3 minutes", "syscall.Syscall(0x0)\n\t/a.go:1 +0x1", WakeSource.AWAKE),
        ("sleep", "time.Sleep(0x1)\n\t/a.go:1 +0x1", WakeSource.EXTERNAL),
        ("IO wait", KEEP_ALIVE, WakeSource.EXTERNAL),
        ("select", SIGNALS, WakeSource.EXTERNAL),
        ("select", "main.work()\n\t/a.go:1 +0x1", WakeSource.PEER_OR_TIMER),
        ("chan receive", "main.work()\n\t/a.go:1 +0x1", WakeSource.PEER_OR_TIMER),
        ("chan send", "main.work()\n\t/a.go:1 +0x1", WakeSource.PEER),
        ("sync.Mutex.Lock", "main.work()\n\t/a.go:1 +0x1", WakeSource.PEER),
        ("semacquire", "main.work()\n\t/a.go:1 +0x1", WakeSource.PEER),
        ("chan send (nil chan)", "main.work()\n\t/a.go:1 +0x1", WakeSource.NONE),
        ("GC sweep wait", SWEEP, WakeSource.RUNTIME),
        ("a reason of a later Go", "main.work()\n\t/a.go:1 +0x1", WakeSource.EXTERNAL),
    ],
)
def test_what_ends_a_wait(state: str, where: str, standing: WakeSource) -> None:
    assert last(dump(goroutine(8, state, where=where))).wake_sources[1] is standing


def test_the_main_goroutine_waits_as_others_do() -> None:
    found = last("goroutine 1 [chan receive]:\nmain.main()\n\t/app/main.go:40 +0x85\n")
    assert found.wake_sources == [WakeSource.PEER_OR_TIMER]


def test_the_scheduler_of_a_thread_wakes_nobody() -> None:
    text = "goroutine 0 gp=0x1 m=0 mp=0x2 [idle]:\nruntime.futex(0x1)\n\t/go/f.go:1 +0x1 fp=0x1 sp=0x1 pc=0x1\n"
    assert last(text + "\n" + goroutine(8, "chan send")).wake_sources[0] is WakeSource.RUNTIME


def test_who_made_the_dump() -> None:
    own = last(own_dump(goroutine(8, "chan send")))
    assert (own.dumper, own.made_by_harness) == (0, True)
    handler = "runtime/pprof.writeGoroutine()\n\t/p.go:1 +0x1\nnet/http.(*conn).serve(0x1)\n\t/s.go:1 +0x1"
    served = last(dump(goroutine(8, "running", where=handler, started=HTTP_SERVER)))
    assert (served.dumper, served.made_by_harness) == (1, False)
    several = last(own_dump(goroutine(8, "running")))
    assert (several.dumper, several.made_by_harness) == (None, False)


def test_a_test_is_a_maker_like_main() -> None:
    where = "runtime/pprof.writeGoroutine()\n\t/p.go:1 +0x1\nmain.TestX(0x1)\n\t/x.go:1 +0x1\ntesting.tRunner(0x1)\n\t/t.go:1 +0x1"
    assert last(goroutine(8, "running", where=where)).made_by_harness


def started_by(parent: int, function: str = "main.start") -> str:
    return f"{function} in goroutine {parent}\n\t/app/main.go:14 +0x66"


def at(function: str, words: str = "") -> str:
    return f"{function}({words})\n\t/app/main.go:15 +0x28"


@pytest.mark.parametrize(
    ("one", "other", "related"),
    [
        ((8, at("main.a"), started_by(1)), (9, at("main.b"), started_by(8, "main.other")), True),
        ((8, at("main.a"), started_by(5)), (9, at("main.b"), started_by(5, "main.other")), True),
        (
            (8, at("main.a", "0xc000012340"), started_by(5)),
            (9, at("main.b", "0xc000012340?"), started_by(6, "main.other")),
            True,
        ),
        (
            (8, at("main.a", "0x52e25b"), started_by(5)),
            (9, at("main.b", "0x52e25b"), started_by(6, "main.other")),
            False,
        ),
        (
            (8, at("main.(*T).a"), started_by(5)),
            (9, at("main.T.b.func1"), started_by(6, "main.other")),
            True,
        ),
        (
            (8, at("main.f.func1"), started_by(5)),
            (9, at("main.f.func2"), started_by(6, "main.other")),
            True,
        ),
        ((8, at("main.a"), started_by(5)), (9, at("main.b"), started_by(6, "main.other")), False),
        (
            (8, at("main.(*T).a"), started_by(5)),
            (9, at("other.(*T).b"), started_by(6, "main.other")),
            False,
        ),
    ],
    ids=["child", "sibling", "pointer", "constant", "type", "closures", "nothing", "other package"],
)
def test_who_may_wake_whom(
    one: tuple[int, str, str], other: tuple[int, str, str], related: bool
) -> None:
    blocks = [
        goroutine(n, "select", where=where, started=started) for n, where, started in (one, other)
    ]
    found = last(dump(*blocks))
    assert (2 in found.reachable([1])) is related
    assert (1 in found.reachable([2])) is related


def test_waking_goes_on() -> None:
    """8 started 9, and 9 and 10 are in methods of one type."""
    found = last(
        dump(
            goroutine(8, "sleep", where=at("main.a"), started=started_by(3)),
            goroutine(9, "chan send", where=at("main.(*T).b"), started=started_by(8, "main.x")),
            goroutine(10, "chan send", where=at("main.(*T).c"), started=started_by(4, "main.y")),
            goroutine(11, "chan send", where=at("main.d"), started=started_by(6, "main.z")),
        )
    )
    assert found.reachable([1]) == {1, 2, 3}


def test_the_maker_of_the_dump_is_no_bridge() -> None:
    found = last(
        own_dump(
            goroutine(8, "sleep", where=at("main.a"), started=started_by(3)),
            goroutine(3, "chan send", where=at("main.b"), started=started_by(1, "main.main")),
        )
    )
    assert found.dumper == 0
    assert 0 not in found.reachable([1])
