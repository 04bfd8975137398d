"""The trace over time: goroutines by state, what each P did, the size of the heap."""

from __future__ import annotations

import numpy as np

from goscope.traces.arrays import Int64, Mask
from goscope.traces.bounded_rows import BoundedRows, Columns
from goscope.traces.curves import Curves, Peaks
from goscope.traces.event_columns import Events
from goscope.traces.event_table import NUMBER
from goscope.traces.generation_tables import TraceStacks
from goscope.traces.live_goroutines import Rows
from goscope.traces.proc_spans import RUNNING as PROC_RUNNING
from goscope.traces.ranges import ASSIST, GC, STW, SWEEP
from goscope.traces.spans import Spans
from goscope.traces.state_transitions import GONE, RUNNABLE, RUNNING, SYSCALL, WAITING
from goscope.traces.thread_contexts import ThreadContexts, signed

#: Ps beyond this number are left out.
MOST_PROCS = 1024
_P_RUNNING, _P_SYSCALL, _P_GC = range(3)
_WORKER = "runtime.gcBgMarkWorker"


class Overview:
    """The curves of one trace."""

    def __init__(self, stacks: TraceStacks, *, all_rows: bool):
        self._stacks = stacks
        self._all_rows = all_rows
        self._states = Curves(GONE)
        self._ranges = Curves(4)
        self._procs = Curves(3 * MOST_PROCS)
        self._heap = Peaks()
        self._goal = Peaks(last=True)
        self.heap = BoundedRows()

    def reach(self, end: int) -> None:
        """Make room for times up to this one."""
        for part in (self._states, self._ranges, self._procs, self._heap, self._goal):
            part.reach(end)

    def step_range(self, kind: int, times: Int64, by: int) -> None:
        """Ranges of a kind began or ended."""
        self._ranges.step(kind, times, by)

    def add(
        self, events: Events, threads: ThreadContexts, spans: Spans, changes: Rows, before: Rows
    ) -> None:
        """Take a generation: ``changes`` are those of Ps, ``before`` its goroutines when it began."""
        self._add_states(spans)
        self._add_procs(changes)
        self._add_calls(spans, threads, before)
        self._add_workers(spans, threads, before)
        self._add_heap(events)

    def _add_states(self, spans: Spans) -> None:
        history, curves = spans.history, self._states
        for piece in spans.pieces():
            state, closed = history.state[piece], spans.closed[piece]
            start, duration = history.time[piece], spans.duration[piece]
            end = start + duration
            there, new = state < GONE, history.at[piece] >= 0
            within = (start >> curves.shift) == (end >> curves.shift)
            within &= there & closed & new
            curves.spend(state[within], start[within], duration[within])
            across = np.flatnonzero(there & ~within)
            begun, ended = across[new[across]], across[closed[across]]
            curves.step(state[begun], start[begun], 1)
            curves.step(state[ended], end[ended], -1)

    def _add_procs(self, changes: Rows) -> None:
        curves = np.where(changes["p"] < MOST_PROCS, changes["p"] * 3 + _P_RUNNING, -1)
        running = changes["state"] == PROC_RUNNING
        begins = running & ~changes["earlier"]
        self._procs.step(curves[begins], changes["start"][begins], 1)
        ends = np.zeros(len(running), np.bool_)
        ends[1:] = running[:-1] & (changes["p"][1:] == changes["p"][:-1])
        self._procs.step(curves[ends], changes["start"][ends], -1)

    def _add_calls(self, spans: Spans, threads: ThreadContexts, before: Rows) -> None:
        """System calls while they have their P."""
        history = spans.history
        rows, lost = spans.calls, spans.lost
        at = history.at[rows]
        carried = at < 0
        p = np.where(carried, before["p"][history.own[rows]], threads.p(np.maximum(at, 0)))
        had_none = np.where(
            carried, before["lost_at"][history.own[rows]] >= 0, lost == history.time[rows]
        )
        kept = ~had_none & (p >= 0)
        rows, lost, p, carried = rows[kept], lost[kept], p[kept], carried[kept]
        curves = np.where(p < MOST_PROCS, p * 3 + _P_SYSCALL, -1)
        self._procs.step(curves[~carried], history.time[rows][~carried], 1)
        over = (lost >= 0) | spans.closed[rows]
        end = history.time[rows] + spans.duration[rows]
        end = np.where(lost >= 0, np.where(spans.closed[rows], np.minimum(lost, end), lost), end)
        self._procs.step(curves[over], end[over], -1)

    def _add_workers(self, spans: Spans, threads: ThreadContexts, before: Rows) -> None:
        """GC workers while they run."""
        names = self._stacks.names.texts
        worker = np.array([*(name.startswith(_WORKER) for name in names), False])
        mine = worker[spans.goroutines["name"]]
        if not mine.any():
            return
        history = spans.history
        rows = np.flatnonzero(history.state == RUNNING)
        rows = rows[mine[history.own[rows]]]
        at = history.at[rows]
        carried = at < 0
        p = np.where(carried, before["p"][history.own[rows]], threads.p(np.maximum(at, 0)))
        known = carried & ~_known_before(before, worker, history.own[rows])
        curves = np.where((p >= 0) & (p < MOST_PROCS) & ~known, p * 3 + _P_GC, -1)
        self._procs.step(curves[~carried], history.time[rows][~carried], 1)
        closed = spans.closed[rows]
        self._procs.step(curves[closed], (history.time[rows] + spans.duration[rows])[closed], -1)

    def _add_heap(self, events: Events) -> None:
        at = np.flatnonzero(
            (events.type == NUMBER["HeapAlloc"]) | (events.type == NUMBER["HeapGoal"])
        )
        at = at[np.argsort(events.time[at], kind="stable")]
        time, value = events.time[at], np.maximum(signed(events.arguments[0][at]), 0)
        alloc = events.type[at] == NUMBER["HeapAlloc"]
        self._heap.add(time[alloc], value[alloc])
        self._goal.add(time[~alloc], value[~alloc])
        if self._all_rows:
            columns = {"alloc": np.where(alloc, value, -1), "goal": np.where(alloc, -1, value)}
            self.heap.add({"time": time, **columns})

    def slices(self, end: int) -> Columns:
        """A row per slice of time: areas (nanoseconds times goroutines), the heap and its goal."""
        states, ranges = self._states.areas(end), self._ranges.areas(end)
        starts = self._starts(end)
        return {
            "start": starts,
            "width": np.diff(starts, append=max(end, int(starts[-1]))),
            "runnable": states[RUNNABLE],
            "running": states[RUNNING],
            "waiting": states[WAITING],
            "syscall": states[SYSCALL],
            "heap": self._heap.values(end),
            "goal": self._goal.values(end),
            **{
                name: ranges[kind]
                for name, kind in (("gc", GC), ("stw", STW), ("assist", ASSIST), ("sweep", SWEEP))
            },
        }

    def procs(self, end: int, procs: Int64) -> Columns:
        """A row per slice and P, of these Ps: nanoseconds of each state."""
        starts = self._starts(end)
        width = np.diff(starts, append=max(end, int(starts[-1])))
        areas = self._procs.areas(end)
        parts: dict[str, list[Int64]] = {
            name: [] for name in ("start", "p", "running", "syscall", "idle", "gc")
        }
        for p in sorted(procs.tolist())[:MOST_PROCS]:
            held, syscall, gc = (
                areas[3 * p + kind] if 3 * p + kind < len(areas) else np.zeros_like(starts)
                for kind in (_P_RUNNING, _P_SYSCALL, _P_GC)
            )
            columns = (starts, np.full(len(starts), p), held - syscall, syscall, width - held, gc)
            for part, column in zip(parts.values(), columns, strict=True):
                part.append(column)
        return {
            name: np.concatenate([np.zeros(0, np.int64), *part]) for name, part in parts.items()
        }

    def _starts(self, end: int) -> Int64:
        shift = self._states.shift
        return np.arange(min((end >> shift) + 1, 1 << 30), dtype=np.int64) << shift


def _known_before(before: Rows, worker: Mask, own: Int64) -> Mask:
    """Whether goroutines were known as GC workers before, so that their present run was counted."""
    return np.asarray(worker[before["name"][own]])
