"""A file that two processes read comes out as if one had read it."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from goscope.reading.capture_builder import CaptureBuilder
from goscope.reading.two_processes import TwoProcessReader
from goscope.sources.files.named_inputs import CHUNK, Source
from tests.conftest import CAPTURES, Read, capture_texts, content

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
    reason="two processes read only on Linux with two processors",
)


def read(path: Path, least: int) -> tuple[Read, int]:
    """Read a file as the command line does; and how many processes did."""
    builder = CaptureBuilder()
    streams = Source(path.name, path).streams()
    both = TwoProcessReader(next(streams), builder, least=least)
    found = builder.read(path.name, both.chunks(), both.rest)
    return Read(builder.build(), found), 1 if both.rest() is None else 2


def compare(path: Path) -> int:
    """Read a file both ways; the number of processes that the second one took."""
    alone, one = read(path, 1 << 60)
    together, processes = read(path, 0)
    assert one == 1
    assert together.everything() == alone.everything()
    assert together.input == alone.input
    return processes


def by_a_process_without_threads(call: str, *arguments: str) -> str:
    """Only a process without other threads may fork, and a test runner has some."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"from tests.reading.test_two_processes import *; {call}",
            *arguments,
        ],
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.sampled(8)
@pytest.mark.parametrize("version", sorted(path.name for path in CAPTURES.iterdir()))
def test_two_processes_read_what_one_reads(version: str, tmp_path: Path) -> None:
    """All captures of a Go version in one file, behind each other: every format, many processes."""
    texts = [content(path) for path in capture_texts() if path.parts[-3] == version]
    path = tmp_path / "all.log"
    path.write_bytes(b"".join(text.rstrip(b"\n") + b"\n\n" for text in texts))
    assert path.stat().st_size > 2 * CHUNK
    assert by_a_process_without_threads("print(compare(Path(sys.argv[1])))", str(path)) == "2"


@pytest.mark.full
def test_a_profile_may_stand_where_the_file_is_cut(tmp_path: Path) -> None:
    """Its first line in one half, and most of its records behind a gc line in the other."""
    gc = b"gc 1 @0.002s 5%: 0.1+1.2+0.3 ms clock, 0.4+0.5/0.6/0.7+0.8 ms cpu, 4->4->0 MB, 5 MB goal, 8 P\n"
    head = b"goroutine profile: total 9\n"
    good = b"1 @ 0x%x 0x2\n#\t0x1\tmain.f%d+0x1\t/a.go:1\n\n"
    records = b"".join(good % (n, n % 40) + (gc if n % 9 == 0 else b"") for n in range(60_000))
    path = tmp_path / "profile.log"
    path.write_bytes(
        gc + head + records + b"#\t0x1\tbroken\n" + b"my profile: total 1\n" + good % (1, 1)
    )
    assert by_a_process_without_threads("print(compare(Path(sys.argv[1])))", str(path)) == "2"


def test_what_is_not_understood_is_counted_once_and_at_its_line(tmp_path: Path) -> None:
    good = b"gc 1 @0.002s 5%: 0.1+1.2+0.3 ms clock, 0.4+0.5/0.6/0.7+0.8 ms cpu, 4->4->0 MB, 5 MB goal, 8 P\n"
    odd = b"goroutine 5 [running]:\nmain.f()\n\t/app/main.go:1 +0x1\n?? what\n\t/app\nmain.g()\n\t/app/main.go:2 +0x1\n\n"
    path = tmp_path / "odd.log"
    path.write_bytes((good * 20_000 + odd + b"gc 1 @x\ngc 2 @broken\n") * 2 + b"gc 3 @0.0")
    assert by_a_process_without_threads("print(compare(Path(sys.argv[1])))", str(path)) == "2"


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda text: gzip.compress(text, 1), id="compressed"),
        pytest.param(lambda text: text.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(lambda text: b"# " + text.replace(b"\n", b"\n# "), id="quoted"),
        pytest.param(lambda text: b"no record\n" * len(text), id="no record"),
    ],
)
def test_one_process_reads_what_is_no_plain_file(
    wrap: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "odd"
    text = b"gc 1 @0.002s 5%: 0.1+1.2+0.3 ms clock, 0.4+0.5/0.6/0.7+0.8 ms cpu, 4->4->0 MB, 5 MB goal, 8 P\n"
    path.write_bytes(wrap(text * 30_000))
    assert by_a_process_without_threads("print(compare(Path(sys.argv[1])))", str(path)) == "1"


def lost(path: Path) -> tuple[int, int]:
    """Read a file while the second process is ended from outside; processes and rows."""
    forked: list[int] = []
    fork = os.fork

    def ended() -> int:
        child = fork()
        if child:
            forked.append(child)
            os.kill(child, signal.SIGKILL)
        return child

    os.fork = ended
    found, processes = read(path, 0)
    assert forked
    return processes, len(found.capture.table("gc"))


def test_nothing_is_lost_with_the_second_process(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    line = "gc {} @0.002s 5%: 0.1+1.2+0.3 ms clock, 0.4+0.5/0.6/0.7+0.8 ms cpu, 4->4->0 MB, 5 MB goal, 8 P\n"
    path.write_text("".join(line.format(n) for n in range(1, 30_001)), encoding="utf-8")
    assert by_a_process_without_threads("print(lost(Path(sys.argv[1])))", str(path)) == "(1, 30000)"


def test_a_process_with_other_threads_does_not_fork(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    path.write_text("SCHED 0ms: gomaxprocs=1\n" * 100_000, encoding="utf-8")
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert read(path, 0)[1] == 1
    finally:
        stop.set()
        thread.join()


def changed_meanwhile(path: Path, size: int) -> tuple[int, int, int]:
    """Read a file that has another size as soon as the second process reads too.

    The processes, the lines, and the rows whose cycle is not the one that their line was written with.
    """
    fork = os.fork

    def changed() -> int:
        child = fork()
        if child:
            with path.open("ab") as file:
                line = b"gc 1 @0.002s 5%: 0.1+1.2+0.3 ms clock, 0.4+0.5/0.6/0.7+0.8 ms cpu, 4->4->0 MB, 5 MB goal, 8 P\n"
                file.write(line * (max(0, size - file.tell()) // len(line)))
                file.truncate(min(size, file.tell()))
        return child

    os.fork = changed
    found, processes = read(path, 0)
    table = found.capture.table("gc")
    return processes, found.input.lines, int((table["cycle"] != table["line"]).sum())


@pytest.mark.sampled(4)
@pytest.mark.parametrize("share", [4.0, 0.75, 0.25, 0.0])
def test_a_file_that_grows_or_shrinks_meanwhile(share: float, tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    line = "gc {} @0.002s 5%: 0.1+1.2+0.3 ms clock, 0.4+0.5/0.6/0.7+0.8 ms cpu, 4->4->0 MB, 5 MB goal, 8 P\n"
    path.write_text("".join(line.format(n) for n in range(1, 40_001)), encoding="utf-8")
    size = path.stat().st_size
    said = by_a_process_without_threads(
        "print(*changed_meanwhile(Path(sys.argv[1]), int(sys.argv[2])))",
        str(path),
        str(int(share * size)),
    )
    processes, lines, wrong = map(int, said.split())
    assert processes == (2 if share > 0.6 else 1)  # of less than its half the first one has no rest
    assert wrong <= 1  # the line in which the file was cut
    assert lines == 40_000 if share > 1 else lines <= 40_000
