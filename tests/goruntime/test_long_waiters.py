"""Waits that are normal, and look-alikes that must not be excused; stacks as in real dumps."""

from __future__ import annotations

import pytest

from goscope.goruntime.long_waiters import LONG_WAITERS, normal_long_wait

READ = ["internal/poll.runtime_pollWait", "internal/poll.(*pollDesc).wait",
        "internal/poll.(*pollDesc).waitRead", "internal/poll.(*FD).Read", "net.(*netFD).Read",
        "net.(*conn).Read"]  # fmt: skip
ACCEPT = [*READ[:3], "internal/poll.(*FD).Accept", "net.(*netFD).accept"]
PARK = ["runtime.gopark", "runtime.selectgo"]

NORMAL = {
    "main": ["main.serve", "main.main"],
    "main, system dump": ["runtime.gopark", "runtime.block", "main.main", "runtime.main"],
    "accept": [*ACCEPT, "net.(*TCPListener).Accept", "main.loop"],
    "keep-alive server": [*READ, "net/http.(*connReader).Read", "bufio.(*Reader).fill",
                          "bufio.(*Reader).Peek", "net/http.(*conn).serve"],
    "first request": [*READ, "net/http.(*connReader).Read", "net/http.readRequest",
                      "net/http.(*conn).readRequest", "net/http.(*conn).serve"],
    "keep-alive client": [*READ, "net/http.(*persistConn).Read", "bufio.(*Reader).fill",
                          "bufio.(*Reader).Peek", "net/http.(*persistConn).readLoop"],
    "client writer": [*PARK, "net/http.(*persistConn).writeLoop", "runtime.goexit"],
    "http2 reader": [*READ, "io.ReadFull", "net/http.http2readFrameHeader",
                     "net/http.(*http2Framer).ReadFrame", "net/http.(*http2serverConn).readFrames"],
    "http2 reader 1.27": [*READ, "net/http/internal/http2.(*Framer).ReadFrame"],
    "http2 server": ["net/http.(*http2serverConn).serve", "net/http.(*conn).serve"],
    "sql": [*PARK, "database/sql.(*DB).connectionOpener"],
    "grpc": ["google.golang.org/grpc/internal/transport.(*controlBuffer).get",
             "google.golang.org/grpc/internal/transport.(*loopyWriter).run"],
    "signals": ["os/signal.signal_recv", "os/signal.loop"],
    "subtest": ["testing.(*T).Parallel", "example.com/x.TestY"],
    "closure": ["testing.tRunner.func1", "testing.tRunner"],
    "escaped": ["gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"],
    "major version": ["k8s.io/klog/v2.(*flushDaemon).run.func1"],
    "vendored": ["example.com/app/vendor/k8s.io/klog/v2.(*loggingT).flushDaemon"],
    "generic": ["sync.runtime_notifyListWait", "sync.(*Cond).Wait",
                "k8s.io/client-go/util/workqueue.(*Typed[...]).Get"],
    "finalizers at rest": ["runtime.gopark", "runtime.runFinalizers", "runtime.goexit"],
    "sweeper": ["runtime.gopark", "runtime.goparkunlock", "runtime.bgsweep"],
}  # fmt: skip

SUSPECT = {
    "response body never closed": [*PARK, "net/http.(*persistConn).readLoop"],
    "handler stuck": ["sync.(*Mutex).Lock", "main.handle", "net/http.HandlerFunc.ServeHTTP",
                      "net/http.serverHandler.ServeHTTP", "net/http.(*conn).serve"],
    "handler peeks": [*READ, "bufio.(*Reader).Peek", "main.handle", "net/http.(*conn).serve"],
    "request without end": [*PARK, "net/http.(*persistConn).roundTrip", "main.fetch"],
    "writer blocked on the peer": ["internal/poll.(*FD).Write", "net.(*netFD).Write",
                                   "net.(*conn).Write", "net/http.(*persistConn).writeLoop"],
    "transaction left open": ["database/sql.(*Tx).awaitDone"],
    "stuck finalizer": ["main.finalize", "runtime.runFinalizers"],
    "closure of main": ["main.main.func1"],
    "test blocked in itself": ["main.wait", "example.com/x.TestY", "testing.tRunner"],
    "a timer's function": ["main.onTimer"],
    "look-alike": ["example.com/myvendor/main.main"],
    "nothing": [],
}  # fmt: skip


@pytest.mark.parametrize("case", NORMAL)
def test_normal(case: str) -> None:
    found = normal_long_wait(NORMAL[case], None)
    assert found is not None and found.because


@pytest.mark.parametrize("case", SUSPECT)
def test_suspect(case: str) -> None:
    assert normal_long_wait(SUSPECT[case], "time.goFunc") is None


def test_creator_counts_when_no_frame_does() -> None:
    found = normal_long_wait(["runtime.gopark"], "runtime.gcenable")
    assert found is not None and found.where == "creator"
    assert normal_long_wait(["runtime.gopark"], "main.main") is None


def test_the_reason_is_that_of_the_innermost_frame() -> None:
    found = normal_long_wait([*ACCEPT, "net/http.(*Server).Serve", "main.main"], None)
    assert found is not None and found.function == "internal/poll.(*FD).Accept"


def test_entries_are_unique_and_plain() -> None:
    keys = [(e.function, e.where, e.called_by) for e in LONG_WAITERS]
    assert len(keys) == len(set(keys))
    for entry in LONG_WAITERS:
        assert "%" not in entry.function and "/vendor/" not in entry.function
        assert entry.function == entry.function.strip() and "." in entry.function


def test_every_entry_is_found_by_its_own_name() -> None:
    for entry in LONG_WAITERS:
        if entry.where == "creator":
            assert normal_long_wait([], entry.function) == entry
        else:
            below = [] if entry.called_by is None else [entry.called_by]
            assert normal_long_wait([entry.function, *below], None) == entry
