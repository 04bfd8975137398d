"""Servers that are no pprof, ask back, redirect, stall or die: one clear line, and what had come is kept."""

from __future__ import annotations

import gzip
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from goscope.errors import InputError
from goscope.sources.live.pages import HttpAccess
from goscope.sources.live.pprof_server import PprofServer
from tests.cli.running import goscope, only_line

INDEX = b"<td>3</td><td><a href='goroutine?debug=1'>goroutine</a></td>"
DUMP = b"goroutine 1 [running]:\nmain.main()\n\t/app/main.go:1 +0x1\n"
Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """The address of a server that answers every request like this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def says(status: int, body: bytes, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (says(404, b"404 page not found"), "no pprof pages there (HTTP 404)"),
        (says(401, b""), "asks for credentials (HTTP 401)"),
        (says(200, b"<!DOCTYPE html><html>login"), "a web page that is no pprof index"),
        (says(200, b"hello"), "not as Go's pprof does"),
        (says(500, b"oops"), "HTTP 500"),
        (says(302, b"", Location="http://login.invalid/?next=secret"), "redirects to another host"),
        (says(302, b"", Location="/again"), "redirects in a circle"),
    ],
)
@pytest.mark.sampled(3)
def test_what_is_no_pprof(answer: Answer, words: str) -> None:
    with server(answer) as address:
        done = goscope(f"http://a:s3cret@{address}")
    assert (done.returncode, done.stdout) == (4, "")
    assert words in only_line(done.stderr)
    assert "s3cret" not in done.stderr


def test_an_answer_that_stops_half_way_is_kept_and_told() -> None:
    over = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        if "debug=2" not in request.path:
            return says(200, INDEX)(request)
        says(200, DUMP)(request)
        request.wfile.flush()
        over.wait(20)
        return None

    with server(answer) as address:
        began = time.monotonic()
        done = goscope(address, "--timeout", "500ms", "--snapshots", "1", "-q")
        shown = goscope(address, "--timeout", "500ms", "--snapshots", "1")
        over.set()
    assert time.monotonic() - began < 20
    assert (done.returncode, done.stdout) == (4, "")
    assert f"the answer stopped after {len(DUMP)} bytes, for 0.5 s" in only_line(done.stderr)
    assert "3 lines, 1 goroutine, 1 dump" in " ".join(shown.stdout.split())
    assert "not read further: the answer stopped after" in " ".join(shown.stdout.split())


def test_a_program_that_dies_in_the_middle_of_an_answer() -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if "debug=2" not in request.path:
            return says(200, INDEX)(request)
        request.send_response(200)
        request.send_header("Content-Length", "100000")
        request.end_headers()
        request.wfile.write(DUMP)
        return None

    with server(answer) as address:
        done = goscope(address, "--snapshots", "1")
    assert done.returncode == 4
    assert f"broke off after {len(DUMP)} bytes" in done.stderr
    assert "3 lines, 1 goroutine, 1 dump" in " ".join(done.stdout.split())


def test_an_answer_that_is_too_long() -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        says(200, DUMP * 40_000 if "debug=2" in request.path else INDEX)(request)

    with server(answer) as address:
        done = goscope(address, "--snapshots", "1", "--max-body", "1MiB", "-q")
    assert done.returncode == 4
    assert "longer than 1 MiB; --max-body allows more" in only_line(done.stderr)


def packed(content: bytes, packing: str) -> Answer:
    """A server whose dump is packed already."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        if "debug=2" not in request.path:
            return says(200, INDEX)(request)
        return says(200, content, **{"Content-Encoding": packing})(request)

    return answer


#: 250 MB: blocks of zstd that say how often a byte comes.
_BOMB = (
    b"\x28\xb5\x2f\xfd\x00\x58"
    + (((128 << 10) << 3 | 2).to_bytes(3, "little") + b"\0") * 2000
    + b"\1\0\0"
)


@pytest.mark.parametrize(
    ("content", "packing"),
    [
        (_BOMB, "zstd"),
        (gzip.compress(bytes(64 << 20)), "gzip"),
        (gzip.compress(bytes(64 << 20)), "X-GZIP"),
    ],
    ids=["zstd", "gzip", "x-gzip"],
)
def test_an_answer_that_unpacks_to_too_much_takes_no_memory(content: bytes, packing: str) -> None:
    with (
        server(packed(content, packing)) as address,
        PprofServer(address, HttpAccess(most_bytes=1 << 20)) as found,
    ):
        tracemalloc.start()
        try:
            page = found.fetch("goroutine", "debug=2")
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (len(page.content), page.problem) == (
        1 << 20,
        "the answer is longer than 1 MiB; --max-body allows more",
    )
    assert most < 24 << 20


