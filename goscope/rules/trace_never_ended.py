"""Goroutines are started again and again, and none of them ever ends.

What it detects: in an execution trace, start functions of which goroutines were created all along and
hardly one ended, and whose goroutines wait for another goroutine; and goroutines blocked on a nil
channel.

Why it matters: so leaks begin: each of them keeps its stack and all that it points to. The trace shows
them long before memory does, and with the place of the go statement.

Evidence and threshold: at least 5 created, at most a tenth as many ended (those from before the trace
count too, so that sessions which last longer than the trace are none), and creation in each third of
the time: a pool that is filled at its start is none. All wait in the same place, for a channel, a
select, a lock or a Cond, and not for the network, or where goroutines are known to wait for long. It is
a warning if half of them spent nearly all their life there, in a send or a lock, and a note otherwise:
in a receive or a select workers rest. On a nil channel one is enough: nothing can wake it
(runtime/chan.go); ``select {}`` is a usual way to stay and is left out. The numbers are chosen so that
one burst, or a pool, gives none.
Where more have ended, those are taken that are left over: at least 5, and a tenth of those created, that wait
in such a place five times as long as the longest-lived of those that ended, and were created all along. A
queue that only grows is none of it: there those that end have waited longest.

Example: ``main.query.func1``: 60 created in a second, none ended, all wait in ``chan send`` at one
place.

What to do: see who should have served them: give a send room, a receive an end (close), a select a
ctx.Done().

False positives: a program that only goes on building itself up while it is traced.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.traces.executions import Execution, Function, executions_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Group, Severity, Site
from goscope.goruntime.long_waiters import normal_long_wait
from goscope.goruntime.wait_reasons import primitive_of
from goscope.parsing.numbers import IntArray
from goscope.rules.findings.leak import fix_for, place_of
from goscope.rules.findings.trace import ms, trace_finding, words_of_dumps
from goscope.rules.rule import Family, Rule, Settings
from goscope.tables.table import Table

#: What another goroutine has to end, in the words of traces (runtime/traceruntime.go).
_BY_OTHERS = ("chan send", "chan receive", "select", "sync", "sync.(*Cond).Wait")
_FOREVER = "forever"
#: In these nobody rests until there is work, as workers do in a receive or a select.
_NO_REST = ("chan send", "sync")
#: So much of its life a goroutine has to be in its last wait, to count as stuck.
_STILL = 0.8


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_created: int = 5,
    most_ended_share: float = 0.1,
    least_third: float = 0.1,
    least_left_share: float = 0.1,
    times_as_long: float = 5.0,
) -> Iterator[Finding]:
    """One finding per trace and place where such goroutines wait."""
    for execution in executions_of(capture):
        table = execution.rows("trace_goroutines")
        names = np.array(table.texts("name"), object)
        reasons = table.texts("wait_reason")
        yield from _forever(execution, table, reasons)
        for function in execution.program:
            if function.created < least_created:
                continue
            mine = (names == function.name) & table.present("created_ns") & ~table.flags("existed")
            left = mine & table.present("wait_stack")
            longest_ns = 0
            if some_end := function.ended > most_ended_share * function.created:
                longest_ns = int(table["total_ns"][mine & table.present("ended_ns")].max(initial=0))
                waited = execution.duration_ns - table["since_ns"]
                left &= waited > times_as_long * longest_ns
            rows = np.flatnonzero(left)
            least = max(least_created, least_left_share * function.created if some_end else 0)
            created = table["created_ns"][left if some_end else mine]
            if len(rows) < least or not _all_along(created, execution.duration_ns, least_third):
                continue
            group = _largest(execution, table, reasons, rows)
            if group is not None and len(group.rows) >= max(least_created, 0.8 * len(rows)):
                yield _started(execution, table, function, group, longest_ns)


def _all_along(created: IntArray, duration_ns: int, least: float) -> bool:
    thirds = np.bincount(np.minimum(created * 3 // duration_ns, 2), minlength=3)
    return bool((thirds >= max(least * len(created), 1)).all())


@dataclass(frozen=True, slots=True)
class _Unfinished:
    reason: str
    stack: Stack
    rows: IntArray


def _largest(
    execution: Execution, table: Table, reasons: list[str | None], rows: IntArray
) -> _Unfinished | None:
    """Those that wait in one place for another goroutine; None if what they wait for is normal."""
    places = [
        (reasons[row], execution.stack(int(table["wait_stack"][row])).user_frame) for row in rows
    ]
    (reason, site), _ = Counter(places).most_common(1)[0]
    if reason not in _BY_OTHERS:
        return None
    mine = np.array(
        [row for row, place in zip(rows, places, strict=True) if place == (reason, site)]
    )
    stack = execution.stack(int(table["wait_stack"][mine[0]]))
    creator = _creator(execution, table, int(mine[0]))
    if normal_long_wait(stack.functions, creator.function if creator else None):
        return None
    return _Unfinished(str(reason), stack, mine)


def _creator(execution: Execution, table: Table, row: int) -> Site | None:
    """The go statement."""
    if not table.present("stack_id")[row]:
        return None
    frames = execution.stack(int(table["stack_id"][row])).frames
    return frames[0] if frames else None


def _forever(execution: Execution, table: Table, reasons: list[str | None]) -> Iterator[Finding]:
    """Those that nothing can wake."""
    rows = [row for row, reason in enumerate(reasons) if reason == _FOREVER]
    places: defaultdict[Site | None, list[int]] = defaultdict(list)
    for row in rows:
        stack = execution.stack(int(table["wait_stack"][row]))
        if "(nil chan)" in words_of_dumps(_FOREVER, stack):
            places[stack.user_frame].append(row)
    for site, mine in places.items():
        stack = execution.stack(int(table["wait_stack"][mine[0]]))
        group = _Unfinished(_FOREVER, stack, np.array(mine))
        yield _finding(
            execution,
            table,
            group,
            title=f"{len(mine)} blocked for ever at {place_of(site)}",
            detail="Nothing can wake a goroutine that waits on a nil channel.",
            severity=Severity.WARNING,
            confidence=Confidence.HIGH,
            evidence=(Evidence("blocked for ever", len(mine), "goroutines", execution.source),),
        )


def _started(
    execution: Execution, table: Table, function: Function, group: _Unfinished, longest_ns: int
) -> Finding:
    """Those that were started all along, and stay; ``longest_ns`` is the longest life of those that ended."""
    rows = group.rows
    waited = execution.duration_ns - table["since_ns"][rows]
    still = int((waited >= _STILL * table["total_ns"][rows]).sum())
    stuck = 2 * still >= len(rows)
    alone = group.reason in _NO_REST
    longest = int(waited.max())
    if longest_ns:
        ended = f"{function.ended} ended, and {len(rows)} wait on"
        how = (
            f", more than five times as long as any lived that ended ({ms(longest_ns)} ms at most)."
        )
    else:
        ended = f"and {'none' if not function.ended else f'only {function.ended}'} ended"
        how = (
            ", most since they first came there." if stuck else ", and go on working now and then."
        )
    return _finding(
        execution,
        table,
        group,
        title=f"{function.created} goroutines of {function.name} were started, {ended}",
        detail=f"{len(rows)} of them wait in {group.reason} at {place_of(group.stack.user_frame)}{how}",
        severity=Severity.WARNING if stuck and alone else Severity.INFO,
        confidence=Confidence.MEDIUM if stuck and alone else Confidence.LOW,
        evidence=(
            Evidence("created in the trace", function.created, "goroutines", execution.source),
            Evidence("ended in the trace", function.ended, "goroutines"),
            Evidence("wait in one place at its end", len(rows), "goroutines"),
            Evidence("and since nearly all their life", still, "goroutines"),
            Evidence("longest", ms(longest), "ms"),
        ),
    )


def _finding(
    execution: Execution,
    table: Table,
    group: _Unfinished,
    *,
    title: str,
    detail: str,
    severity: Severity,
    confidence: Confidence,
    evidence: tuple[Evidence, ...],
) -> Finding:
    words = words_of_dumps(group.reason, group.stack)
    ids = sorted(table["g"][group.rows].tolist())
    return trace_finding(
        "trace-never-ended",
        severity,
        execution,
        title=title,
        detail=detail,
        evidence=evidence,
        advice=fix_for(words, primitive_of(words), group.stack.functions),
        confidence=confidence,
        stack=group.stack,
        blocked_on=words,
        created_by=_creator(execution, table, int(group.rows[0])),
        group=Group(len(ids), tuple(ids[:20])),
    )


RULE = Rule(
    "trace-never-ended",
    ("trace_goroutines",),
    find,
    family=Family.TRACES,
    verdict="goroutines",
    state="leak",
    completes=True,
)
