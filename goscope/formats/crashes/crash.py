"""The heads of crashes: panics, fatal errors, signals, recovered panics of net/http; Go 1.5 to 1.27.

A head is what stands above the goroutines that a crash shows. Its first line opens it, and it
reaches to the first goroutine, whatever stands between: the value of a panic may hold any text.
From Go 1.23 on each further line of a value is indented by a tab; before, it may imitate everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from goscope.formats.crashes.crash_columns import CRASH_HEADS, CRASHES
from goscope.formats.format import Format
from goscope.formats.row_reader import RowReader
from goscope.framing.framed import BlockRecords
from goscope.framing.records import BlockKind
from goscope.goruntime.crash_kinds import (
    SIGNALS,
    kind_of_fatal,
    kind_of_panic,
    kind_of_signal,
    name_of_signal,
    was_sent,
)
from goscope.parsing.grammars import Grammar, Rejected
from goscope.parsing.text_shapes import TextShapes
from goscope.tables.table import Table, table_from

GRAMMAR = Grammar(
    "crash",
    (
        "panic",
        "fatal",
        "fault",
        "note",
        "bracket",
        "dump",
        "counter",
        "exception",
        "running",
        "served",
    ),
)

#: Longer values are cut; so many characters of a value are kept.
LONGEST_VALUE = 4_000
#: So many heads of a capture are read; a log that holds more repeats itself.
MOST_HEADS = 100_000

_SERVED = b"http: panic serving "
_NUMBERS = rb"(0x[0-9a-f]+)|([0-9]+)"
_VALUE = rb"(?s:(?<=%s: )(.+?)(?= \[recovered(?:, repanicked)?\]\Z|\Z))"
_SLOTS = {
    "panic": _VALUE % b"panic",
    "fatal": _VALUE % b"error",
    "note": _VALUE % b"runtime",
    "dump": rb"(?s:(?<=: )(.+)\Z)|([0-9]+)",
    "served": rb"(?<=serving )([^ \n]+)(?=:(?: |\Z))|(?s:(?<=: )(.+)\Z)",
    "bracket": _NUMBERS + rb"|((?<=: )[^\n]+?(?= code=))",
    "running": rb"([^\t\n]+)(?= \([^ ()]+\)\Z)|(?<=\()([^ ()]+)(?=\)\Z)",
    "fault": _NUMBERS,
    "counter": _NUMBERS,
    "exception": _NUMBERS,
}

# Which rule reads an entry that starts so. A rule's name is the group that matches.
_ENTRY = re.compile(
    rb"(?P<panic>\t?panic:(?: |$))|(?P<fatal>\t?fatal error:(?: |$))|(?P<fault>unexpected fault address )"
    rb"|(?P<note>runtime: )|(?P<bracket>\[signal )|(?P<counter>PC=0x)"
    rb"|(?P<dump>SIG[A-Z]+: |sys: [a-z]|Signal [0-9]+$)|(?P<exception>Exception 0x)"
    rb"|(?P<dying>panic during panic$|stack trace unavailable$)"  # runtime/panic.go: startpanic_m
)
_IN_C = re.compile(rb"signal arrived during (?:cgo|external code) execution$")
_TESTS = re.compile(rb"\t?running tests:$")
_END = re.compile(rb"(?:runtime|goroutine) stack:$|goroutine [0-9]+ ")
# Lines of other formats that may stand in a head: the detail block of schedtrace, log lines.
_FOREIGN = re.compile(
    rb"SCHED [0-9]+ms: |  [PMG][0-9]+: |gc [0-9]+ @"
    rb"|(?:time=|ts=|\{\")?(?:19|20)[0-9]{2}[-/][01][0-9][-/][0-3][0-9][ T][0-9]{2}:[0-9]{2}"
)
_WHOLE = frozenset({"panic", "fatal", "served"})  # entries whose value may have several lines
_CUT_AT = 1 << 15  # bytes of an entry that are looked at
_ACCESS_VIOLATION = "0xc0000005"


@dataclass(slots=True)
class _Head:
    """What the entries of a head say."""

    panics: list[str] = field(default_factory=list)
    fatals: list[str] = field(default_factory=list)
    dying: bool = False  # it is the death of a process that was dying already
    served: str | None = None
    dump: str | None = None  # the line of a fatal signal
    notes: list[str] = field(default_factory=list)
    signal: str | None = None
    sigcode: str | None = None
    address: str | None = None
    in_cgo: bool = False
    tests: list[str] = field(default_factory=list)


class CrashReader(RowReader):
    """Reads the heads of crashes of all inputs."""

    def __init__(self) -> None:
        super().__init__()
        self._shapes = {
            rule: TextShapes(GRAMMAR, rule, re.compile(slots)) for rule, slots in _SLOTS.items()
        }

    def read(self, blocks: BlockRecords) -> int:
        """Take blocks; returns how many of them are heads of crashes."""
        found = 0
        for index, text in enumerate(blocks.texts):
            line = int(blocks.numbers[index])
            if len(self._rows) >= MOST_HEADS:
                self._set_aside(line, text, f"not examined: more than {MOST_HEADS} crashes")
                continue
            head = _Head()
            for rule, entry, offset in _entries(text):
                self._take(head, rule, entry, line + offset)
            row = _row(head)
            if row is None:
                continue  # only lines that may stand before a fatal error
            found += 1
            self._rows.append(
                {
                    **row,
                    "stream_id": self._stream_id,
                    "line": line + 1,
                    "height": int(blocks.heights[index]),
                    "separated": blocks.above.get(index, (b"", 0))[0].rstrip() == b"-----",
                }
            )
        return found

    def tables(self) -> Mapping[str, Table]:
        """The heads, and an empty crashes table: its rows are made when the goroutines are known."""
        return {
            "crash_heads": table_from("crash_heads", CRASH_HEADS, self._rows),
            "crashes": table_from("crashes", CRASHES, []),
        }

    def _take(self, head: _Head, rule: str, entry: bytes, line: int) -> None:
        if rule == "in_cgo":
            head.in_cgo = True
            return
        if rule == "dying":
            head.dying |= len(head.fatals) < 2
            return
        parts = self._shapes[rule].parse(entry)
        if isinstance(parts, Rejected):
            self._set_aside(line, entry, parts.expected)
            return
        texts = {part.name: part.text for part in parts if part.words}
        value = texts.get("value", "")[:LONGEST_VALUE]
        if rule == "panic":
            if not head.panics or head.panics[-1] != value:  # else the same, panicked again
                head.panics.append(value)
        elif rule == "fatal":
            head.fatals.append(value)
        elif rule == "served":
            head.served = value
        elif rule == "note":
            head.notes.append(f"runtime: {value}")
        elif rule == "fault":
            head.notes.append(f"unexpected fault address {texts['address']}")
        elif rule == "dump":
            head.dump = entry.decode("utf-8", "replace")
            named = texts.get("signal") or texts.get("plan9_note")
            head.signal = named or f"signal {texts['number']}"
        elif rule == "exception":
            head.dump = entry.decode("utf-8", "replace")
            head.signal = texts["code_name"]
        elif rule == "running":
            head.tests.append(f"{texts['test']} ({texts['duration']})")
        elif rule == "bracket":
            named = texts.get("signal") or texts.get("plan9_note") or texts["code_name"]
            head.signal = head.signal or name_of_signal(named)
        head.sigcode = texts.get("sigcode", head.sigcode)
        head.address = head.address or texts.get("address")


def _entries(text: bytes) -> Iterator[tuple[str, bytes, int]]:
    """The entries of a head: the rule that reads each, its text, and its line within the head."""
    rule = ""
    lines: list[bytes] = []
    first = 0
    testing = False
    for number, line in enumerate(text.split(b"\n")):
        started = _ENTRY.match(line)
        mark = line.find(_SERVED) if number == 0 and started is None else -1
        if started is None and mark < 0 and rule in _WHOLE and not _ends_value(line):
            if testing and line.startswith(b"\t"):
                yield "running", line[:_CUT_AT], number
            elif _TESTS.match(line) and _timed_out(lines):
                testing = True
            elif not _FOREIGN.match(line):
                lines.append(line)
            else:
                testing = False  # a log line: nothing below it is of the value
                if not line.startswith((b"SCHED ", b"  ", b"gc ")):
                    yield rule, _joined(lines), first
                    rule = ""
            continue
        if rule:
            yield rule, _joined(lines), first
            rule, testing = "", False
        if mark >= 0:
            rule, lines, first = "served", [line[mark + len("http: ") :]], number
        elif started is not None:
            rule, lines, first = str(started.lastgroup), [line], number
        elif _IN_C.match(line):
            yield "in_cgo", line, number
        elif _END.match(line):
            return
    if rule:
        yield rule, _joined(lines), first


def _ends_value(line: bytes) -> bool:
    return line in (b"runtime stack:", b"goroutine stack:") or _IN_C.match(line) is not None


def _timed_out(lines: list[bytes]) -> bool:
    return lines[0].startswith(b"panic: test timed out after ")


def _joined(lines: list[bytes]) -> bytes:
    """An entry as one text, without the tabs that Go 1.23 and newer put before further lines."""
    first, *more = lines
    while more and not more[-1].strip():
        more.pop()
    if more and all(line.startswith(b"\t") for line in more):
        more = [line[1:] for line in more]
    text = b"\n".join([first, *more])
    if len(text) > _CUT_AT:
        suffix = re.search(rb" \[recovered(?:, repanicked)?\]\Z", text)
        text = text[:_CUT_AT] + (suffix.group() if suffix else b"")
    return text.rstrip(b" ") if text.endswith((b"panic: ", b"error: ", b"]: ")) else text


def _row(head: _Head) -> dict[str, Any] | None:
    """The columns of a head; None if nothing in it is a crash."""
    row: dict[str, Any] = {
        "signal": head.signal,
        "sigcode": head.sigcode,
        "address": head.address,
        "in_cgo": head.in_cgo,
        "dying": head.dying,
        "running_tests": json.dumps(head.tests) if head.tests else None,
    }
    if head.dump is not None:
        if was_sent(head.sigcode):
            row["address"] = None  # it is the sender's id
        name = "SIGSEGV" if head.signal == _ACCESS_VIOLATION else head.signal or ""
        kind = kind_of_signal(name, head.in_cgo)
        return {**row, "sort": "signal", "kind": kind, "message": head.dump}
    if head.served is not None:
        kind, text = "recovered_http_panic", head.served
        return {**row, "sort": "http", "kind": kind, "message": text}
    texts = [f"panic: {value}" if number else value for number, value in enumerate(head.panics)]
    if head.fatals:
        texts += [
            f"fatal error: {text}" if texts or n else text for n, text in enumerate(head.fatals)
        ]
        kind = kind_of_fatal(head.fatals[0])
        message = "\n".join([*texts, *head.notes])
        return {**row, "sort": "fatal", "kind": kind, "message": message[:LONGEST_VALUE]}
    if not head.panics:
        return _unsaid(row, head.notes)
    kinds = [kind for kind in map(kind_of_panic, head.panics) if kind != "panic"]
    message = "\n".join(texts)[:LONGEST_VALUE]
    return {**row, "sort": "panic", "kind": kinds[0] if kinds else "panic", "message": message}


def _unsaid(row: dict[str, Any], notes: list[str]) -> dict[str, Any] | None:
    """The columns of a fatal error of which only what the runtime prints before it was copied."""
    note = "\n".join(notes)[:LONGEST_VALUE]
    kind = next((kind for start, kind in _LEADS_TO.items() if note.startswith(start)), None)
    return {**row, "sort": "fatal", "kind": kind, "message": note} if kind is not None else None


_LEADS_TO = {
    "unexpected fault address ": "fault_address",
    "runtime: goroutine stack exceeds ": "stack_overflow",
    "runtime: program exceeds ": "thread_exhaustion",
    "runtime: failed to create new OS thread": "thread_exhaustion",
    "runtime: out of memory": "out_of_memory",
}
_PRELUDES = (
    b"unexpected fault address ",
    b"runtime: goroutine stack exceeds #",
    b"runtime: program exceeds #",
    b"runtime: out of memory",
    b"runtime: failed to create new OS thread",
)
# Fatal errors of which nobody but the runtime writes the whole line.
_THROWN = re.compile(
    rb"fatal error: (?:all goroutines are asleep - deadlock!|unexpected signal during runtime execution"
    rb"|concurrent map [a-z ]+|stack overflow|(?:runtime: )?out of memory|newosproc|fault"
    rb"|runtime: cannot (?:allocate|map) [a-z ]+|sync: [A-Za-z]+ of unlocked [A-Za-z]+)$"
)
_SIGNAL_NAMES = tuple(name.encode() + b": " for name in SIGNALS)

FORMAT = Format(
    name="crash",
    tables={"crashes": CRASHES},
    block=BlockKind(
        name="crash",
        told=True,
        openings=(
            b"panic:",
            b"fatal error: ",
            b"Exception 0x",
            b"Signal #",
            b"sys: trap: ",
            b"sys: fp: ",
            *_SIGNAL_NAMES,
            *_PRELUDES,
        ),
        sign=re.compile(
            rb"panic:(?: |$)|fatal error: |SIG[A-Z]+: [a-z]|sys: [a-z]|Signal [0-9]+$"
            rb"|Exception 0x[0-9a-f]+ 0x|unexpected fault address 0x|runtime: "
        ),
        words=(_SERVED,),
        lone=(
            b"panic:",
            b"fatal error: ",
            b"[signal ",
            b"PC=0x",
            b"runtime: ",
            b"signal arrived during ",
            b"instruction bytes: ",
            b"running tests:",
            b"unexpected fault address ",
            b"panic during panic",
            b"stack trace unavailable",
        ),
        pairs=False,
        above=True,
        leads_to="goroutine",
        headless=re.compile(rb"Exception 0x"),
        pieces=(
            (b"[signal ", re.compile(rb"\[signal (?:SIG[A-Z]+|0x[0-9a-f]+)[: ]")),
            (b"fatal error: ", _THROWN),
            (
                b"runtime: goroutine stack exceeds ",
                re.compile(rb"runtime: goroutine stack exceeds [0-9]"),
            ),
            (b"unexpected fault address ", re.compile(rb"unexpected fault address 0x[0-9a-f]+$")),
            (b"SIG", re.compile(rb"SIG(?:QUIT: quit|ABRT: abort|SEGV: segmentation violation)$")),
        ),
    ),
    reader=CrashReader,
    example="panic: runtime error: index out of range [5] with length 3",
)
