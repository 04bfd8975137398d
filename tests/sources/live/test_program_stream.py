"""A live stream: nothing is lost, reordered or held back; signals are wishes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from goscope.reading.capture_builder import CaptureBuilder
from goscope.sources.live.program_stream import LiveStream, StreamRequest, signals

SCHED = b"SCHED 0ms: gomaxprocs=2 idleprocs=1 threads=6 spinningthreads=0 idlethreads=3 runqueue=7 [4 5]\n"


class Pipe:
    """A pipe with a reader in a thread of its own."""

    def __init__(self) -> None:
        self.out, self.into = os.pipe()
        self.passed: list[tuple[float, bytes]] = []
        self.read = b""
        self.verdicts = 0
        self.program_ended = False
        self.stream = LiveStream(
            self.out,
            CaptureBuilder().sieve(),
            self.note,
            asked=self.ask,
            ended=lambda: self.program_ended,
        )
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def note(self, data: bytes) -> None:
        if data:
            self.passed.append((time.monotonic(), data))

    def ask(self) -> None:
        self.verdicts += 1

    def run(self) -> None:
        self.read = b"".join(self.stream.chunks())

    def write(self, data: bytes) -> float:
        os.write(self.into, data)
        return time.monotonic()

    def wait_for(self, text: bytes) -> float:
        """When the text had gone on."""
        for _ in range(500):
            if self.text == text:
                return self.passed[-1][0]
            time.sleep(0.01)
        raise AssertionError(self.text)

    @property
    def text(self) -> bytes:
        return b"".join(data for _, data in self.passed)

    def close(self) -> None:
        if self.into >= 0:
            os.close(self.into)
            self.into = -1
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()
    os.close(pipe.out)


def test_what_the_application_wrote_goes_on_and_everything_is_read(pipe: Pipe) -> None:
    data = b"".join(b"line %d\n" % n + SCHED for n in range(20_000))
    for at in range(0, len(data), 5_000):
        pipe.write(data[at : at + 5_000])
    pipe.close()
    assert pipe.text == b"".join(b"line %d\n" % n for n in range(20_000))
    assert pipe.read == data


def test_a_prompt_does_not_wait_for_its_line_end(pipe: Pipe) -> None:
    pipe.write(b"Password: ")
    pipe.wait_for(b"Password: ")
    assert pipe.into >= 0  # nothing more was written, and nothing was closed


def test_the_verdict_so_far(pipe: Pipe) -> None:
    pipe.stream.wish(StreamRequest.VERDICT)
    for _ in range(500):
        if pipe.verdicts:
            break
        time.sleep(0.01)
    assert pipe.verdicts == 1
    pipe.write(b"on\n")
    pipe.wait_for(b"on\n")


def test_an_end_before_the_programs(pipe: Pipe) -> None:
    pipe.write(b"half a line")
    pipe.wait_for(b"half a line")
    pipe.stream.wish(StreamRequest.END)
    pipe.thread.join(10)
    assert not pipe.thread.is_alive()
    assert pipe.read == b"half a line"


def test_a_stream_that_a_grandchild_keeps_open_ends_with_the_program(pipe: Pipe) -> None:
    pipe.write(b"last words\n")
    pipe.program_ended = True
    pipe.thread.join(10)
    assert not pipe.thread.is_alive()
    assert pipe.text == b"last words\n"


def test_signals_are_wishes_and_handlers_come_back() -> None:
    out, into = os.pipe()
    stream = LiveStream(out, CaptureBuilder().sieve(), lambda data: None)
    before = signal.getsignal(signal.SIGINT)
    with signals(stream, {signal.SIGINT: [StreamRequest.END]}):
        os.kill(os.getpid(), signal.SIGINT)
        assert list(stream.chunks()) == []
    assert signal.getsignal(signal.SIGINT) is before
    os.close(out)
    os.close(into)
