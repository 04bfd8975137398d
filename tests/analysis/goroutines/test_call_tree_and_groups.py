"""Goroutines in groups over dumps, and as a tree of calls."""

from __future__ import annotations

from collections.abc import Callable

import goscope
from goscope.analysis.goroutines.call_tree import stack_tree
from goscope.analysis.goroutines.columns import dumped_goroutines_of
from goscope.analysis.goroutines.listing import Listing, listing
from goscope.capture.capture import Capture
from tests.conftest import Read

WORKER = """goroutine {id} [chan send{wait}]:
main.send(...)
\t/app/main.go:{line}
main.worker(0xc000)
\t/app/main.go:20 +0x1d
created by main.start in goroutine {parent}
\t/app/main.go:5 +0x66

"""
MAIN = """goroutine 1 [running]:
main.main()
\t/app/main.go:9 +0x1d

"""


def dump(*workers: tuple[int, int], wait: str = "", line: int = 10) -> str:
    return MAIN + "".join(WORKER.format(id=i, parent=p, wait=wait, line=line) for i, p in workers)


def listed(capture: Capture, limit: int = 0) -> list[Listing]:
    return [listing(capture, columns, limit=limit) for columns in dumped_goroutines_of(capture)]


def test_groups_over_dumps() -> None:
    first = dump((2, 1))
    second = dump((2, 1), (3, 1), wait=", 2 minutes")
    third = dump((2, 1), (3, 1), (4, 1), wait=", 7 minutes")
    capture = goscope.read(first, second, third)
    (columns,), (found,) = dumped_goroutines_of(capture), listed(capture)
    assert found.totals == (2, 3, 4)
    workers, main = found.groups
    assert workers.counts == (1, 2, 3)
    assert workers.growth == 2
    assert workers.grows
    assert workers.wait_minutes == (7, 7)
    assert workers.ids == (2, 3, 4)
    assert (workers.state, workers.primitive) == ("chan send", "channel")
    assert main.counts == (1, 1, 1)
    assert not main.grows
    assert columns.states_by_dump() == (
        ("chan send", "channel", (1, 2, 3)),
        ("running", "running", (1, 1, 1)),
    )
    assert dict(columns.wait_times())["5 to 14 min"] == 3


def test_one_line_is_another_group() -> None:
    (found,) = listed(
        goscope.read(
            dump((2, 1)) + dump((2, 1), line=11)[len(MAIN) :].replace("goroutine 2", "goroutine 7")
        )
    )
    assert sorted(g.count for g in found.groups) == [1, 1, 1]


def test_what_is_beyond_the_limit_is_counted() -> None:
    text = MAIN + "".join(WORKER.format(id=i, parent=1, wait="", line=i) for i in range(2, 12))
    (found,) = listed(goscope.read(text), limit=4)
    assert len(found.groups) == 4
    assert (found.omitted, found.omitted_goroutines) == (7, 7)


def test_the_frames_of_the_runtime_do_not_part_groups(capture_text: Callable[[str], bytes]) -> None:
    # A dump of a signal with GOTRACEBACK=system shows gopark and goexit; the same goroutines, dumped by
    # pprof, do not.
    plain = dump((2, 1))
    full = plain.replace(
        "[chan send]:\n",
        "[chan send]:\nruntime.gopark(0x1)\n\t/go/src/runtime/proc.go:474 +0xca\n",
    )
    (found,) = listed(goscope.read(plain, full))
    assert {g.counts for g in found.groups} == {(1, 1)}


def test_tree_of_calls() -> None:
    (found,) = listed(goscope.read(dump((2, 1), (3, 1))))
    root, missing, cut = stack_tree(found)
    assert (root.count, missing, cut) == (3, 0, 0)
    assert sorted(root.children) == ["main.main", "main.worker"]
    worker = root.children["main.worker"]
    assert worker.count == 2
    assert list(worker.children) == ["main.send"]
    assert worker.primitives == {"channel": 2}


def test_a_tree_without_room_says_what_is_missing() -> None:
    text = MAIN + "".join(
        WORKER.format(id=i, parent=1, wait="", line=i).replace("main.send", f"main.send{i}")
        for i in range(2, 40)
    )
    (found,) = listed(goscope.read(text))
    root, missing, _ = stack_tree(found, nodes=10)
    assert missing > 0
    assert root.count + missing == 39


def test_no_dump_no_groups(read: Callable[..., Read]) -> None:
    assert listed(read("nothing\n").capture) == []
