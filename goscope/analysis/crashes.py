"""Crashes as rules and pages look at them: what happened, where, how bad it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from goscope.analysis.goroutines.dumps import (
    Stack,
    blocked_groups,
    last_snapshots_of,
    stacks_of,
)
from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Severity, Site
from goscope.goruntime.crash_kinds import PANICS, RECOVERED
from goscope.goruntime.wait_reasons import reason
from goscope.tables.table import Table


@dataclass(frozen=True, slots=True)
class CrashReport:
    """One crash, one logged stack, one goleak report or one data race.

    ``goroutine`` is the id of the one to blame, ``site`` the innermost frame of the program itself
    and ``stack`` all frames, where the text shows them. ``origin`` is where it panicked first, if a
    deferred call panicked again. ``sent`` says that a process sent the signal, ``slow_suite`` that the test
    which ran when the time was up had run for less than half of it, ``hangs`` that a deferred call waits, so
    that the panic was not printed, ``only_head`` that other lines follow instead of goroutines, a signal or
    an exit: who logs the value of a panic that it recovered writes the same.
    """

    kind: str
    message: str
    input: str
    line: int
    process: int
    goroutine: int | None = None
    site: Site | None = None
    stack: Stack | None = None
    origin: str | None = None
    waits_for: str | None = None
    signal: str | None = None
    address: str | None = None
    exit: str | None = None
    sent: bool = False
    running_tests: tuple[str, ...] = ()
    slow_suite: bool = False
    hangs: bool = False
    shows_goroutines: bool = False
    only_head: bool = False

    @property
    def source(self) -> str:
        """Input and line."""
        return f"{self.input}:{self.line}"

    @property
    def severity(self) -> Severity:
        """Critical, except what somebody asked for, what the program survived, and what may be recovered."""
        if self.hangs or self.only_head:
            return Severity.WARNING
        if self.kind in ("sigquit", "crash_tail"):
            return Severity.INFO
        if self.kind in RECOVERED:
            logged = self.kind == "recovered_logged_stack"
            return Severity.INFO if logged and not self.panicked else Severity.WARNING
        return Severity.CRITICAL

    @property
    def confidence(self) -> Confidence:
        """How sure it is that this happened: the runtime's own words, or a stack below some text.

        Who logs a stack calls runtime/debug; a running goroutine without that may as well be the rest of a
        crash, of which the first lines were left out.
        """
        if self.hangs or self.kind == "crash_tail":
            return Confidence.HIGH
        if self.kind == "recovered_logged_stack":
            functions = () if self.stack is None else self.stack.functions
            logged = functions[:1] and functions[0].startswith("runtime/debug.")
            return Confidence.CERTAIN if logged else Confidence.LOW
        if self.only_head:
            return Confidence.LOW
        shown = self.site is not None or self.shows_goroutines or self.exit is not None
        return Confidence.CERTAIN if shown else Confidence.HIGH

    @property
    def panicked(self) -> bool:
        """Whether the stack shows that a panic was in progress."""
        return self.stack is not None and "panic" in self.stack.functions


@once_per_capture
def crash_reports_of(capture: Capture) -> tuple[CrashReport, ...]:
    """All crashes of a capture in the order of the inputs, its data races, and panics that hang."""
    return (*_crashes(capture), *_races(capture), *_hanging_panics(capture))


def _crashes(capture: Capture) -> Iterator[CrashReport]:
    table = capture.table("crashes")
    # What was not understood of an input may be the rest of the crash.
    lines = {one.name: 0 if one.unparsed_count else one.lines for one in capture.inputs}
    for row in _rows(table):
        stack = None if row["stack_id"] is None else stacks_of(capture)[row["stack_id"]]
        yield CrashReport(
            kind=row["kind"],
            message=row["message"] or "",
            input=row["input"],
            line=row["line"],
            process=row["process"] or 0,
            goroutine=row["goroutine"],
            site=_site(row, ""),
            stack=stack,
            origin=row["origin"],
            waits_for=row["wait_reason"],
            signal=row["signal"],
            address=row["address"],
            exit=row["exit"],
            sent=bool(row["sent"]),
            slow_suite=bool(row["slow_suite"]),
            running_tests=tuple(json.loads(row["running_tests"] or "[]")),
            shows_goroutines=row["snapshot_id"] is not None,
            only_head=row["kind"] in PANICS
            and all(row[name] is None for name in ("snapshot_id", "function", "signal", "exit"))
            and lines[row["input"]] > row["line"] + (row["message"] or "").count("\n") + 1,
        )


def _races(capture: Capture) -> Iterator[CrashReport]:
    for row in _rows(capture.table("races")):
        site, other = _site(row, ""), _site(row, "previous_")
        at = f" at {row['address']}" if row["address"] is not None else ""
        message = f"{row['access']}{at}"
        if other is not None:
            message += (
                f" while another goroutine did a {row['previous_access']} in {other.function}"
            )
            message += f" ({other.file}:{other.line})"
        yield CrashReport(
            kind="data_race",
            message=message,
            input=row["input"],
            line=row["line"],
            process=row["process"] or 0,
            site=site,
            address=row["address"],
            stack=Stack(tuple(s for s in (site, other) if s is not None), _created(row)),
        )


def _hanging_panics(capture: Capture) -> Iterator[CrashReport]:
    """Goroutines that panicked and wait for others in a deferred call.

    The runtime prints a panic only after all deferred calls have run (runtime/panic.go: gopanic).
    """
    for process, dumps in last_snapshots_of(capture):
        for blocked in blocked_groups(capture, dumps[-1]):
            functions, why = blocked.stack.functions, reason(blocked.reason)
            if "panic" not in functions or why is None or why.leak_weight != "strong":
                continue
            frames = blocked.stack.frames
            below = functions.index("panic") + 1
            stack = Stack(frames[below:], blocked.stack.created_by)
            deferred = Stack(frames[: below - 1], None).user_frame
            where = f" ({deferred.function})" if deferred is not None else ""
            rows, first = dumps[-1].rows, int(blocked.rows[0])
            yield CrashReport(
                kind="panic",
                message=f"a panic is not printed, as a deferred call{where} waits in {blocked.reason}",
                input=rows.text("input", first) or "",
                line=int(rows["line"][first]),
                process=process,
                goroutine=int(rows["id"][first]),
                site=stack.user_frame,
                stack=stack,
                hangs=True,
                shows_goroutines=True,
            )


def _created(row: dict[str, Any]) -> Site | None:
    if row["created_by"] is None:
        return None
    return Site(row["created_by"], row["created_file"], row["created_line"])


def _site(row: dict[str, Any], side: str) -> Site | None:
    if row[f"{side}function"] is None:
        return None
    return Site(row[f"{side}function"], row[f"{side}file"], row[f"{side}file_line"])


def _rows(table: Table) -> Iterator[dict[str, Any]]:
    """The rows as plain values, None for what is missing."""
    columns: dict[str, list[Any]] = {}
    for column in table.schema:
        name = column.name
        if column.kind.name == "TEXT":
            columns[name] = list(table.texts(name))
        else:
            pairs = zip(table[name].tolist(), table.present(name).tolist(), strict=True)
            columns[name] = [value if there else None for value, there in pairs]
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


@dataclass(frozen=True, slots=True)
class OtherGoroutines:
    """Goroutines of a crash that is not theirs, with one stack and state; ``goroutine`` is the first's id."""

    count: int
    state: str
    stack: Stack
    goroutine: int


