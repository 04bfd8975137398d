"""Waits for somebody outside: real programs whose peers, disks and clients were stopped, each beside a twin that
does the same work with peers that do their part."""

from __future__ import annotations

import pytest

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Confidence, Finding, Severity
from goscope.rules import family_of
from goscope.rules.rule import Family
from tests.conftest import CAPTURES
from tests.rules.dumps import HTTP_SERVER, dump, goroutine

VERSIONS = ("1.21", "1.27")

#: The rule and the frame of the program's own, of each program of fixtures/programs/stall.
STALLS = {
    "client": ("stall-peer", "main.fetch", 20),
    "upload": ("stall-peer", "main.upload", 8),
    "dial": ("stall-peer", "main.connect", 12),
    "handshake": ("stall-peer", "main.shakeHands", 12),
    "proxy": ("stall-peer", "main.fetch", 60),
    "headers": ("stall-clients", "net/http.(*conn).readRequest", 60),
    "consumers": ("stall-clients", "main.publish.func1", 30),
    "pipe": ("stall-disk", "main.(*journal).run", 1),
}


def stalls(diagnosis: Diagnosis) -> list[Finding]:
    return [f for f in diagnosis.findings if family_of(f) is Family.STALLS]


def captured(version: str, name: str, *dumps: int) -> Diagnosis:
    folder = CAPTURES / f"go{version}" / name
    files = sorted(p for n in dumps or (1, 2, 3) for p in folder.glob(f"dump-{n}.txt*"))
    assert files
    return goscope.diagnose(goscope.read(*files))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", STALLS)
def test_a_stall_is_found_at_the_frame_of_the_program(kind: str, version: str) -> None:
    rule, function, count = STALLS[kind]
    diagnosis = captured(version, f"stalled_{kind}")
    (found,) = stalls(diagnosis)
    assert (found.rule, found.severity) == (rule, Severity.WARNING)
    assert found.site is not None
    assert found.site.function == function
    assert found.title.startswith(f"{count} wait")
    verdict = diagnosis.verdicts["goroutines"]
    assert (verdict.state, verdict.confidence) == ("stalled", found.confidence)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", [*STALLS, "child"])
def test_the_same_work_with_peers_that_do_their_part(kind: str, version: str) -> None:
    diagnosis = captured(version, f"served_{kind}")
    assert stalls(diagnosis) == []
    assert diagnosis.verdicts["goroutines"].state == "ok"


@pytest.mark.parametrize("version", VERSIONS)
def test_children_that_hang_are_mentioned(version: str) -> None:
    """A supervisor of servers looks the same."""
    (found,) = stalls(captured(version, "stalled_child"))
    assert (found.rule, found.severity, found.confidence) == (
        "stall-child",
        Severity.INFO,
        Confidence.LOW,
    )
    assert found.goroutines is not None
    assert found.goroutines.count == 6


@pytest.mark.parametrize("version", VERSIONS)
def test_whom_the_main_goroutine_and_requests_wait_for(version: str) -> None:
    (upload,) = stalls(captured(version, "stalled_upload"))
    assert "The main goroutine waits for them." in upload.detail
    (proxy,) = stalls(captured(version, "stalled_proxy"))
    assert "Of 60 requests that are served 60 wait there." in proxy.detail
    (pipe,) = stalls(captured(version, "stalled_pipe"))
    assert "15 others that have to do with it stand still as well." in pipe.detail


@pytest.mark.parametrize("version", VERSIONS)
def test_one_dump_without_minutes_tells_only_slow_clients(version: str) -> None:
    """Nothing says how long a call has lasted; but so many clients are never seen in a header."""
    for kind in set(STALLS) - {"headers"}:
        assert stalls(captured(version, f"stalled_{kind}", 3)) == []
    (found,) = stalls(captured(version, "stalled_headers", 3))
    assert (found.rule, found.confidence) == ("stall-clients", Confidence.LOW)


def asking(number: int, minutes: int, *, request: int = 0xC000123400, main: bool = False) -> str:
    """A goroutine that waits for the answer to a request."""
    where = (
        f"net/http.(*persistConn).roundTrip(0xc000170120, {request:#x})\n\t/usr/local/go/src/net/http/transport.go:2701 +0x9c9\n"
        f"net/http.(*Transport).roundTrip(0xc000140000, {request + 64:#x})\n\t/usr/local/go/src/net/http/transport.go:623 +0x7ae\n"
        "net/http.(*Client).Get(...)\n\t/usr/local/go/src/net/http/client.go:477\n"
        "main.poll()\n\t/app/main.go:60 +0x20"
    )
    for_minutes = f", {minutes} minutes" if minutes else ""
    if main:
        return f"goroutine 1 [select{for_minutes}]:\n{where}\nmain.main()\n\t/app/main.go:9 +0x20\n"
    return goroutine(number, f"select{for_minutes}", where=where)


def judged(*texts: str) -> list[Finding]:
    return stalls(goscope.diagnose(goscope.read(*texts)))


