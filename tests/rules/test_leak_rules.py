"""The leak rules on dumps whose answer a reader can see."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Confidence, Finding, Severity, Site
from goscope.rules.rule import Settings
from tests.conftest import CAPTURES
from tests.rules.dumps import HTTP_SERVER, KEEP_ALIVE, dump, goroutine, leaks

LEAK = Site("main.leak1.func1", "/app/main.go", 15)
CREATOR = Site("main.leak1", "/app/main.go", 14)


def diagnosed(*texts: str, leak_after: int = 5) -> Diagnosis:
    return goscope.diagnose(goscope.read(*texts), Settings(leak_after_minutes=leak_after))


def findings(*texts: str, leak_after: int = 5) -> list[Finding]:
    found = diagnosed(*texts, leak_after=leak_after).findings
    return [finding for finding in found if finding.rule != "crash"]  # SIGQUIT is one


def only(*texts: str, leak_after: int = 5) -> Finding:
    (finding,) = findings(*texts, leak_after=leak_after)
    return finding


def weight(finding: Finding) -> tuple[str, Severity, Confidence]:
    return finding.rule, finding.severity, finding.confidence


def evidence(finding: Finding) -> dict[str, Any]:
    return {e.label: e.value for e in finding.evidence}


# ---- proven ---------------------------------------------------------------------------------------


def test_a_mark_of_the_runtime_is_certain() -> None:
    finding = only(dump(goroutine(60, "chan send (leaked)"), goroutine(61, "chan send (leaked)")))
    assert weight(finding) == ("leak-proven", Severity.CRITICAL, Confidence.CERTAIN)
    assert (finding.site, finding.created_by, finding.creator_goroutine) == (LEAK, CREATOR, 1)
    assert finding.goroutines is not None
    assert (finding.goroutines.count, finding.goroutines.ids) == (2, (60, 61))
    assert finding.blocked_on == "chan send"
    assert "(chan T, 1)" in finding.advice  # a sender: give the channel room


def test_marks_of_two_kinds_are_two_findings() -> None:
    texts = dump(goroutine(60, "chan send (leaked)"), goroutine(61, "select (leaked)"))
    assert [f.rule for f in findings(texts)] == ["leak-proven"] * 2
    assert {f.blocked_on for f in findings(texts)} == {"chan send", "select"}


def test_a_proven_leak_counts_although_a_later_dump_has_no_marks() -> None:
    """Only a dump right after a leak-finding GC has the marks."""
    marked = dump(goroutine(60, "chan send (leaked)"))
    diagnosis = diagnosed(marked, dump(goroutine(60, "chan send")))
    assert [f.rule for f in diagnosis.findings] == ["leak-proven"]
    assert diagnosis.verdicts["goroutines"].state == "leak"
    assert diagnosis.status == "critical"


# ---- blocked for ever -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state", ["chan receive (nil chan)", "chan send (nil chan)", "select (no cases)"]
)
@pytest.mark.parametrize("minutes", ["", ", 12 minutes", ", 12 minutes, locked to thread"])
def test_what_nothing_can_wake(state: str, minutes: str) -> None:
    finding = only(dump(goroutine(8, state + minutes)))
    assert weight(finding) == ("leak-forever-blocked", Severity.WARNING, Confidence.HIGH)
    assert finding.blocked_on == state
    assert finding.site == LEAK


def test_select_without_cases_keeps_a_program_alive() -> None:
    diagnosis = diagnosed(dump())
    assert diagnosis.findings == ()
    assert diagnosis.verdicts["goroutines"].state == "ok"


# ---- growth ---------------------------------------------------------------------------------------


def test_three_dumps_make_growth_sure() -> None:
    texts = [dump(*leaks(range(18, 18 + n))) for n in (28, 48, 68)]
    finding = only(*texts)
    assert weight(finding) == ("leak-growth", Severity.CRITICAL, Confidence.HIGH)
    assert (finding.site, finding.created_by, finding.creator_goroutine) == (LEAK, CREATOR, 1)
    assert finding.goroutines is not None
    assert finding.goroutines.count == 68
    found = evidence(finding)
    assert (found["dump 1"], found["dump 2"], found["dump 3"]) == (28, 48, 68)
    assert found["still there in the next dump"] == 100


def test_two_dumps_leave_it_a_suspicion() -> None:
    diagnosis = diagnosed(*(dump(*leaks(range(18, 18 + n))) for n in (28, 48)))
    (finding,) = diagnosis.findings
    assert weight(finding) == ("leak-growth", Severity.WARNING, Confidence.MEDIUM)
    assert diagnosis.verdicts["goroutines"].state == "suspected_leak"
    assert diagnosis.verdicts["goroutines"].collect


def test_a_pool_of_constant_size_is_no_leak() -> None:
    pool = dump(*leaks(range(18, 82), "chan receive, 30 minutes"))
    assert findings(pool, pool, pool) == []


def test_three_more_count_and_two_do_not() -> None:
    assert findings(*(dump(*leaks(range(18, 18 + n))) for n in (5, 6, 7))) == []
    assert only(*(dump(*leaks(range(18, 18 + n))) for n in (5, 6, 8))).rule == "leak-growth"


def test_connections_that_build_up_are_no_leak() -> None:
    texts = [
        dump(*leaks(range(18, 18 + n), "IO wait", where=KEEP_ALIVE, started=HTTP_SERVER))
        for n in (10, 60, 200)
    ]
    assert findings(*texts) == []


def test_requests_that_end_while_others_come_are_no_leak() -> None:
    """Ever more of them, but none that was there before is still there."""
    texts = [
        dump(*leaks(range(1000 * turn, 1000 * turn + n), "select"))
        for turn, n in enumerate((10, 20, 30), 1)
    ]
    assert findings(*texts) == []


def test_most_of_the_old_ones_must_stay() -> None:
    def texts(staying: int) -> list[str]:
        """Of 20 in each dump so many stay; 10 more come every time, besides those that replace."""
        first = list(range(100, 120))
        second = first[:staying] + list(range(200, 230 - staying))
        third = [*second, *range(300, 310)]
        return [dump(*leaks(ids)) for ids in (first, second, third)]

    assert only(*texts(18)).rule == "leak-growth"  # 90 %
    assert evidence(only(*texts(18)))["still there in the next dump"] == 90
    assert findings(*texts(17)) == []


def test_an_overload_is_no_leak() -> None:
    texts = [dump(*leaks(range(18, 18 + n), "runnable")) for n in (50, 100, 150)]
    assert findings(*texts) == []


def test_an_overload_in_which_few_wait_is_no_leak() -> None:
    texts = [
        dump(*leaks(range(18, 18 + n), "runnable"), *leaks(range(5000, 5000 + n // 5)))
        for n in (50, 100, 150)
    ]
    assert findings(*texts) == []


SIGQUIT_LEAK = """\
goroutine {n} gp=0xc0000{n:03}a0 m=nil [chan send]:
runtime.gopark(0x0?, 0x0?, 0x0?, 0x0?, 0x0?)
\t/usr/local/go/src/runtime/proc.go:435 +0xce fp=0xc000100f50 sp=0xc000100f30 pc=0x46f28e
runtime.chansend(0xc0000240e0, 0xc000100fd0, 0x1, 0x0?)
\t/usr/local/go/src/runtime/chan.go:283 +0x3a7 fp=0xc000100fa0 sp=0xc000100f50 pc=0x409ee7
runtime.chansend1(0x0?, 0x0?)
\t/usr/local/go/src/runtime/chan.go:161 +0x17 fp=0xc000100fc0 sp=0xc000100fa0 pc=0x409b37
main.leak1.func1()
\t/app/main.go:15 +0x28 fp=0xc000100fe0 sp=0xc000100fc0 pc=0x5a3c48
runtime.goexit({{}})
\t/usr/local/go/src/runtime/asm_amd64.s:1700 +0x1 fp=0xc000100fe8 sp=0xc000100fe0 pc=0x4771c1
created by main.leak1 in goroutine 1
\t/app/main.go:14 +0x66
"""


def test_a_signal_dump_at_the_end_counts_too() -> None:
    """It shows the frames of the runtime, which the dumps of pprof hide."""
    first, second = (dump(*leaks(range(18, 18 + n))) for n in (28, 48))
    last = "SIGQUIT: quit\nPC=0x47b0a1 m=0 sigcode=0\n\n" + "\n".join(
        SIGQUIT_LEAK.format(n=n) for n in range(18, 86)
    )
    finding = only(first, second, last)
    assert weight(finding) == ("leak-growth", Severity.CRITICAL, Confidence.HIGH)
    assert evidence(finding)["dump 3"] == 68
    assert finding.site == LEAK


def test_a_leak_is_told_once_though_two_rules_see_it() -> None:
    texts = [dump(*leaks(range(18, 18 + n), "chan send, 6 minutes")) for n in (10, 20, 30)]
    assert [f.rule for f in findings(*texts)] == ["leak-growth"]


@pytest.mark.parametrize("version", ["1.21", "1.27"])
def test_two_leaks_at_one_line_are_two_findings(version: str) -> None:
    """Who started them tells them apart, though different rules see them."""
    folder = CAPTURES / f"go{version}" / "leak_one_line"
    found = goscope.diagnose(goscope.read(*sorted(folder.glob("dump-*")))).findings
    assert [(f.rule, f.created_by and f.created_by.function) for f in found] == [
        ("leak-growth", "main.order"),
        ("leak-orphan", "main.takeStock"),
    ]
    assert found[0].site == found[1].site


def at(place: str, ids: Iterable[int]) -> list[str]:
    where = f"main.{place}(0xc000012340)\n\t/app/main.go:9 +0x31"
    state = "chan send" if place == "ask" else "chan receive"
    return leaks(ids, state, where=where, started="main.handle in goroutine 1\n\t/a.go:7 +0x1")


def test_goroutines_of_one_origin_that_get_stuck_in_two_places() -> None:
    texts = [
        dump(*at("ask", range(20, 20 + n)), *at("wait", range(500, 500 + n))) for n in (8, 16, 24)
    ]
    found = findings(*texts)
    assert {(f.site and f.site.function, f.title.partition(" goroutines")[0]) for f in found} == {
        ("main.ask", "8 -> 16 -> 24"),
        ("main.wait", "8 -> 16 -> 24"),
    }
    assert [f.severity for f in found] == [Severity.CRITICAL] * 2


def test_places_that_all_of_them_pass_are_one_leak() -> None:
    """Half of them are at the one place and half at the other, and change."""
    texts = [
        dump(
            *at("ask", range(20 + turn % 2, 20 + n, 2)),
            *at("wait", range(21 - turn % 2, 20 + n, 2)),
        )
        for turn, n in enumerate((16, 32, 48))
    ]
    (finding,) = findings(*texts)
    assert finding.title.startswith("8 -> 16 -> 24")
    assert "With those in other places there are 16 -> 32 -> 48" in finding.detail


def test_the_two_loops_of_a_connection_are_one_leak() -> None:
    """Response bodies that nobody closes: net/http starts a reader and a writer for each connection."""

    def loops(count: int) -> list[str]:
        return [
            goroutine(
                number + shift,
                "select",
                where=f"net/http.(*persistConn).{loop}(0xc000100{number:03x})\n\t/go/src/net/http/transport.go:{line} +0x1",
                started=f"net/http.(*Transport).dialConn in goroutine 7\n\t/go/src/net/http/transport.go:{line - 500} +0x1",
            )
            for number in range(20, 20 + 2 * count, 2)
            for shift, (loop, line) in enumerate((("readLoop", 2325), ("writeLoop", 2520)))
        ]

    found = only(*(dump(*loops(count)) for count in (10, 20, 30)))
    assert found.title.startswith("10 -> 20 -> 30 goroutines at net/http.(*persistConn).readLoop")
    assert "resp.Body.Close()" in found.advice


def test_a_pool_that_has_reached_its_size_is_only_mentioned() -> None:
    """Workers in a receive: 104, 234, 240, 240."""

    def workers(count: int, state: str = "chan receive") -> str:
        return dump(*leaks(range(20, 20 + count), state))

    full = only(*(workers(n) for n in (104, 234, 240, 240)))
    assert weight(full) == ("leak-growth", Severity.INFO, Confidence.LOW)
    assert full.title.startswith("104 -> 234 -> 240 -> 240")
    assert "more in every dump" not in full.detail
    filling = only(*(workers(n) for n in (104, 234, 240)))
    assert weight(filling) == ("leak-growth", Severity.WARNING, Confidence.MEDIUM)
    growing = only(*(workers(n) for n in (104, 234, 300)))
    assert weight(growing) == ("leak-growth", Severity.CRITICAL, Confidence.HIGH)


def slow_leak(count: int, state: str) -> str:
    """So many at one place in a program with 20 workers that rest; the last of them came just now."""
    others = leaks(
        range(100, 120),
        "select, 9 minutes",
        started="main.start in goroutine 1\n\t/app/p.go:4 +0x1",
    )
    return dump(
        *leaks(range(20, 19 + count), state),
        *leaks([19 + count], state.partition(",")[0]),
        *others,
    )


@pytest.mark.parametrize("state", ["chan send, 2 minutes", "sync.Mutex.Lock, 7 minutes"])
def test_one_more_in_every_dump_is_suspected(state: str) -> None:
    found = [
        f for f in findings(*(slow_leak(n, state) for n in (2, 3, 4))) if f.rule == "leak-growth"
    ]
    assert [weight(f) for f in found] == [("leak-growth", Severity.WARNING, Confidence.LOW)]
    assert found[0].title.startswith("2 -> 3 -> 4 goroutines")


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        ("chan send", (2, 3, 4)),  # they may be on their way
        ("chan receive, 2 minutes", (2, 3, 4)),  # workers rest in it
        ("chan send, 2 minutes", (2, 4)),  # two dumps
        ("chan send, 2 minutes", (2, 3, 3)),
    ],
)
def test_few_more_are_no_suspicion(state: str, counts: tuple[int, ...]) -> None:
    found = findings(*(slow_leak(n, state) for n in counts))
    assert [f for f in found if f.rule == "leak-growth"] == []


@pytest.mark.parametrize("state", ["chan send", "sync.Mutex.Lock"])
def test_nobody_parks_workers_in_a_send_or_before_a_lock(state: str) -> None:
    """A leak whose cause pauses stays suspected, but that it goes on was not seen."""
    texts = [dump(*leaks(range(20, 20 + n), state)) for n in (104, 234, 240, 240)]
    (found,) = [f for f in findings(*texts) if f.rule == "leak-growth"]
    assert (found.severity, found.confidence) == (Severity.WARNING, Confidence.MEDIUM)
    assert "more in every dump" not in found.detail
    assert "no more have come since the dump before" in found.detail


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("chan send, 42 minutes", True),
        ("sync.Mutex.Lock, 42 minutes", True),
        ("chan send, 4 minutes", False),
        ("chan receive, 42 minutes", False),
        ("select, 42 minutes", False),
        ("sync.WaitGroup.Wait, 42 minutes", False),
        ("IO wait, 42 minutes", False),
    ],
)
def test_the_main_goroutine_hangs_where_no_server_waits(state: str, told: bool) -> None:
    main = f"goroutine 1 [{state}]:\nmain.reap(0xa3b228)\n\t/app/shim.go:78 +0xf8\nmain.main()\n\t/app/main.go:50 +0x44b\n"
    hangs = [(f.rule, f.site and f.site.line) for f in findings(main)]
    rule = "leak-cycle" if "Mutex" in state else "leak-long-wait"
    assert hangs == ([(rule, 78)] if told else [])


ACCEPTING = """\
goroutine 5 [IO wait]:
internal/poll.runtime_pollWait(0x7f4a1c2b8eb0, 0x72)
\t/usr/local/go/src/runtime/netpoll.go:351 +0x85
internal/poll.(*FD).Accept(0xc000138100)
\t/usr/local/go/src/internal/poll/fd_unix.go:613 +0x28c
net.(*netFD).accept(0xc000138100)
\t/usr/local/go/src/net/fd_unix.go:161 +0x29
net.(*TCPListener).Accept(0xc000012480)
\t/usr/local/go/src/net/tcpsock.go:380 +0x30
main.serve({0x7b1d00, 0xc000012480})
\t/app/main.go:20 +0x45
created by main.main in goroutine 1
\t/app/main.go:12 +0xa5
"""
SESSION = """\
internal/poll.runtime_pollWait(0x7f4a1c2b8eb0, 0x72)
\t/usr/local/go/src/runtime/netpoll.go:351 +0x85
internal/poll.(*FD).Read(0xc000138180, {0xc00019a000, 0x1000, 0x1000})
\t/usr/local/go/src/internal/poll/fd_unix.go:165 +0x27a
net.(*conn).Read(0xc000078028, {0xc00019a000, 0x1000, 0x1000})
\t/usr/local/go/src/net/net.go:196 +0x45
main.session({0x7b1d88, 0xc000078028})
\t/app/main.go:30 +0x16c"""
BY_SERVE = "main.serve in goroutine 5\n\t/app/main.go:24 +0x66"
BY_SESSION = "main.session in goroutine 900\n\t/app/main.go:28 +0x66"
WRITER = "main.session.func1()\n\t/app/main.go:26 +0x8b"


def handlers(count: int) -> list[str]:
    return leaks(range(100, 100 + count), "IO wait", where=SESSION, started=BY_SERVE)


def writers(count: int) -> list[str]:
    return leaks(range(1000, 1000 + count), "select", where=WRITER, started=BY_SESSION)


def weights(*texts: str) -> list[tuple[str, Severity]]:
    return [(f.site.function or "", f.severity) for f in findings(*texts) if f.site]


def test_accepted_connections_that_build_up_are_only_mentioned() -> None:
    """Their peers decide how many there are, and how many writers of theirs."""
    texts = [dump(ACCEPTING, *handlers(n), *writers(n)) for n in (37, 85, 134)]
    assert sorted(weights(*texts)) == [
        ("main.session", Severity.INFO),
        ("main.session.func1", Severity.INFO),
    ]


def test_what_outlives_its_connection_is_a_leak() -> None:
    texts = [dump(ACCEPTING, *handlers(5), *writers(n)) for n in (37, 85, 134)]
    assert weights(*texts) == [("main.session.func1", Severity.CRITICAL)]


def test_readers_of_connections_that_nobody_accepted_may_be_a_leak() -> None:
    """The program dialled: a deadline is its own affair. But its peers may yet answer."""
    texts = [dump(*handlers(n)) for n in (37, 85, 134)]
    assert weights(*texts) == [("main.session", Severity.WARNING)]


def in_captures(program: str) -> list[dict[str, tuple[Severity, Confidence, str]]]:
    """What growth is said of each place, per Go version."""
    found = []
    for folder in sorted(CAPTURES.glob(f"*/{program}")):
        grown = [
            f
            for f in goscope.diagnose(goscope.read(*sorted(folder.glob("dump-*")))).findings
            if f.rule == "leak-growth"
        ]
        assert len(grown) == len({f.site for f in grown})
        found.append(
            {
                (f.site and f.site.function) or "": (f.severity, f.confidence, f.advice)
                for f in grown
            }
        )
    assert len(found) > 1
    return found


def test_more_clients_that_stay_are_load() -> None:
    """Handlers in a select, and sessions that a method of the accepting type started."""
    for grown in in_captures("streams"):
        assert set(grown) == {"main.(*hub).stream", "main.(*gateway).open.func1"}
        for severity, confidence, advice in grown.values():
            assert (severity, confidence) == (Severity.INFO, Confidence.LOW)
            assert "timeouts" in advice


def test_writers_beside_the_readers_of_connections() -> None:
    """A dispatcher, which is in no accept loop, starts both for each connection."""
    started = "main.start in goroutine 6\n\t/app/main.go:{} +0x66"
    reader = SESSION.replace("main.session(", "main.(*session).read(")
    writer = "main.(*session).write(0xc000078028)\n\t/app/main.go:40 +0x8b"

    def texts(gone: int) -> list[str]:
        """So many readers have ended, and their writers have not."""
        return [
            dump(
                ACCEPTING,
                *leaks(
                    range(100 + gone, 100 + n), "IO wait", where=reader, started=started.format(8)
                ),
                *leaks(
                    range(500, 500 + n), "chan receive", where=writer, started=started.format(9)
                ),
            )
            for n in (10, 20, 30)
        ]

    assert set(weights(*texts(0))) == {
        ("main.(*session).read", Severity.WARNING),
        ("main.(*session).write", Severity.WARNING),
    }
    assert ("main.(*session).write", Severity.CRITICAL) in weights(*texts(8))


def test_a_queue_whose_oldest_end_is_too_much_work() -> None:
    for grown in in_captures("backlog"):
        ((place, (severity, confidence, advice)),) = grown.items()
        assert place == "main.submit"
        assert (severity, confidence) == (Severity.INFO, Confidence.LOW)
        assert "Bound how many wait" in advice


def test_a_leak_from_which_the_young_escape_is_none_the_less() -> None:
    def texts(*ended: range) -> list[str]:
        first, second = range(20, 60), [n for n in range(20, 80) if n not in ended[0]]
        third = [n for n in (*second, *range(80, 100)) if n not in ended[1]]
        return [dump(*leaks(ids)) for ids in (first, second, third)]

    assert only(*texts(range(58, 60), range(78, 80))).severity is Severity.CRITICAL
    assert only(*texts(range(20, 22), range(22, 24))).severity is Severity.INFO
    assert (
        only(*texts(range(20, 22), range(0))).severity is Severity.CRITICAL
    )  # not served any more


def test_who_waits_for_a_response_may_get_it() -> None:
    where = (
        "net/http.(*persistConn).roundTrip(0xc0000b6000, 0xc0000a0050)\n\t/usr/local/go/t.go:1 +0x1\n"
        "main.ask()\n\t/app/main.go:9 +0x31"
    )
    texts = [dump(*leaks(range(20, 20 + n), "select", where=where)) for n in (8, 16, 24)]
    assert weights(*texts) == [("main.ask", Severity.WARNING)]


def test_handlers_whose_clients_are_gone_are_a_leak() -> None:
    """Nobody reads beside them any more."""
    started = HTTP_SERVER
    where = "main.(*feed).next(0xc000012340)\n\t/app/main.go:9 +0x31\n" + "\n".join(
        KEEP_ALIVE.splitlines()[-2:]
    )
    texts = [
        dump(ACCEPTING, *leaks(range(100, 100 + n), "select", where=where, started=started))
        for n in (10, 20, 30)
    ]
    assert weights(*texts) == [("main.(*feed).next", Severity.CRITICAL)]


def test_goroutines_that_wait_for_child_processes_pile_up() -> None:
    for grown in in_captures("children_pile"):
        assert set(grown) == {"main.convert", "os.(*File).read"}
        assert all(g[:2] == (Severity.WARNING, Confidence.MEDIUM) for g in grown.values())
        assert "CommandContext" in grown["main.convert"][2]


def test_a_sleep_ends_unless_it_comes_again() -> None:
    for grown in in_captures("sleep_growth"):
        severity, confidence, advice = grown["main.(*watch).poll"]
        assert (severity, confidence) == (Severity.WARNING, Confidence.MEDIUM)
        severity, confidence, advice = grown["main.(*delivery).later"]
        assert (severity, confidence) == (Severity.INFO, Confidence.LOW)
        assert "further apart" in advice


def workers(ids: Iterable[int], busy: Collection[int]) -> list[str]:
    """Workers of a pool: they wait for jobs, but for those that sleep in one."""
    return [
        goroutine(n, "sleep", where="time.Sleep(0x4c4b40)\n\t/usr/local/go/src/runtime/time.go:363 +0x165\n"
                  "main.work(0x1)\n\t/app/main.go:17 +0x28") if n in busy else goroutine(n, "chan receive")
        for n in ids
    ]  # fmt: skip


def test_a_pool_that_grows_and_works_is_only_mentioned() -> None:
    texts = [
        dump(*workers(range(18, 18 + n), range(18 + turn, 18 + n, 4)))
        for turn, n in enumerate((15, 33, 53))
    ]
    assert [(f.rule, f.severity) for f in findings(*texts)] == [("leak-growth", Severity.INFO)]


def test_goroutines_on_their_way_into_a_leak_move_too() -> None:
    """The youngest ten of each dump still work; afterwards they wait for ever."""
    texts = [dump(*workers(range(18, 18 + n), range(8 + n, 18 + n))) for n in (15, 33, 53)]
    assert [(f.rule, f.severity) for f in findings(*texts)] == [("leak-growth", Severity.CRITICAL)]


def test_system_calls_that_never_end_are_a_leak() -> None:
    where = (
        "syscall.Syscall(0x16?, 0x0?, 0x0?, 0x0?)\n"
        "\t/usr/local/go/src/syscall/syscall_linux.go:69 +0x25\n"
        "syscall.Flock(0xc00001e138?, 0x16?)\n"
        "\t/usr/local/go/src/syscall/zsyscall_linux_amd64.go:438 +0x25\n"
        "main.lockFile({0xc00001e138?, 0x0?})\n\t/app/main.go:15 +0x28"
    )
    texts = [dump(*leaks(range(18, 18 + n), "syscall", where=where)) for n in (8, 18, 27)]
    finding = only(*texts)
    assert weight(finding) == ("leak-growth", Severity.CRITICAL, Confidence.HIGH)
    assert (finding.blocked_on, finding.site and finding.site.function) == (
        "syscall",
        "main.lockFile",
    )
    assert "kernel" in finding.advice


# ---- long waits -----------------------------------------------------------------------------------

WITH_SPACES = """\
goroutine 42 [chan send, {minutes} minutes]:
main.leak1.func1()
    /app/main.go:15 +0x28
