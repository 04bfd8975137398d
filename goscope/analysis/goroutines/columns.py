"""The goroutines of a process over its dumps, as columns.

Dumps and profiles come in one form here, for those who look for goroutines rather than judge them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from goscope.analysis.goroutines.dumps import Snapshot, snapshots_of
from goscope.analysis.goroutines.profiles import all_profiles, source_of
from goscope.capture.capture import Capture
from goscope.goruntime.wait_reasons import primitive_of
from goscope.tables.table import Bools, Floats, Ints, Table

#: Go prints whole minutes, from one on; below that nothing.
_WAIT_BOUNDS = (
    ("under 1 min, or not printed", 0),
    ("1 to 4 min", 1),
    ("5 to 14 min", 5),
    ("15 to 59 min", 15),
    ("1 to 5 h", 60),
    ("6 to 23 h", 360),
    ("1 to 6 days", 1440),
    ("7 days and more", 10080),
)


class GoroutineColumns:
    """The goroutines of one process over its dumps, a row each; a row of a profile stands for many.

    Columns are made when they are asked for: there may be a million goroutines. Where nothing is known
    numbers are -1, minutes NaN.
    """

    def __init__(
        self,
        process: int,
        sources: Sequence[str],
        tables: Sequence[Table],
        *,
        of_profile: bool = False,
        whole: tuple[GoroutineColumns, Bools | Ints] | None = None,
    ):
        self.process = process
        self.sources = tuple(sources)  # of the dumps, oldest first
        self.of_profile = of_profile  # counts, without ids and times
        self._tables = tables
        self._whole = whole
        self._kept: dict[str, Ints] = {}

    def __len__(self) -> int:
        return len(self.dump)

    def rows(self, wanted: Bools | Ints) -> GoroutineColumns:
        """Some of the rows."""
        return GoroutineColumns(
            self.process,
            self.sources,
            self._tables,
            of_profile=self.of_profile,
            whole=(self, wanted),
        )

    # ---- columns ----------------------------------------------------------------------------------

    @cached_property
    def dump(self) -> Ints:
        """The place of its dump in :attr:`sources`."""
        if self._whole is not None:
            return self._whole[0].dump[self._whole[1]]
        return np.repeat(np.arange(len(self._tables)), [len(table) for table in self._tables])

    @cached_property
    def count(self) -> Ints:
        """How many goroutines a row stands for."""
        return self._ints("count") if self.of_profile else np.ones(len(self), np.int64)

    @cached_property
    def id(self) -> Ints:
        """Goroutine ids."""
        return self._ints("id")

    @cached_property
    def stack(self) -> Ints:
        """Numbers of stacks."""
        return self._ints("stack_id")

    @cached_property
    def state(self) -> Ints:
        """Codes of :attr:`states`: the wait reason where there is one, as in a header of a dump."""
        reason, state = self._ints("wait_reason"), self._ints("state")
        state = np.where(state >= 0, state + len(self.reasons), len(self.states) - 1)
        return np.where(reason >= 0, reason, state)

    @cached_property
    def minutes(self) -> Floats:
        """For how long it has waited, as far as Go printed it."""
        if self._whole is not None:
            return self._whole[0].minutes[self._whole[1]]
        if self.of_profile:
            return np.full(len(self), np.nan)
        return np.concatenate([table.numbers("wait_minutes") for table in self._tables])

    @cached_property
    def label(self) -> Ints:
        """Codes of :attr:`labels`."""
        return self._ints("labels")

    @cached_property
    def leaked(self) -> Bools:
        """Whether the runtime calls it leaked."""
        return np.equal(self._ints("leaked"), 1)

    @cached_property
    def locked(self) -> Bools:
        """Whether it is locked to its thread."""
        return np.equal(self._ints("locked"), 1)

    @cached_property
    def parent(self) -> Ints:
        """The id of the goroutine that started it."""
        return self._ints("parent")

    @cached_property
    def input(self) -> Ints:
        """Codes of :attr:`inputs`."""
        return self._ints("input")

    @cached_property
    def line(self) -> Ints:
        """Its line in the input, 0 where there are none."""
        return np.maximum(self._ints("line"), 0)

    def _ints(self, name: str) -> Ints:
        if name not in self._kept:
            self._kept[name] = self._made(name)
        return self._kept[name]

    def _made(self, name: str) -> Ints:
        if self._whole is not None:
            return self._whole[0]._ints(name)[self._whole[1]]
        if name not in self._tables[0]:
            return np.full(len(self), -1, np.int64)
        there = np.concatenate([table.present(name) for table in self._tables])
        values = np.concatenate([table[name] for table in self._tables]).astype(np.int64)
        return np.where(there, values, -1)

    # ---- what the codes mean ----------------------------------------------------------------------

    @property
    def reasons(self) -> tuple[str, ...]:
        """The wait reasons: the first of the states."""
        return self._tables[0].categories("wait_reason")

    @property
    def states(self) -> tuple[str, ...]:
        """Wait reasons and states; "" where a profile does not tell."""
        first = self._tables[0]
        return (*self.reasons, *(first.categories("state") if "state" in first else ()), "")

    @property
    def labels(self) -> tuple[str, ...]:
        """Sets of labels as JSON objects."""
        return self._tables[0].categories("labels")

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return self._tables[0].categories("input")

    # ---- sums -------------------------------------------------------------------------------------

    @property
    def totals(self) -> tuple[int, ...]:
        """How many goroutines there are in each dump."""
        counts = np.zeros(len(self.sources), np.int64)
        np.add.at(counts, self.dump, self.count)
        return tuple(counts.tolist())

    def states_by_dump(self) -> tuple[tuple[str, str, tuple[int, ...]], ...]:
        """State, what it waits on, and how many in each dump, the most frequent states first."""
        counts = np.zeros((len(self.states), len(self.sources)), np.int64)
        np.add.at(counts, (self.state, self.dump), self.count)
        order = np.argsort(-counts.max(axis=1), kind="stable").tolist()
        return tuple(
            (
                self.states[i],
                primitive_of(self.states[i]) or self.states[i],
                tuple(counts[i].tolist()),
            )
            for i in order
            if counts[i].any() and self.states[i]
        )

    def wait_times(self) -> tuple[tuple[str, int], ...]:
        """How many of those that wait in the last dump have waited for how long."""
        waiting = (self.dump == len(self.sources) - 1) & (self.state < len(self.reasons))
        minutes = np.nan_to_num(self.minutes[waiting])
        place = np.searchsorted([least for _, least in _WAIT_BOUNDS], minutes, side="right") - 1
        counts = np.bincount(np.maximum(place, 0), minlength=len(_WAIT_BOUNDS)).tolist()
        return tuple((name, n) for (name, _), n in zip(_WAIT_BOUNDS, counts, strict=True))


def dumped_goroutines_of(capture: Capture) -> tuple[GoroutineColumns, ...]:
    """The goroutines of each process that was dumped; those of crashes only where somebody asked."""
    return tuple(_of_dumps(process, dumps) for process, dumps in snapshots_of(capture))


def goroutines_of(capture: Capture) -> tuple[GoroutineColumns, ...]:
    """The goroutines of each process.

    Dumps that a crash printed count only for a process that has no other, and profiles only for one
    without any dump.
    """
    found = {columns.process: columns for columns in dumped_goroutines_of(capture)}
    for process, crashed in _crash_dumps(capture).items():
        found.setdefault(process, _of_dumps(process, crashed))
    for process, (sources, tables) in _profiles(capture).items():
        if process not in found:
            found[process] = GoroutineColumns(process, sources, tables, of_profile=True)
    return tuple(found[process] for process in sorted(found))


def _of_dumps(process: int, dumps: Sequence[Snapshot]) -> GoroutineColumns:
    return GoroutineColumns(process, [dump.source for dump in dumps], [dump.rows for dump in dumps])


def _crash_dumps(capture: Capture) -> dict[int, list[Snapshot]]:
    goroutines, snapshots = capture.table("goroutines"), capture.table("snapshots")
    bounds = np.searchsorted(goroutines["snapshot_id"], np.arange(len(snapshots) + 1))
    found: dict[int, list[Snapshot]] = {}
    for row in np.flatnonzero(snapshots.present("crash")).tolist():
        rows = goroutines.select(np.arange(bounds[row], bounds[row + 1]))
        of_process = found.setdefault(int(snapshots["process"][row]), [])
        of_process.append(Snapshot(row, source_of(capture, row, "snapshots"), rows))
    return found


def _profiles(capture: Capture) -> dict[int, tuple[list[str], list[Table]]]:
    """The goroutine profiles of each process; of two forms of one moment that of the last."""
    profiles, records = capture.table("profiles"), capture.table("profile")
    found: dict[int, dict[str, list[tuple[str, Table]]]] = {}
    last: dict[int, str] = {}
    for row, mine in all_profiles(capture):
        if profiles.text("kind", row) == "goroutine" and mine:
            process, form = int(profiles["process"][row]), profiles.text("form", row) or ""
            last[process] = form
            forms = found.setdefault(process, {}).setdefault(form, [])
            forms.append((source_of(capture, row), records.select(np.array(mine))))
    return {
        process: ([s for s, _ in found[process][form]], [t for _, t in found[process][form]])
        for process, form in last.items()
    }
