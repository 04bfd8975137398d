"""Profiles as text and as protobuf, on captures of real programs."""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import goscope
from goscope.diagnosis.engine import diagnose
from goscope.goruntime.parked_frames import CHANNEL_OPERATION
from goscope.renderers.terminal.summary import render
from tests.conftest import Read, content, rows_of
from tests.profiles_of_captures import (
    ALL_PROFILES,
    DUMPED,
    PAIRS,
    Key,
    counts_of,
    name_of,
    profile_rows,
)

READ = Callable[..., Read]
ALL_TEXTS = [text for text, _ in PAIRS]


@pytest.mark.parametrize(("text", "protobuf"), PAIRS, ids=[name_of(text) for text, _ in PAIRS])
def test_both_forms_of_one_moment_say_the_same(text: Path, protobuf: Path) -> None:
    of_text, of_protobuf = counts_of(text), counts_of(protobuf)
    for sums in of_text.values():
        sums.pop("cycles", None)  # the protobuf form has nanoseconds only
    if text.name == "mutex.txt" and "go1.19" in text.parts:
        # Up to 1.20 the text holds what was sampled, one of two contentions here.
        of_text = {
            key: {name: value * 2 for name, value in sums.items()} for key, sums in of_text.items()
        }
        for sums in (*of_text.values(), *of_protobuf.values()):
            sums["delay_ns"] //= 10  # rounded before it was doubled
    if "dump" in text.name:  # written one after the other: what writes them has moved on
        of_text, of_protobuf = without_writers(of_text), without_writers(of_protobuf)
    assert of_text or text.stem == "goroutineleak-none"
    assert of_text == of_protobuf


WRITERS = ("runtime/pprof.(*Profile).WriteTo", "net/http.(*conn", "net/http/pprof.")


def without_writers(counts: dict[Key, dict[str, int]]) -> dict[Key, dict[str, int]]:
    return {
        (frames, labels): sums
        for (frames, labels), sums in counts.items()
        if not any(str(frame[0]).startswith(WRITERS) for frame in frames)
    }


def test_there_are_pairs_of_every_kind_and_version() -> None:
    assert len(ALL_PROFILES) == 5
    assert {p.stem for p in ALL_TEXTS if p.parent.name == "profiles"} == {
        "allocs", "block", "goroutine-1", "goroutine-3", "goroutineleak", "goroutineleak-none", "heap",
        "mutex", "opened", "threadcreate",
    }  # fmt: skip


@pytest.mark.parametrize("path", ALL_TEXTS, ids=name_of)
def test_every_record_of_a_text_is_read(path: Path, read: READ) -> None:
    """Held against patterns that know nothing of goscope."""
    data = content(path)
    found = read(data)
    assert found.input.unparsed_count == 0
    assert found.input.formats == ("profile_text",)
    heads = re.findall(rb"^([0-9].*) @(?: 0x|$)", data, re.MULTILINE)
    rows = found.rows("profile")
    assert len(rows) == len(heads)
    lines = data.split(b"\n")
    assert [lines[row["line"] - 1].partition(b" @")[0] for row in rows] == heads
    if (total := re.match(rb".* profile: total ([0-9]+)\n", data)) is not None:
        assert [row["count"] for row in rows] == [int(head) for head in heads]
        assert sum(row["count"] for row in rows) == int(total[1])
        assert {row["total"] for row in rows} <= {int(total[1])}
    functions = [row["function"] for row in found.rows("frames")]
    said = re.findall(rb"^#\t0x[0-9a-f]+\t(.+)\+0x[0-9a-f]+\t+(.+):([0-9]+)$", data, re.MULTILINE)
    assert set(functions) == {name.decode() for name, _, _ in said}
    places = {(row["file"], row["line"]) for row in found.rows("frames")}
    assert places == {(file.decode(), int(line)) for _, file, line in said}


@pytest.mark.parametrize("run", ALL_PROFILES, ids=lambda run: run.parent.name)
def test_the_kind_is_known_by_the_content(run: Path) -> None:
    def kinds(pattern: str) -> dict[str, str]:
        return {p.name.partition(".")[0]: rows_of(goscope.read(p).table("profiles"))[0]["kind"] for p in run.glob(pattern)}  # fmt: skip

    leaks = {"goroutineleak": "goroutineleak", "goroutineleak-none": "goroutineleak"}
    wanted = {
        **{name: name for name in ("heap", "allocs", "mutex", "block", "threadcreate")},
        **{f"goroutine-{n}": "goroutine" for n in (1, 2, 3)},
        "opened": "example.com/fixtures/opened files",
        **(leaks if run.parent.name in ("go1.26", "go1.27") else {}),
    }
    assert kinds("*.pb.gz") == wanted
    texts = kinds("*[!0-9].txt") | kinds("goroutine-?.txt")
    assert texts == {**wanted, "allocs": "heap"}  # Go writes the same first line for both


