"""Several runs of a program in one log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from goscope.reading.capture_builder import CaptureBuilder
from tests.conftest import Read


def sched(t_ms: int) -> str:
    return f"SCHED {t_ms}ms: gomaxprocs=1 idleprocs=0 threads=3 spinningthreads=0 idlethreads=1 runqueue=0 [0]\n"


def gc(cycle: int) -> str:
    return (
        f"gc {cycle} @0.100s 1%: 0.1+0.2+0.3 ms clock, 0.1+0.2/0.3/0.4+0.5 ms cpu, "
        "4->4->1 MB, 5 MB goal, 1 P\n"
    )


GOROUTINE = "goroutine 1 [running]:\nmain.main()\n\t/app/main.go:9 +0x1d\n\n"
READ = Callable[..., Any]


def processes(found: Any, table: str) -> list[int]:
    return [row["process"] for row in found.rows(table)]


def test_one_process_from_zero(read: READ) -> None:
    found = read(sched(0) + gc(1) + sched(100) + gc(2) + sched(100))
    assert processes(found, "sched") == [0, 0, 0]
    assert processes(found, "gc") == [0, 0]
    assert found.capture.processes == 1


def test_a_falling_time_starts_a_process(read: READ) -> None:
    found = read(sched(0) + sched(900) + sched(0) + sched(100) + sched(0))
    assert processes(found, "sched") == [0, 0, 1, 1, 2]
    assert found.capture.processes == 3


def test_a_falling_cycle_starts_a_process(read: READ) -> None:
    found = read(gc(1) + gc(2) + gc(1) + gc(2))
    assert processes(found, "gc") == [0, 0, 1, 1]
    assert found.capture.processes == 2


def test_a_cycle_that_comes_again_starts_a_process(read: READ) -> None:
    """A cycle number is printed once in the life of a process; a SCHED time may be printed again."""
    found = read(sched(0) + gc(1) + sched(0) + gc(1) + sched(0))
    assert processes(found, "gc") == [0, 1]
    assert found.capture.processes == 2


def test_both_fall_for_the_same_restart(read: READ) -> None:
    found = read(sched(0) + gc(1) + gc(2) + sched(100) + sched(0) + gc(1) + sched(100) + gc(2))
    assert processes(found, "sched") == [0, 0, 1, 1]
    assert processes(found, "gc") == [0, 0, 1, 1]
    assert found.capture.processes == 2


def test_the_cycle_falls_before_the_time_does(read: READ) -> None:
    """A short-lived second process that collects before its first SCHED line."""
    found = read(sched(0) + gc(1) + sched(100) + gc(2) + gc(1) + sched(0) + gc(2))
    assert processes(found, "gc") == [0, 0, 1, 1]
    assert processes(found, "sched") == [0, 0, 1]
    assert found.capture.processes == 2


def test_several_restarts_seen_by_both_clocks(read: READ) -> None:
    run = sched(0) + gc(1) + sched(100) + gc(2) + sched(200)
    found = read(run * 4)
    assert processes(found, "sched") == [n for n in range(4) for _ in range(3)]
    assert processes(found, "gc") == [n for n in range(4) for _ in range(2)]
    assert found.capture.processes == 4


def test_a_run_without_cycles_between_two_with(read: READ) -> None:
    found = read(
        sched(0)
        + gc(1)
        + gc(5)
        + sched(100)
        + sched(0)
        + sched(100)
        + sched(0)
        + gc(1)
        + sched(100)
    )
    assert processes(found, "sched") == [0, 0, 1, 1, 2, 2]
    assert processes(found, "gc") == [0, 0, 2]
    assert found.capture.processes == 3


def test_goroutines_belong_to_the_process_above_them(read: READ) -> None:
    found = read(sched(0) + GOROUTINE + sched(100) + sched(0) + GOROUTINE)
    assert processes(found, "goroutines") == [0, 1]


def capture_of(*texts: str) -> Any:
    builder = CaptureBuilder()
    for number, text in enumerate(texts):
        builder.read(str(number), [text.encode()])
    return builder.build()


def test_a_log_after_a_log_is_another_process() -> None:
    capture = capture_of(sched(0) + sched(100) + sched(0), sched(0) + sched(100))
    assert capture.table("sched")["process"].tolist() == [0, 0, 1, 2, 2]
    assert capture.processes == 3


def test_a_dump_beside_one_log_is_of_its_last_process() -> None:
    capture = capture_of(sched(0) + sched(100) + sched(0), GOROUTINE)
    assert capture.table("goroutines")["process"].tolist() == [1]
    assert capture.processes == 2


def test_a_dump_beside_several_logs_is_of_none_of_their_processes() -> None:
    capture = capture_of(sched(0) + sched(100), GOROUTINE, sched(0))
    assert capture.table("sched")["process"].tolist() == [0, 0, 1]
    assert capture.table("goroutines")["process"].tolist() == [2]
    assert capture.processes == 3


def test_dumps_in_folders_of_their_own_belong_to_the_log_beside_them() -> None:
    builder = CaptureBuilder()
    for name, text in (
        ("one/stderr.log", sched(0) + sched(100)),
        ("one/dump.txt", GOROUTINE),
        ("two/dump.txt", GOROUTINE),
        ("two/stderr.log", sched(0) + sched(100) + sched(0)),
        ("three/dump.txt", GOROUTINE),
    ):
        builder.read(name, [text.encode()])
    capture = builder.build()
    names = capture.table("goroutines").texts("input")
    of = dict(zip(names, capture.table("goroutines")["process"].tolist(), strict=True))
    assert of == {"one/dump.txt": 0, "two/dump.txt": 2, "three/dump.txt": 3}


def test_a_process_that_changes_gomaxprocs_stays_one(read: Callable[..., Read]) -> None:
    """Its cycles count on without a gap; of two processes the numbers would not."""
    line = "gc {n} @{n}.000s 1%: 0.1+1+0.1 ms clock, 0.1+0.1/0.1/0+0.1 ms cpu, 4->4->2 MB, 5 MB goal, {p} P\n"
    text = "".join(line.format(n=n, p=2 + n % 2) for n in range(1, 40))
    assert read(text).capture.processes == 1