def test_with_minutes_one_dump_is_enough() -> None:
    (found,) = judged(dump(*(asking(n, 7) for n in range(20, 28))))
    assert (found.severity, found.confidence) == (Severity.WARNING, Confidence.HIGH)
    assert "The longest has waited for 7 minutes or more." in found.detail


def test_a_few_long_polls_are_only_mentioned() -> None:
    found = judged(dump(asking(20, 7), asking(21, 3)))
    assert [(f.severity, f.confidence) for f in found] == [(Severity.INFO, Confidence.LOW)]


def test_the_main_goroutine_that_asks_hangs() -> None:
    (found,) = judged(asking(1, 4, main=True))
    assert (found.severity, found.site and found.site.function) == (Severity.CRITICAL, "main.poll")
    assert found.title.startswith("1 waits for the answer to an HTTP request")


@pytest.mark.parametrize(("moves", "told"), [(0, 1), (0x1000, 0)])
def test_another_request_is_progress(moves: int, told: int) -> None:
    """The same goroutine at the same place: its arguments tell whether it is the same call."""
    texts = [
        dump(*(asking(n, 0, request=0xC000200000 + 0x100 * n + moves * k) for n in range(20, 32)))
        for k in range(3)
    ]
    assert len(judged(*texts)) == told


def test_of_many_with_one_stack_the_first_stand_for_the_others() -> None:
    """Arguments are kept of 64 goroutines per stack: 200 that ask anew each time are no stall."""
    texts = [
        dump(
            *(asking(n, 0, request=0xC000200000 + 0x100 * n + 0x100000 * k) for n in range(20, 220))
        )
        for k in range(3)
    ]
    assert judged(*texts) == []
    same = [dump(*(asking(n, 0, request=0xC000200000 + 0x100 * n) for n in range(20, 220)))] * 3
    (found,) = judged(*same)
    assert found.title.startswith("200 wait")


def in_kernel(state: str, call: str) -> str:
    where = f"{call}\n\t/usr/local/go/src/x.go:1 +0x1\nmain.(*log).append(0xc000120000)\n\t/app/log.go:7 +0x1"
    return dump(goroutine(34, state, where=where))


@pytest.mark.parametrize(
    "call",
    [
        "syscall.Syscall(0x4b, 0x8, 0x0, 0x0)\n\t/usr/local/go/src/s.go:1 +0x1\nsyscall.Fdatasync(...)",
        "syscall.write(0x8, {0xc000100000, 0x10, 0x10})\n\t/usr/local/go/src/s.go:1 +0x1\nos.(*File).Write(0xc000010000, {0xc000100000, 0x10, 0x10})",
        "syscall.openat(0x0, {0xc000100000, 0x10}, 0x0, 0x0)\n\t/usr/local/go/src/s.go:1 +0x1\nos.OpenFile({0xc000100000, 0x10}, 0x1, 0x0)",
    ],
)
def test_minutes_in_a_call_that_a_disk_answers_at_once(call: str) -> None:
    (found,) = judged(in_kernel("syscall, 4 minutes", call))
    assert (found.rule, found.severity) == ("stall-disk", Severity.WARNING)
    assert found.site is not None
    assert found.site.function == "main.(*log).append"
    assert judged(in_kernel("syscall", call)) == []


@pytest.mark.parametrize(
    "call",
    [
        "syscall.read(0x0, {0xc000100000, 0x1000, 0x1000})\n\t/usr/local/go/src/s.go:1 +0x1\nos.(*File).Read(0xc000010000, {0xc000100000, 0x1000, 0x1000})",
        "golang.org/x/sys/unix.Poll({0xc000100000, 0x1, 0x1}, 0xffffffffffffffff)",
        "golang.org/x/sys/unix.EpollWait(0x5, {0xc000100000, 0x7, 0x7}, 0xffffffffffffffff)",
    ],
)
def test_who_waits_for_whatever_comes_is_idle(call: str) -> None:
    assert judged(in_kernel("syscall, 90 minutes", call)) == []


def test_idle_servers_and_clients_wait_for_nobody() -> None:
    assert judged(HTTP_SERVER) == []
    for name in (
        "idle_server",
        "net_wait",
        "streams",
        "http_steady",
        "disk_queue",
        "slow_syscalls",
    ):
        folder = CAPTURES / "go1.27" / name
        assert [f.title for f in stalls(goscope.diagnose(goscope.read(folder)))] == []


def test_stalls_and_a_leak() -> None:
    """The leak speaks for the goroutines where it is as bad; both are told."""
    leak = [goroutine(n, "chan send, 9 minutes") for n in range(50, 60)]
    diagnosis = goscope.diagnose(goscope.read(dump(*(asking(n, 7) for n in range(20, 28)), *leak)))
    assert {f.rule for f in diagnosis.findings} >= {"stall-peer", "leak-long-wait"}
    assert diagnosis.verdicts["goroutines"].state == "suspected_leak"
