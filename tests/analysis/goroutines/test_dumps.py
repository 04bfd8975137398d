"""Dumps as the rules look at them: sites, groups, and which dump is the latest."""

from __future__ import annotations

import goscope
from goscope.analysis.goroutines.dumps import (
    Blocked,
    Stack,
    blocked_groups,
    snapshots_of,
    stacks_of,
)
from goscope.capture.capture import Capture
from goscope.findings.findings import Site
from tests.rules.dumps import HTTP_SERVER, KEEP_ALIVE, dump, goroutine, leaks

SCHED = "".join(
    f"SCHED {t}000ms: gomaxprocs=2 idleprocs=2 threads=5 spinningthreads=0 idlethreads=3 runqueue=0 [0 0]\n"
    for t in range(1, 4)
)


def ids(capture: Capture, process: int = 0) -> list[list[int]]:
    """The goroutine ids of each dump of a process, oldest first."""
    return [d.rows["id"].tolist() for d in dict(snapshots_of(capture))[process]]


def groups(*texts: str) -> list[Blocked]:
    capture = goscope.read(*texts)
    (_, dumps), *_ = snapshots_of(capture)
    return list(blocked_groups(capture, dumps[-1]))


def stack_of(block: str) -> Stack:
    capture = goscope.read(block)
    return stacks_of(capture)[int(capture.table("goroutines")["stack_id"][0])]


# ---- stacks ---------------------------------------------------------------------------------------


def test_frames_run_from_the_innermost_outwards() -> None:
    stack = stack_of(goroutine(42, "IO wait", where=KEEP_ALIVE, started=HTTP_SERVER))
    assert stack.functions[0] == "internal/poll.runtime_pollWait"
    assert stack.functions[-1] == "net/http.(*conn).serve"
    assert stack.frames[3] == Site(
        "internal/poll.(*FD).Read", "/usr/local/go/src/internal/poll/fd_unix.go", 165
    )
    assert stack.created_by == Site(
        "net/http.(*Server).Serve", "/usr/local/go/src/net/http/server.go", 3360
    )


def test_the_frame_to_blame_is_the_innermost_of_the_program() -> None:
    where = (
        "sync.runtime_SemacquireMutex(0x1)\n\t/go/src/runtime/sema.go:71 +0x25\n"
        "github.com/acme/store.(*DB).lock(0x1)\n\t/src/store/db.go:7 +0x1\n"
        "main.run()\n\t/app/main.go:15 +0x28"
    )
    assert stack_of(goroutine(42, "semacquire", where=where)).user_frame == Site(
        "github.com/acme/store.(*DB).lock", "/src/store/db.go", 7
    )


def test_without_a_frame_of_the_program_what_it_called_is_shown() -> None:
    stack = stack_of(goroutine(42, "IO wait", where=KEEP_ALIVE, started=HTTP_SERVER))
    assert stack.user_frame in stack.frames
    assert stack.user_frame is not None
    assert stack.user_frame.function == "net.(*netFD).Read"


def test_a_keep_alive_connection_waits_as_it_should() -> None:
    assert stack_of(goroutine(42, "IO wait", where=KEEP_ALIVE, started=HTTP_SERVER)).normal
    assert stack_of(goroutine(42, "IO wait")).normal is None


# ---- dumps ----------------------------------------------------------------------------------------


def test_dumps_come_in_the_order_of_reading() -> None:
    first, second = dump(goroutine(5, "select")), dump(goroutine(6, "select"))
    assert ids(goscope.read(first, second)) == [[1, 5], [1, 6]]
    assert ids(goscope.read(second, first)) == [[1, 6], [1, 5]]


def test_a_dump_in_the_log_is_the_last_of_the_program() -> None:
    """It is what SIGQUIT or a crash printed, and the log is mostly given first."""
    log = SCHED + "SIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n\n" + dump(goroutine(7, "select"))
    before = dump(goroutine(5, "select")), dump(goroutine(6, "select"))
    capture = goscope.read(log, *before)
    assert ids(capture) == [[1, 5], [1, 6], [1, 7]]
    (dumps,) = dict(snapshots_of(capture)).values()
    assert [d.source for d in dumps] == ["text 2:1", "text 3:1", "text 1:7"]


def test_dumps_beside_one_log_belong_to_its_process() -> None:
    capture = goscope.read(SCHED, dump(goroutine(5, "select")))
    assert list(dict(snapshots_of(capture))) == [0]


# ---- groups ---------------------------------------------------------------------------------------


def test_groups_are_of_one_stack_and_one_reason_the_largest_first() -> None:
    found = groups(
        dump(
            *leaks(range(10, 13), "chan send"),
            *leaks(range(20, 27), "select"),
            goroutine(30, "running"),
        )
    )
    assert [(g.reason, len(g.rows)) for g in found] == [
        ("select", 7),
        ("chan send", 3),
        ("select (no cases)", 1),
    ]
    assert found[0].group().ids == tuple(range(20, 27))
    assert found[0].line_source() == "text 1:23"


def test_many_ids_are_cut_short_and_counted() -> None:
    group = groups(dump(*leaks(range(10, 60))))[0].group()
    assert (group.count, group.ids) == (50, tuple(range(10, 30)))


def test_the_parent_is_known_if_it_is_one() -> None:
    def started(n: int) -> str:
        return f"main.leak1 in goroutine {n}\n\t/app/main.go:14 +0x66"

    same = [goroutine(n, "chan send", started=started(8)) for n in (10, 11)]
    other = [goroutine(10 + n, "chan send", started=started(n)) for n in (8, 9)]
    unknown = [goroutine(10, "chan send", started="main.leak1\n\t/app/main.go:14 +0x66")]
    assert groups("\n".join(same))[0].parent() == 8
    assert [g.parent() for g in groups("\n".join(other))] == [None]
    assert groups("\n".join(unknown))[0].parent() is None


def test_a_semaphore_in_a_lock_is_a_lock() -> None:
    def where(caller: str) -> str:
        return (
            "sync.runtime_Semacquire(0x1)\n\t/go/src/runtime/sema.go:62 +0x25\n"
            f"{caller}(0x1)\n\t/go/src/sync/x.go:116 +0x48\nmain.f()\n\t/app/main.go:15 +0x1"
        )

    def primitive(caller: str) -> str | None:
        return groups(goroutine(42, "semacquire", where=where(caller)))[0].primitive

    assert primitive("sync.(*Mutex).lockSlow") == "lock"
    assert primitive("sync.(*RWMutex).RLock") == "lock"
    assert primitive("sync.(*WaitGroup).Wait") != "lock"


def test_a_capture_without_dumps_has_none() -> None:
    assert snapshots_of(goscope.read(SCHED)) == ()