@pytest.mark.parametrize("run", ALL_PROFILES, ids=lambda run: run.parent.name)
def test_memstats(run: Path) -> None:
    data = (run / "heap.txt").read_bytes()
    said = dict(re.findall(rb"^# (\w+) = (.*)$", data, re.MULTILINE))
    (row,) = rows_of(goscope.read(run / "heap.txt").table("memstats"))
    for name, column in {
        b"Alloc": "alloc_bytes", b"TotalAlloc": "total_alloc_bytes", b"Mallocs": "mallocs",
        b"HeapInuse": "heap_inuse_bytes", b"HeapObjects": "heap_objects", b"NextGC": "next_gc_bytes",
        b"LastGC": "last_gc_ns", b"NumGC": "num_gc", b"NumForcedGC": "num_forced_gc",
        b"MaxRSS": "max_rss_bytes", b"BuckHashSys": "buck_hash_sys_bytes",
    }.items():  # fmt: skip
        assert row[column] == int(said[name]), column
    inuse, sys = said[b"Stack"].split(b" / ")
    assert (row["stack_inuse_bytes"], row["stack_sys_bytes"]) == (int(inuse), int(sys))
    assert row["gc_cpu_fraction"] == float(said[b"GCCPUFraction"])
    assert row["debug_gc"] is False
    assert row["pause_ns"] == [int(n) for n in said[b"PauseNs"].strip(b"[]").split()]
    assert len(row["pause_ns"]) == len(row["pause_end_ns"]) == 256
    assert [name for name, value in row.items() if value is None] == ["stream", "wall_time"]


@pytest.mark.parametrize("run", DUMPED, ids=name_of)
def test_wait_reasons_are_those_of_the_dump_of_that_moment(run: Path) -> None:
    dump = goscope.read(next(run.glob("dump-3.txt*")))
    by_place: dict[object, set[str]] = defaultdict(set)
    places = {f["stack_id"]: (f["function"], f["line"]) for f in reversed(rows_of(dump.table("frames"))) if is_own(f)}  # fmt: skip
    for row in rows_of(dump.table("goroutines")):
        if row["stack_id"] in places:
            by_place[places[row["stack_id"]]].add(row["wait_reason"])
    checked = 0
    for path in (next(run.glob("dump-debug1.txt*")), run / "dump-debug0.pb.gz"):
        profile = goscope.read(path)
        own = {f["stack_id"]: (f["function"], f["line"]) for f in reversed(rows_of(profile.table("frames"))) if is_own(f)}  # fmt: skip
        for row in rows_of(profile.table("profile")):
            reasons = by_place.get(own.get(row["stack_id"]), set())
            if row["wait_reason"] is None or len(reasons) != 1 or reasons == {None}:
                continue
            (reason,) = reasons
            told = {str(reason).partition(" (")[0]}
            if path.suffix != ".gz" or "debug1" in path.name:
                told |= {CHANNEL_OPERATION} if str(reason).startswith("chan") else set()
            if reason == "semacquire":  # what 1.19 calls every lock
                told |= {"sync.WaitGroup.Wait", "sync.Mutex.Lock"}
            assert row["wait_reason"] in told, own[row["stack_id"]]
            checked += 1
    assert checked or run.name == "generics"  # whose goroutines may all have been running


def is_own(frame: dict[str, Any]) -> bool:
    return str(frame["function"]).startswith(("main.", "example.com/", "iter."))


@pytest.mark.parametrize("run", ALL_PROFILES, ids=lambda run: run.parent.name)
def test_what_fetchers_wait_for(run: Path) -> None:
    def reason(path: Path) -> set[str]:
        return {row["wait_reason"] for row in profile_rows(path) if row["count"] == 18}

    assert reason(run / "goroutine-3.pb.gz") == {"chan send"}
    assert reason(run / "goroutine-3.txt") == {CHANNEL_OPERATION}


