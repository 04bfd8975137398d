"""The wait reasons of each Go version, their versions and what they mean for a diagnosis."""

from __future__ import annotations

import pytest

from goscope.goruntime.go_versions import OLDEST, Version, holds
from goscope.goruntime.goroutine_states import status_of_header
from goscope.goruntime.wait_reasons import (
    WAIT_REASONS,
    Primitive,
    can_leak,
    never_wakes,
    primitive_of,
    reason,
)

# waitReasonStrings of Go 1.19, and what each version added and removed.
TABLE_1_19 = {
    "GC assist marking", "IO wait", "chan receive (nil chan)", "chan send (nil chan)",
    "dumping heap", "garbage collection", "garbage collection scan", "panicwait",
    "select", "select (no cases)",
    "GC assist wait", "GC sweep wait", "GC scavenge wait", "chan receive", "chan send",
    "finalizer wait", "force gc (idle)", "semacquire", "sleep", "sync.Cond.Wait",
    "timer goroutine (idle)", "trace reader (blocked)", "wait for GC cycle", "GC worker (idle)",
    "preempted", "debug call",
}  # fmt: skip
CHANGES: list[tuple[Version, set[str], set[str]]] = [
    ((1, 19), set(), set()),
    ((1, 20), {"sync.Mutex.Lock", "sync.RWMutex.RLock", "sync.RWMutex.Lock", "GC worker (active)",
               "GC mark termination", "stopping the world"}, {"timer goroutine (idle)"}),
    ((1, 21), set(), set()),
    ((1, 22), {"flushing proc caches", "trace goroutine status", "trace proc status",
               "page trace flush", "coroutine"}, set()),
    ((1, 23), {"GC weak to strong wait"}, set()),
    ((1, 24), {"sync.WaitGroup.Wait", "synctest.Run", "synctest.Wait", "chan receive (synctest)",
               "chan send (synctest)", "select (synctest)"}, set()),
    ((1, 25), {"GOMAXPROCS updater (idle)", "cleanup wait", "chan receive (durable)",
               "chan send (durable)", "select (durable)", "sync.WaitGroup.Wait (durable)"},
     {"chan receive (synctest)", "chan send (synctest)", "select (synctest)"}),
    ((1, 26), set(), set()),
    ((1, 27), set(), set()),
]  # fmt: skip


def test_every_version_has_the_table_of_its_runtime() -> None:
    expected = set(TABLE_1_19)
    for version, added, removed in CHANGES:
        expected = (expected | added) - removed
        ours = {r.text for r in WAIT_REASONS if holds(r, version)} - {"unknown wait reason"}
        assert ours == expected, version


def test_texts_are_unique_and_no_status_names() -> None:
    texts = [r.text for r in WAIT_REASONS]
    assert len(texts) == len(set(texts))
    assert not [text for text in texts if status_of_header(text) not in (None, 9)]


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("chan receive", OLDEST, None),
        ("semarelease", OLDEST, (1, 6)),
        ("sync.Cond.Wait", (1, 11), None),
        ("wait for GC cycle", (1, 9), None),
        ("GC worker (idle)", (1, 6), None),
        ("mark wait (idle)", OLDEST, (1, 5)),
        ("GC assist wait", (1, 6), None),
        ("GC assist marking", (1, 8), None),
        ("GC scavenge wait", (1, 13), None),
        ("preempted", (1, 14), None),
        ("debug call", (1, 15), None),
        ("timer goroutine (idle)", OLDEST, (1, 19)),
        ("select (synctest)", (1, 24), (1, 24)),
    ],
)
def test_versions(text: str, since: Version, until: Version | None) -> None:
    found = reason(text)
    assert found is not None
    assert (found.since, found.until) == (since, until)


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("select (no cases)", "select (no cases)"),
        ("select (no cases) (leaked)", "select (no cases)"),
        ("chan receive (nil chan) (leaked)", "chan receive (nil chan)"),
        ("sync.Mutex.Lock (leaked) (scan)", "sync.Mutex.Lock"),
        ("sleep (durable)", "sleep"),
        ("coroutine (scan) (durable)", "coroutine"),
        ("select (durable)", "select (durable)"),
        ("select (durable) (scan)", "select (durable)"),
        ("select (synctest)", "select (synctest)"),
    ],
)
def test_annotations_are_not_part_of_the_reason(printed: str, text: str) -> None:
    found = reason(printed)
    assert found is not None and found.text == text


@pytest.mark.parametrize(
    "text", ["", "running", "syscall", "select ", "Select", "sleep (synctest)"]
)
def test_what_is_no_wait_reason(text: str) -> None:
    assert reason(text) is None
    assert not (never_wakes(text) or can_leak(text))


def test_what_never_wakes() -> None:
    assert {r.text for r in WAIT_REASONS if never_wakes(r.text)} == {
        "chan receive (nil chan)",
        "chan send (nil chan)",
        "select (no cases)",
    }
    assert never_wakes("select (no cases) (leaked)")


def test_the_runtime_at_rest_is_no_leak() -> None:
    resting = [r for r in WAIT_REASONS if r.kind == "system_idle"]
    assert len(resting) == 10
    assert not any(can_leak(r.text) for r in resting)


def test_what_the_leak_detector_of_the_runtime_looks_at_is_strong() -> None:
    # runtime/mgc.go, (*g).isMaybeRunnable
    for text in ("select (no cases)", "chan send (nil chan)", "chan receive (nil chan)", "select",
                 "chan receive", "chan send", "sync.Cond.Wait", "sync.WaitGroup.Wait",
                 "sync.Mutex.Lock", "sync.RWMutex.Lock", "sync.RWMutex.RLock"):  # fmt: skip
        found = reason(text)
        assert found is not None and found.leak_weight == "strong", text


@pytest.mark.parametrize(
    ("text", "weight"),
    [("semacquire", "strong"), ("coroutine", "strong"), ("sleep", "weak"), ("IO wait", "weak"),
     ("select (durable)", "weak"), ("GC assist wait", "none"), ("panicwait", "none")],
)  # fmt: skip
def test_leak_weight(text: str, weight: str) -> None:
    found = reason(text)
    assert found is not None and found.leak_weight == weight


@pytest.mark.parametrize(
    ("text", "primitive"),
    [("chan send (leaked)", "channel"), ("sync.RWMutex.RLock", "lock"), ("syscall", "syscall"),
     ("sync.WaitGroup.Wait", "wait_group"), ("sync.Cond.Wait", "cond"), ("IO wait", "io"),
     ("GC assist wait", "gc"), ("running", None)],
)  # fmt: skip
def test_primitive(text: str, primitive: Primitive | None) -> None:
    assert primitive_of(text) == primitive
