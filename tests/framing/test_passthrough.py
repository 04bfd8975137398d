"""A live stream: the application's lines go on unchanged, in order and at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goscope.framing.passthrough import Sieve
from goscope.reading.capture_builder import CaptureBuilder
from tests.conftest import CAPTURES, content

GC = b"gc 1 @0.012s 5%: 0.1+1.25+0.3 ms clock, 0.4+0.5/0.6/0.7+0.8 ms cpu, 4->4->0 MB, 5 MB goal, 2 P\n"
SCHED = b"SCHED 0ms: gomaxprocs=2 idleprocs=1 threads=6 spinningthreads=0 idlethreads=3 runqueue=7 [4 5]\n"
BLOCK = b"goroutine 7 [chan receive, 5 minutes]:\nmain.f(0x1)\n\t/app/main.go:15 +0x1\ncreated by main.main\n\t/app/main.go:9 +0x2\n\n"


@pytest.fixture
def sieve() -> Sieve:
    return CaptureBuilder().sieve()


def sifted(data: bytes, size: int) -> bytes:
    sieve = CaptureBuilder().sieve()
    pieces = [sieve.feed(data[at : at + size]) for at in range(0, len(data), size)]
    return b"".join(pieces) + sieve.end()


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
def test_runtime_lines_are_taken_out_and_nothing_else(size: int) -> None:
    data = b"one\n" + GC + b"two\n" + SCHED + BLOCK + b"three\n" + BLOCK * 2 + b"four\n\nfive"
    assert sifted(data, size) == b"one\ntwo\nthree\nfour\n\nfive"


def test_a_line_goes_on_as_soon_as_it_is_whole(sieve: Sieve) -> None:
    assert sieve.feed(b"started\nlisten") == b"started\n"
    assert sieve.feed(b"ing\n") == b"listening\n"


def test_a_prompt_without_a_line_end_goes_on_when_nothing_follows(sieve: Sieve) -> None:
    assert sieve.feed(b"Password: ") == b""
    assert sieve.rest() == b"Password: "
    assert sieve.feed(b"SCHED is my password\n" + SCHED) == b"SCHED is my password\n"


def test_the_beginning_of_a_record_waits_for_its_end(sieve: Sieve) -> None:
    assert sieve.feed(SCHED[:20]) == b""
    assert sieve.rest() == b""
    assert sieve.feed(SCHED[20:]) == b""
    assert sieve.end() == b""


@pytest.mark.parametrize(
    "line",
    [
        b"gc 2 @0.012s 5%: 0.1+1.25+0.3 ms clock, 0.42026/11/24 01:43:00 level=info",
        b"gc is a word",
        b"SCHED 5ms: gomaxprocs=two",
        b"goroutine pool started",
        b"goroutines: 7",
        b"panic: boom",
        b"\tindented",
        b"",
    ],
)
def test_what_is_no_whole_record_goes_on(line: bytes) -> None:
    assert sifted(b"a\n" + line + b"\nb\n", 1 << 10) == b"a\n" + line + b"\nb\n"


def test_a_line_below_a_dump_is_the_applications(sieve: Sieve) -> None:
    assert sieve.feed(BLOCK[:-1] + b"server stopped\n") == b""
    assert sieve.rest() == b"server stopped\n"
    assert sieve.feed(b"bye\n") == b"bye\n"


@pytest.mark.parametrize("name", ["goroutine-3", "heap", "mutex"])
@pytest.mark.parametrize("size", [1, 64, 1 << 20])
def test_a_profile_that_a_program_prints_is_taken_out(name: str, size: int) -> None:
    """Its records start with numbers, which before the first line of a profile are the application's."""
    profile = content(CAPTURES / "go1.27" / "profiles" / f"{name}.txt")
    before, after = b"3 @ 0x5\n# Alloc\n", b"[bye]\n4 of 5 @ done\n"
    passed = sifted(before + profile + after, size)
    assert [line for line in passed.split(b"\n") if line] == (before + after).splitlines()


def test_an_endless_line_goes_on(sieve: Sieve) -> None:
    piece = b"x" * 50_000
    passed = b"".join(sieve.feed(piece) for _ in range(100)) + sieve.end()
    assert passed == piece * 100


words = st.text("abc goroutine[]1 \t:", max_size=12).filter(lambda w: "goroutine 1 [" not in w)
app_lines = st.lists(words.map(str.encode), max_size=8)


@given(app_lines, st.integers(1, 40))
def test_an_application_alone_passes_unchanged(lines: list[bytes], size: int) -> None:
    data = b"".join(line + b"\n" for line in lines)
    assert sifted(data, size) == data


@pytest.mark.parametrize("version", ["go1.19", "go1.27"])
def test_a_real_log_keeps_its_application_lines(version: str) -> None:
    (path,) = (CAPTURES / version / "app_log").glob("stderr.log*")
    data = content(path)
    whole = [line for line in data.split(b"\n") if line.startswith(b"20")]
    passed = sifted(data, 4096).split(b"\n")
    assert len(whole) > 100
    assert [line for line in passed if line.startswith(b"20")] == whole
    assert not any(line.startswith((b"SCHED ", b"  P")) for line in passed if b"2026/" not in line)