created by main.leak1 in goroutine 1
    /app/main.go:14 +0x66
"""


def test_a_send_of_five_minutes_is_flagged() -> None:
    finding = only(WITH_SPACES.format(minutes=5))
    assert weight(finding) == ("leak-long-wait", Severity.WARNING, Confidence.MEDIUM)
    assert (finding.site, finding.created_by, finding.creator_goroutine) == (LEAK, CREATOR, 1)
    assert finding.blocked_on == "chan send"
    assert evidence(finding)["longest wait, at least"] == 5
    assert finding.evidence[0].source == "text 1:1"


def test_four_minutes_are_below_the_bar() -> None:
    assert findings(WITH_SPACES.format(minutes=4)) == []
    assert only(WITH_SPACES.format(minutes=4), leak_after=3).site == LEAK
    assert only(WITH_SPACES.format(minutes=3), leak_after=3).site == LEAK


def test_a_receive_says_little_by_time_alone() -> None:
    diagnosis = diagnosed(WITH_SPACES.format(minutes=50).replace("chan send", "chan receive"))
    (finding,) = diagnosis.findings
    assert weight(finding) == ("leak-long-wait", Severity.INFO, Confidence.LOW)
    assert (diagnosis.status, diagnosis.verdicts["goroutines"].state) == ("info", "ok")


def test_receivers_of_many_ages_have_piled_up() -> None:
    text = dump(*(goroutine(18 + n, f"chan receive, {n} minutes") for n in range(5, 25)))
    assert weight(only(text)) == ("leak-long-wait", Severity.WARNING, Confidence.LOW)


def test_a_mutex_is_urgent_in_old_versions_too() -> None:
    """Up to 1.19 every lock is a semacquire; the frames tell."""
    where = (
        "sync.runtime_SemacquireMutex(0xc0000140a8?, 0x0?, 0x0?)\n\t/usr/local/go/src/runtime/sema.go:71 +0x25\n"
        "sync.(*Mutex).lockSlow(0xc0000140a8)\n\t/usr/local/go/src/sync/mutex.go:171 +0x165\n"
        "sync.(*Mutex).Lock(...)\n\t/usr/local/go/src/sync/mutex.go:90\n"
        "main.leak1.func1()\n\t/app/main.go:15 +0x28"
    )
    finding = only(
        dump(
            goroutine(
                42,
                "semacquire, 9 minutes",
                where=where,
                started="main.leak1\n\t/app/main.go:14 +0x66",
            ),
            goroutine(43, "runnable"),  # whoever holds it may be this one
        )
    )
    assert weight(finding) == ("leak-long-wait", Severity.WARNING, Confidence.MEDIUM)
    assert finding.site == LEAK
    assert "the holder of the lock" in finding.advice


@pytest.mark.parametrize(
    ("state", "where", "started"),
    [
        ("IO wait, 4000 minutes", KEEP_ALIVE, HTTP_SERVER),
        (
            "syscall, 600 minutes",
            "os/signal.signal_recv()\n\t/usr/local/go/src/runtime/sigqueue.go:152 +0x29\n"
            "os/signal.loop()\n\t/usr/local/go/src/os/signal/signal_unix.go:23 +0x13",
            "os/signal.Notify.func1.1 in goroutine 1\n\t/usr/local/go/src/os/signal/signal.go:152 +0x1f",
        ),
        (
            "select, 600 minutes",
            "database/sql.(*DB).connectionOpener(0xc0000b6000, {0x7f2d10, 0xc0000a0050})\n"
            "\t/usr/local/go/src/database/sql/sql.go:1261 +0x87",
            "database/sql.OpenDB in goroutine 1\n\t/usr/local/go/src/database/sql/sql.go:841 +0x130",
        ),
        (
            "force gc (idle), 600 minutes",
            "runtime.gopark(0x0?, 0x0?, 0x0?, 0x0?, 0x0?)\n\t/usr/local/go/src/runtime/proc.go:435 +0xce\n"
            "runtime.forcegchelper()\n\t/usr/local/go/src/runtime/proc.go:348 +0xb3",
            "runtime.init.7 in goroutine 1\n\t/usr/local/go/src/runtime/proc.go:336 +0x1a",
        ),
    ],
    ids=["keep-alive", "signals", "database", "runtime"],
)
def test_normal_long_waiters(state: str, where: str, started: str) -> None:
    assert findings(dump(goroutine(18, state, where=where, started=started))) == []


def test_the_main_goroutine_may_wait_for_long() -> None:
    text = "goroutine 1 [chan receive, 300 minutes]:\nmain.main()\n\t/app/main.go:40 +0x85\n"
    assert findings(text) == []


TEST = "testing.tRunner(0xc0002, 0x239)\n\t/usr/local/go/src/testing/testing.go:909 +0xc9"
RUN = "testing.(*T).Run\n\t/usr/local/go/src/testing/testing.go:960 +0x350"


@pytest.mark.parametrize("state", ["chan receive", "select", "sleep", "IO wait"])
def test_a_test_that_waits_so_long_hangs_whatever_it_waits_for(state: str) -> None:
    where = f"app.TestCheck(0xc0002)\n\t/app/check_test.go:94 +0x27\n{TEST}"
    found = only(goroutine(8, f"{state}, 10 minutes", where=where, started=RUN))
    assert (found.severity, found.confidence) == (Severity.WARNING, Confidence.MEDIUM)
    assert "of a test" in found.detail


@pytest.mark.parametrize("inner", ["testing.(*T).Run", "testing.(*T).Parallel"])
def test_a_test_that_waits_for_others_does_not_hang_itself(inner: str) -> None:
    where = (
        f"{inner}(0xc0002)\n\t/usr/local/go/src/testing/testing.go:961 +0x377\n"
        f"app.TestCheck(0xc0002)\n\t/app/check_test.go:94 +0x27\n{TEST}"
    )
    found = findings(goroutine(8, "chan receive, 10 minutes", where=where, started=RUN))
    assert all(one.severity is Severity.INFO for one in found)


def test_several_dumps_tell_growth_better_than_time() -> None:
    pool = dump(*leaks(range(18, 30), "select, 45 minutes"))
    assert findings(pool, pool) == []
    assert only(pool).severity is Severity.INFO
