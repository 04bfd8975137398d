"""Which goroutines belong to which head of a crash."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from goscope.capture.linking.crash_dumped import Dumped
from goscope.tables.table import Table

#: So many lines may stand between the goroutines of a panic's value and the one that crashed.
_NEAR = 6
#: So many goroutines of a value are looked at.
_MOST_QUOTED = 200
_WORDS = ("sort", "kind", "message", "signal", "sigcode", "address", "running_tests")
_LOGGERS = ("runtime/debug.Stack", "runtime/debug.PrintStack")


@dataclass(slots=True)
class Head:
    """A row of the heads table with its goroutines, and the lines that say how the process ended."""

    row: int
    stream_id: int
    line: int
    sort: str
    kind: str
    message: str
    signal: str | None
    address: str | None
    in_cgo: bool
    sigcode: str | None
    dying: bool
    running_tests: str | None
    dump: range = range(0)
    above: range = range(0)  # the goroutines that stand above the head and are of no other one
    exits: list[tuple[str, str]] = field(default_factory=list)


def heads_of(table: Table, dumped: Dumped) -> list[Head]:
    """All heads; what repeats a signal for one more thread (GOTRACEBACK=crash) is none of its own."""
    codes, lines = table["stream_id"].tolist(), table["line"].tolist()
    follows = (table["line"] + table["height"]).tolist()
    separated = table.flags("separated").tolist()
    cgo, dying = table.flags("in_cgo").tolist(), table.flags("dying").tolist()
    columns = {name: table.texts(name) for name in _WORDS}
    heads: list[Head] = []
    for row, (code, line) in enumerate(zip(codes, lines, strict=True)):
        words = {name: values[row] for name, values in columns.items()}
        head = Head(
            row,
            code,
            line,
            words["sort"] or "",
            words["kind"] or "fatal",
            words["message"] or "",
            words["signal"],
            words["address"],
            cgo[row],
            words["sigcode"],
            dying[row],
            words["running_tests"],
        )
        before = heads[-1] if heads and heads[-1].stream_id == code else None
        start, stop = dumped.rows_of(code)
        first = start + int(np.searchsorted(dumped.lines[start:stop], follows[row]))
        if row + 1 < len(lines) and codes[row + 1] == code:
            stop = start + int(np.searchsorted(dumped.lines[start:stop], lines[row + 1]))
        head.above = range(start if before is None else max(start, before.dump.stop), first)
        linked = first < stop and int(dumped.lines[first]) == follows[row]
        if linked:
            head.dump = range(first, _end_of_dump(dumped, first, stop))
            dumped.taken[first : head.dump.stop] = True
        if separated[row] and before is not None and _same_signal(head, before):
            _join(dumped, before, head.dump)
            continue
        if head.dying and before is not None and not len(before.dump):
            before.dump = head.dump  # a process dies once, and of what came first
            before.message += f"\nfatal error: {head.message}"
            continue
        # printpanics writes an empty line between the value and the goroutine that crashed.
        printed = 1 + head.message.count("\n") + (head.signal is not None)
        parted = follows[row] - line > printed
        if linked and head.sort == "panic" and not (parted and _crashed(dumped, first)):
            head.dump = _behind_value(dumped, head.dump, stop)
        heads.append(head)
    return heads


def _end_of_dump(dumped: Dumped, first: int, stop: int) -> int:
    """The row behind the dump of a crash; the runtime may print the first stack without a header.

    Then the goroutines behind the next empty line are of the same dump (runtime/signal_windows.go:
    winthrow, and sighandler on the stack of a signal).
    """
    end = dumped.end_of_dump(first, stop)
    if dumped.headless[first] and end == first + 1 < stop and _gap(dumped, end) <= 2:
        end = dumped.end_of_dump(end, stop)
        dumped.snapshot[first:end] = dumped.snapshot[first]
    return end


def _same_signal(head: Head, before: Head) -> bool:
    return head.sort == before.sort == "signal" and head.signal == before.signal


def _join(dumped: Dumped, main: Head, section: range) -> None:
    """A section for another thread: goroutines that are in the dump already were printed twice."""
    if not len(main.dump):
        return
    have = {goroutine for goroutine in dumped.ids[main.dump].tolist() if goroutine}
    for row in section:
        dumped.dropped[row] = int(dumped.ids[row]) in have
        dumped.snapshot[row] = dumped.snapshot[main.dump.start]


def _behind_value(dumped: Dumped, dump: range, stop: int) -> range:
    """The dump without goroutines that are part of the panic's value.

    Up to Go 1.22 a value is printed as it is, and people panic with the text of a stack. Then no empty line
    stands above it, or its goroutine was writing the stack itself. Of a crash only the goroutine that crashed
    is running and has frames, and it comes first. So the last such one, close behind the others, is the one;
    what stands before it is of the value.
    """
    limit = min(stop, dump.start + _MOST_QUOTED)
    candidates = np.flatnonzero(dumped.running[dump.start + 1 : limit]) + dump.start + 1
    crashed = dump.start
    near = dump.start
    for candidate in candidates.tolist():
        while near < candidate and _gap(dumped, near + 1) <= _NEAR:
            near += 1
        if near < candidate:
            break
        if _crashed(dumped, candidate):
            crashed = candidate
    if crashed == dump.start:
        return dump
    dumped.dropped[dump.start : crashed] = True
    found = range(crashed, dumped.end_of_dump(crashed, stop))
    dumped.taken[found.start : found.stop] = True
    return found


def _crashed(dumped: Dumped, row: int) -> bool:
    """Whether a goroutine may be the one that crashed: it runs, and does not write stacks itself."""
    frames = dumped.frames(row) if dumped.running[row] else ()
    return bool(frames) and frames[0].function not in _LOGGERS


def _gap(dumped: Dumped, row: int) -> int:
    """How many lines stand between a goroutine and the one before, give or take a few."""
    height = 1 + 2 * (len(dumped.frames(row - 1)) + 1)
    return int(dumped.lines[row]) - int(dumped.lines[row - 1]) - height