@pytest.mark.parametrize("packing", ["gzip, gzip", "br", "zip"])
def test_an_answer_that_is_packed_in_another_way(packing: str) -> None:
    twice = gzip.compress(gzip.compress(DUMP))
    with (
        server(packed(twice, packing)) as address,
        PprofServer(address, HttpAccess()) as found,
        pytest.raises(InputError, match="packed in a way that was not asked for"),
    ):
        found.fetch("goroutine", "debug=2")


def test_of_a_packed_answer_that_ends_early_what_came_is_kept() -> None:
    for content, packing in (
        (gzip.compress(DUMP, 0)[:-12], "gzip"),
        (gzip.compress(DUMP, 0) + b"rubbish", "gzip"),
    ):
        with (
            server(packed(content, packing)) as address,
            PprofServer(address, HttpAccess()) as found,
        ):
            page = found.fetch("goroutine", "debug=2")
        assert page.problem == f"the compressed answer is damaged after {len(page.content)} bytes"
        assert page.content.startswith(b"goroutine 1 [running]:\n")
    with (
        server(packed(gzip.compress(DUMP), "gzip")) as address,
        PprofServer(address, HttpAccess()) as found,
    ):
        page = found.fetch("goroutine", "debug=2")
        assert (page.content, page.problem) == (DUMP, None)


@pytest.mark.parametrize("count", [b"9" * 12, b"9" * 13, b"9" * 5000])
def test_a_count_that_cannot_be(count: bytes) -> None:
    """No number is too long to be read, and none too large to wait for that long."""
    from goscope.sources.live import live_program
    from goscope.sources.live.pages import SnapshotPlan

    index = INDEX.replace(b"<td>3<", b"<td>%b<" % count)

    def answer(request: BaseHTTPRequestHandler) -> None:
        says(200, DUMP if "debug=2" in request.path else index)(request)

    with server(answer) as address:
        if len(count) > 12:
            with pytest.raises(InputError, match="not as Go's pprof does"):
                PprofServer(address, HttpAccess()).__enter__()
            return
        with PprofServer(address, HttpAccess()) as found:
            page = live_program.snapshot(found, SnapshotPlan(full=True), 1, 1)
    assert (page.content, page.problem) == (DUMP, None)


def test_a_dump_that_go_cut_is_warned_about_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from goscope.sources.live import live_program
    from goscope.sources.live.pages import SnapshotPlan

    monkeypatch.setattr(live_program, "CUT_AT", len(DUMP))

    def answer(request: BaseHTTPRequestHandler) -> None:
        says(200, DUMP if "debug=2" in request.path else INDEX)(request)

    with server(answer) as address, PprofServer(address, HttpAccess()) as found:
        page = live_program.snapshot(found, SnapshotPlan(), 1, 1)
    assert page.by_go
    assert page.problem is not None
    assert "the program has 3 goroutines" in page.problem


def test_a_connection_is_tried_again_before_it_counts_as_refused() -> None:
    waits: list[float] = []
    with pytest.raises(InputError, match="connection refused"):
        PprofServer("127.0.0.1:1", HttpAccess(), sleep=waits.append).__enter__()
    assert waits == [0.1, 0.4]


def test_a_header_given_twice_does_not_follow_a_redirect_to_another_port() -> None:
    seen: list[list[str] | None] = []

    def other(request: BaseHTTPRequestHandler) -> None:
        seen.append(request.headers.get_all("X-Team"))
        says(200, DUMP if "debug=2" in request.path else INDEX)(request)

    def first(request: BaseHTTPRequestHandler) -> None:
        says(302, b"", Location=f"http://{there}{request.path}")(request)

    headers = (("X-Team", "a"), ("x-team", "b"))
    with server(other) as there, server(first) as address:
        with PprofServer(address, HttpAccess(headers=headers)) as found:
            assert found.fetch("goroutine", "debug=2").content == DUMP
        assert seen == [None, None]


@pytest.mark.parametrize(
    "arguments",
    [
        ["localhost:6060", "--header", "content-length: 12"],
        ["localhost:6060", "--header", "Transfer-Encoding: chunked"],
        ["ftp://host/x"], ["http://host:99999"], ["localhost:6060", "--header", "no-colon"],
        ["localhost:6060", "--interval", "soon"], ["localhost:6060", "--max-body", "much"],
    ],
)  # fmt: skip
def test_wrong_calls(arguments: list[str]) -> None:
    done = goscope(*arguments)
    assert done.returncode in (2, 4)
    assert only_line(done.stderr).startswith("goscope: ")