def others_of(capture: Capture, crash: CrashReport, most: int = 100) -> list[OtherGoroutines]:
    """The goroutines that a crash shows beside the one to blame, by stack and state, larger groups first."""
    table, snapshots = capture.table("goroutines"), capture.table("snapshots")
    if not crash.shows_goroutines or not len(table):
        return []
    inputs = snapshots.texts("input")
    # The dump of a crash begins below its head, in the same input.
    lines = snapshots["line"].tolist()
    mine = [n for n, line in enumerate(lines) if inputs[n] == crash.input and line >= crash.line]
    if not mine:
        return []
    snapshot = min(mine, key=lambda n: lines[n])
    blamed = -1 if crash.goroutine is None else crash.goroutine
    rows = np.flatnonzero((table["snapshot_id"] == snapshot) & (table["id"] != blamed))
    reasons, states = table.categories("wait_reason"), table.categories("state")
    codes = np.where(table["wait_reason"] >= 0, table["wait_reason"], table["state"] + len(reasons))
    keys, first, counts = np.unique(
        np.column_stack((table["stack_id"][rows], codes[rows])).reshape(-1, 2),
        axis=0,
        return_index=True,
        return_counts=True,
    )
    stacks, names = stacks_of(capture), [*reasons, *states, "?"]
    return [
        OtherGoroutines(
            count=int(counts[i]),
            state=names[int(keys[i, 1])],
            stack=stacks[int(keys[i, 0])],
            goroutine=int(table["id"][rows[first[i]]]),
        )
        for i in np.argsort(-counts, kind="stable")[:most].tolist()
    ]