def test_labels_are_those_that_the_program_set() -> None:
    run = next(run for run in DUMPED if name_of(run).endswith("go1.27/labels"))
    found = [
        json.loads(row["labels"]) for row in profile_rows(run / "dump-debug1.txt") if row["labels"]
    ]
    assert {"backslash": "C:\\temp", "quote": 'say "hi"', "single": "it's"} in found
    assert {"city": "Zürich", "emoji": "🦫", "script": "日本語"} in found
    assert {"markup": "</script>[bold]", "percent": "100%", "url": "/x?y=1&z=2#top"} in found


def test_an_empty_profile_is_a_profile(read: READ) -> None:
    found = read("goroutineleak profile: total 0\n")
    assert found.rows("profile") == []
    (profile,) = found.rows("profiles")
    assert (profile["kind"], profile["total"], profile["records"]) == ("goroutineleak", 0, 0)
    assert profile["truncated"] is False


RECORD = "2 @ 0x9 0x5 0x2\n# labels: {\"a\":\"b\"}\n#\t0x4\tmain.f+0x1\t\t/app/a.go:3\n#\t0x1\tmain.main+0x1\t/app/a.go:9\n\n"  # fmt: skip


def test_profiles_stand_in_a_log_among_other_lines(read: READ) -> None:
    text = (
        "12 @ 0x1 is no record before a profile\n"
        "starting\ngoroutine profile: total 2\n" + RECORD + "3 lines of the program\n"
        "gc 1 @0.002s 5%: 0.1+1.2+0.3 ms clock, 0.4+0.5/0.6/0.7+0.8 ms cpu, 4->4->0 MB, 5 MB goal, 8 P\n"
        "my own profile: total 4\n4 @ 0x2\n#\t0x1\tmain.main+0x1\t/app/a.go:9\n\n"
    )
    found = read(text)
    assert found.input.unparsed_count == 0
    assert [(p["kind"], p["line"], p["records"]) for p in found.rows("profiles")] == [
        ("goroutine", 3, 1),
        ("my own", 11, 1),
    ]
    assert [r["count"] for r in found.rows("profile")] == [2, 4]
    assert len(found.rows("gc")) == 1
    assert read([bytes([b]) for b in text.encode()]).everything() == found.everything()


