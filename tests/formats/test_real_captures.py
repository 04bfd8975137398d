"""Real captures, held against patterns that know nothing of goscope (reference: go-formats.md)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conftest import Read

N = rb"-?\d+|nil"
MS = rb"(\d+(?:\.\d+)?)"

SCHED = re.compile(
    rb"SCHED (\d+)ms: gomaxprocs=(\d+) idleprocs=(\d+) threads=(\d+) spinningthreads=(\d+)(?: needspinning=(\d+))?"
    rb" idlethreads=(\d+) runqueue=(\d+)(?: \[ ?(\d+(?: \d+)*) ?\])?(?: schedticks=\[ ((?:\d+ )+)\])?"
    rb"(?: gcwaiting=(\w+) nmidlelocked=(-?\d+) stopwait=(\d+) sysmonwait=(\w+))?"
)
SCHED_COLUMNS = [
    "t_ms",
    "gomaxprocs",
    "idleprocs",
    "threads",
    "spinningthreads",
    "needspinning",
    "idlethreads",
    "runqueue",
    "local_queues",
    "schedticks",
    "gcwaiting",
    "nmidlelocked",
    "stopwait",
    "sysmonwait",
]
GC = re.compile(
    rb"gc (\d+) @(\d+\.\d{3})s (\d+)%%( \(checking for goroutine leaks\))?: %b\+%b\+%b ms clock, "
    rb"%b\+%b/%b/%b\+%b ms cpu, (\d+)->(\d+)->(\d+) MB, (\d+) MB goal, (?:(\d+) MB stacks, (\d+) MB globals, )?"
    rb"(\d+) P( \(forced\))?" % ((MS,) * 8)
)  # fmt: skip
GC_COLUMNS = [
    "cycle",
    "t_s",
    "cpu_percent",
    "leak_check",
    "stw_sweep_ms",
    "mark_ms",
    "stw_mark_ms",
    "sweep_cpu_ms",
    "assist_cpu_ms",
    "background_cpu_ms",
    "idle_cpu_ms",
    "mark_term_cpu_ms",
    "heap_start_mb",
    "heap_end_mb",
    "heap_live_mb",
    "heap_goal_mb",
    "stacks_mb",
    "globals_mb",
    "gomaxprocs",
    "forced",
]
P = re.compile(
    rb"  P(\d+): status=(\d) schedtick=(\d+) syscalltick=(\d+) m=(%b) runqsize=(\d+) gfreecnt=(-?\d+)"
    rb"(?: timerslen=(\d+))?" % N
)
P_COLUMNS = ["p", "status", "schedtick", "syscalltick", "on_m", "runqsize", "gfreecnt", "timerslen"]
M = re.compile(
    rb"  M(\d+): p=(%b) curg=(%b) mallocing=(\d+) throwing=(\d+) preemptoff=(.*) locks=(-?\d+) dying=(\d+)"
    rb"(?: helpgc=(-?\d+))? spinning=(true|false) blocked=(true|false) lockedg=(%b)" % (N, N, N)
)
M_COLUMNS = [
    "m",
    "on_p",
    "curg",
    "mallocing",
    "throwing",
    "preemptoff",
    "locks",
    "dying",
    "helpgc",
    "spinning",
    "blocked",
    "lockedg",
]
G = re.compile(rb"  G(\d+): status=(\d+)\((.*)\) m=(%b) lockedm=(%b)" % (N, N))
G_COLUMNS = ["g", "status", "reason", "on_m", "lockedm"]
REFERENCES = {"on_m", "on_p", "curg", "lockedg", "lockedm"}
TEXTS = {"preemptoff", "reason"}
FLAGS = {"leak_check", "forced"}  # False where the word is absent

HEADER = re.compile(
    rb"goroutine (\d+)(?: gp=(0x[0-9a-f]+) m=(?:(\d+) mp=(0x[0-9a-f]+)|nil))? \[(.*?)\](?: \{(.*)\})?:"
)
BODY = re.compile(
    r"(.*?)( \(leaked\))?( \(scan\))?( \(durable\))?(?:, (\d+) minutes)?(, locked to thread)?"
    r"(?:, synctest (?:group|bubble) (\d+))?(?: labels:\{(.*)\})?"
)
STATUSES = {"idle", "runnable", "running", "syscall", "waiting", "dead", "copystack", "preempted"}
LABEL = re.compile(r'("(?:[^"\\]|\\.)*"|[\w./]*): ("(?:[^"\\]|\\.)*"|[\w./]*)')


def value(name: str, word: bytes | None) -> Any:
    """What a field says."""
    if name in FLAGS:
        return word is not None
    if name in ("local_queues", "schedticks"):
        return [int(number) for number in (word or b"").split()]
    if word is None:
        return None
    if name in TEXTS:
        return word.decode()
    if name in REFERENCES and word in (b"nil", b"-1"):
        return None
    if name in ("gcwaiting", "sysmonwait"):
        return {b"0": False, b"false": False, b"1": True, b"true": True}[word]
    if word in (b"true", b"false"):
        return word == b"true"
    return float(word) if name.endswith(("_ms", "t_s")) and name != "t_ms" else int(word)


def check(
    found: Read,
    text: bytes,
    table: str,
    opening: bytes,
    pattern: re.Pattern[bytes],
    columns: list[str],
) -> None:
    """All rows of a table are what the pattern finds; torn lines that goscope mends may come on top."""
    rows = {row["line"]: row for row in found.rows(table)}
    lines = [(n, line) for n, line in enumerate(text.split(b"\n"), 1) if re.match(opening, line)]
    assert lines
    whole = {n: pattern.fullmatch(line) for n, line in lines}
    torn = {n for n, match in whole.items() if match is None}
    assert set(rows) - torn == set(whole) - torn
    aside = [unparsed.line for unparsed in found.input.unparsed]
    for line in torn:
        assert (line in rows) != (line in aside), line
    for line, match in whole.items():
        if match is not None:
            wanted = {
                name: value(name, word) for name, word in zip(columns, match.groups(), strict=True)
            }
            assert {name: rows[line][name] for name in columns} == wanted, line


@pytest.mark.holding(rb"^SCHED \d")
def test_sched(real_read: Read, real_capture: bytes) -> None:
    check(real_read, real_capture, "sched", rb"SCHED ", SCHED, SCHED_COLUMNS)


@pytest.mark.holding(rb"^gc \d+ @\d")
def test_gc(real_read: Read, real_capture: bytes) -> None:
    check(real_read, real_capture, "gc", rb"gc \d+ @\d", GC, GC_COLUMNS)


@pytest.mark.holding(rb"^  [PMG]\d+: ")
def test_scheddetail(real_read: Read, real_capture: bytes) -> None:
    check(real_read, real_capture, "procs", rb"  P\d+: status=", P, P_COLUMNS)
    check(real_read, real_capture, "threads", rb"  M\d+: p=", M, M_COLUMNS)
    check(real_read, real_capture, "sched_goroutines", rb"  G\d+: status=", G, G_COLUMNS)


@pytest.mark.holding(rb"^goroutine \d+ .*\[.*\n(?!\n)")
def test_goroutines(real_read: Read, real_capture: bytes) -> None:
    found = real_read
    rows = found.rows("goroutines")
    lines = real_capture.split(b"\n")
    headers = [
        (n, HEADER.fullmatch(line))
        for n, line in enumerate(lines, 1)
        # Up to Go 1.22 the value of a panic may hold what looks like one, but no frame below.
        if re.match(rb"goroutine \d+ .*\[", line) and re.search(rb"\)$|^\t", lines[n])
    ]
    assert headers
    assert [row["line"] for row in rows] == [n for n, _ in headers]
    for row, (line, match) in zip(rows, headers, strict=True):
        assert match is not None, line
        number, gp, m, mp, body, outside = (
            None if g is None else g.decode() for g in match.groups()
        )
        parts = BODY.fullmatch(body or "")
        assert parts is not None
        state, leaked, scan, durable, minutes, locked, bubble, inside = parts.groups()
        assert (row["id"], row["gp"], row["m"], row["mp"]) == (
            int(number or 0), gp, None if m is None else int(m), mp,
        )  # fmt: skip
        if state in STATUSES:
            assert (row["state"], row["wait_reason"]) == (state, None)
        else:
            assert row["state"] == ("leaked" if leaked else "waiting")
            assert (row["wait_reason"] or "").removesuffix(" (durable)") == state
        assert row["wait_minutes"] == (None if minutes is None else int(minutes))
        assert (row["leaked"], row["scan"], row["locked"]) == (
            bool(leaked),
            bool(scan),
            bool(locked),
        )
        assert row["durable"] == bool(durable)
        assert row["bubble"] == (None if bubble is None else int(bubble))
        labels = outside or inside
        if labels is None:
            assert row["labels"] is None
        elif "\\" not in labels:
            pairs = [
                f'"{k.strip(chr(34))}": "{v.strip(chr(34))}"'
                for k, v in LABEL.findall(labels)
                if k or v
            ]
            assert row["labels"] == "{" + ", ".join(pairs) + "}"


FRAME = re.compile(rb"^([^\s\[].*)\((.*)\)\n\t(.+):(\d+)(?: \+(0x[0-9a-f]+))?(?: fp=.*)?$", re.M)
CREATED = re.compile(rb"^created by (.+?)(?: in goroutine (\d+))?\n\t(.+):(\d+)(?: .*)?$", re.M)


@pytest.mark.holding(rb"^goroutine \d+ .*\[.*\n(?!\n)")
def test_stacks(real_read: Read, real_capture: bytes) -> None:
    """Each goroutine's frames and creator, block by block."""
    found = real_read
    frames: dict[int, list[tuple[Any, ...]]] = {}
    for frame in found.rows("frames"):
        if frame["ancestor"] == 0:
            frames.setdefault(frame["stack_id"], []).append(
                (frame["function"], frame["file"], frame["line"])
            )
    stacks = found.rows("stacks")
    lines = real_capture.split(b"\n")
    assert found.rows("goroutines")
    for row in found.rows("goroutines"):
        end = next((n for n in range(row["line"], len(lines)) if not lines[n]), len(lines))
        block = b"\n".join(lines[row["line"] : end]).partition(b"\n[originating from ")[0]
        wanted = [
            (f.decode(), file.decode(), int(line)) for f, _, file, line, _ in FRAME.findall(block)
        ]
        assert frames.get(row["stack_id"], []) == wanted, row["line"]
        created = CREATED.search(block)
        stack = stacks[row["stack_id"]]
        if created is None:
            assert (row["creator"], row["parent"], stack["creator_line"]) == (None, None, None)
        else:
            assert row["creator"] == stack["creator"] == created[1].decode()
            assert row["parent"] == (None if created[2] is None else int(created[2]))
            assert (stack["creator_file"], stack["creator_line"]) == (
                created[3].decode(),
                int(created[4]),
            )


def test_nothing_is_left_over(real_read: Read) -> None:
    """What is not understood is a torn line: a log's time stamp stands in it."""
    found = real_read
    assert found.input.formats
    assert len(found.input.unparsed) == found.input.unparsed_count
    for unparsed in found.input.unparsed:
        assert re.search(rb".20\d\d[-/]\d\d[-/]\d\d", unparsed.text), unparsed