def test_dumps_and_profiles_share_their_stacks(read: READ) -> None:
    dump = "goroutine 1 [select]:\nmain.main()\n\t/app/main.go:4 +0x1\n\n"
    found = read(dump + "goroutine profile: total 2\n" + RECORD)
    frames = {(f["stack_id"], f["function"]) for f in found.rows("frames")}
    (goroutine,), (record,) = found.rows("goroutines"), found.rows("profile")
    assert goroutine["stack_id"] != record["stack_id"]
    assert (goroutine["stack_id"], "main.main") in frames
    assert (record["stack_id"], "main.f") in frames
    assert [s["stack_id"] for s in found.rows("stacks")] == [0, 1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("goroutine profile: total 3\n1: 2 [3: 4] @ 0x1\n\n", "announces"),
        ("heap profile: 0: 0 [1: 2] @ heap/1048576\n3 @ 0x1\n\n", "announces"),
        ("#\t0x4\tmain.f+0x1\t/a.go:3\n\n", "the other lines"),
        ("goroutine profile: total 3\n99999999999999999999 @ 0x1\n\n", "numbers below"),
        ("goroutine profile: total 3\n3 @ 0x1\n#\t0x1\tmain.f\t/a.go:1\n\n", ""),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_set_aside(read: READ, text: str, expected: str) -> None:
    found = read(text)
    assert found.input.unparsed_count == 1
    assert expected in found.input.unparsed[0].expected


def test_records_above_the_head_of_a_profile_are_counted(read: READ) -> None:
    found = read(
        "#\t0x4\tmain.f+0x1\t/a.go:3\n\n2: 8 [3: 9] @ 0x1\n#\t0x1\tmain.g+0x1\t/a.go:1\n\n"
    )
    expected = [one.expected for one in found.input.unparsed]
    assert expected == [
        "the other lines of its record",
        "the first line of the profile above its records",
    ]


LARGEST = (1 << 63) - 1


@pytest.mark.parametrize(
    "text",
    [
        f"--- mutex:\ncycles/second=1\nsampling period=0\n{LARGEST} {LARGEST} @ 0x1\n\n",
        f"--- mutex:\ncycles/second=0\n{LARGEST} 1 @ 0x1\n\n",
        f"heap profile: 1: 1 [1: 1] @ heap/{LARGEST}\n{LARGEST}: 1 [1: {LARGEST}] @ 0x1\n\n",
        f"heap profile: 1: 1 [1: 1] @ heap/0\n-1: -1 [0: 0] @ 0x1\n\n# runtime.MemStats\n# Alloc = {2**64}\n# GCCPUFraction = 1e+999\n",
        f"goroutine profile: total {2**70}\n{LARGEST} @ 0x1\n\n{LARGEST} @ 0x{'f' * 5000}\n#\t0x{'f' * 5000}\tmain.f+0x{'f' * 6000}\t/a.go:{'9' * 5000}\n\n",
    ],
)  # fmt: skip
def test_numbers_of_any_size_do_no_harm(read: READ, text: str) -> None:
    found = read(text)
    assert len(found.rows("profiles")) == 1
    assert found.rows("profile")
    assert render(diagnose(found.capture))


TEXTS_TO_CUT = [ALL_PROFILES[-1] / name for name in ("goroutine-3.txt", "mutex.txt", "heap.txt")]


@pytest.mark.parametrize("path", TEXTS_TO_CUT, ids=name_of)
def test_a_text_that_is_cut_gives_all_records_before_the_cut(
    read: READ, path: Path, stride: int
) -> None:
    data = path.read_bytes().partition(b"# PauseNs")[0]
    whole = read(data).rows("profile")
    ends = [found.end() for found in re.finditer(rb"(?<=\n)\n", data)]  # behind each record
    for cut in range(0, len(data), 7 * stride):
        found = read(data[:cut])
        rows = found.rows("profile")
        complete = sum(end <= cut for end in ends)
        assert len(rows) >= min(complete, len(whole))
        for mine, theirs in zip(rows[:complete], whole, strict=False):
            assert {**mine, "wait_reason": None} == {**theirs, "wait_reason": None}
        if cut and data[cut - 1 : cut] != b"\n" and rows:
            assert len(rows) <= complete  # half a record has a wrong stack


def test_a_profile_that_is_cut_is_known_by_its_total(read: READ) -> None:
    data = (ALL_PROFILES[-1] / "goroutine-3.txt").read_bytes()
    assert [p["truncated"] for p in read(data).rows("profiles")] == [False]
    assert [p["truncated"] for p in read(data[:300]).rows("profiles")] == [True]


@pytest.mark.parametrize("path", ALL_TEXTS[::7], ids=name_of)
def test_the_size_of_chunks_changes_nothing(read: READ, path: Path) -> None:
    data = content(path)
    whole = read(data).everything()
    for size in (1, 7, 64, 1000):
        assert (
            read([data[at : at + size] for at in range(0, len(data), size)]).everything() == whole
        )


@pytest.mark.parametrize("above", ["go 1.7 stable\ncentos 6.4\n\n", "it grows:\n" * 5])
def test_records_without_the_line_above_stand_below_prose(read: READ, above: str) -> None:
    found = read(above + RECORD + "\n" + RECORD + "//code\nvar trans *http.Transport\n")
    assert [row["count"] for row in found.rows("profile")] == [2, 2]
    assert found.input.unparsed_count == 0


def test_a_sentence_that_looks_like_a_record_is_none(read: READ) -> None:
    found = read("meet us\n7 @ 0x10\nsharp\n")
    assert not found.rows("profile")


def test_unpacked_protobuf_and_wrong_names_are_read(tmp_path: Path) -> None:
    packed = ALL_PROFILES[-1] / "goroutine-3.pb.gz"
    for name, data in {
        "goroutine": packed.read_bytes(),
        "profile.txt": gzip.decompress(packed.read_bytes()),
    }.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert counts_of(path) == counts_of(packed)
    assert len(goscope.read(gzip.decompress(packed.read_bytes())).table("profile")) == len(
        profile_rows(packed)
    )


@pytest.mark.parametrize(
    ("frame", "profiles"),
    [
        ("main.f+0x1\t/a.go:3", 1),
        ("runtime.allocm+0x1\t/usr/go/src/runtime/proc.go:3", 0),
        ("0x1", 0),
    ],
)
def test_a_record_that_was_copied_without_the_line_above(
    read: READ, frame: str, profiles: int
) -> None:
    """Only goroutines and threads have one count; threads start in the runtime (runtime/proc.go: allocm)."""
    found = read(f"412 @ 0x4 0x5\n#\t0x4\t{frame}\n\n")
    assert [row["kind"] for row in found.rows("profiles")] == ["goroutine"] * profiles
    assert [row["count"] for row in found.rows("profile")] == [412] * profiles
    assert found.input.unparsed_count == 1 - profiles
