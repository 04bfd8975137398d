"""The goroutines of a process over its dumps, as columns.

Dumps and profiles come in one form here, for those who look for goroutines rather than judge them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from goscope.analysis.goroutines.dumps import Snapshot, snapshots_of
from goscope.analysis.goroutines.groups import state_of
from goscope.analysis.goroutines.profiles import all_profiles, source_of
from goscope.capture.capture import Capture
from goscope.tables.table import Bools, Floats, Ints, Table


@dataclass(frozen=True, slots=True)
class Words:
    """What the codes of the columns mean."""

    sources: tuple[str, ...]  # of the dumps, oldest first
    states: tuple[str, ...]  # "" where a profile does not tell
    reasons: int  # so many of them, from the first on, are wait reasons
    labels: tuple[str, ...]  # sets of labels as JSON objects
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Goroutines:
    """The goroutines of one process over its dumps, a row each; a row of a profile stands for many."""

    process: int
    words: Words
    dump: Ints
    count: Ints
    id: Ints  # -1 in a profile, which has none
    stack: Ints  # -1 where none was recorded
    state: Ints
    minutes: Floats  # NaN where Go printed none
    label: Ints  # -1 without labels
    leaked: Bools
    locked: Bools
    parent: Ints  # -1 where it is not known
    input: Ints
    line: Ints  # 0 where there are none

    def __len__(self) -> int:
        return len(self.dump)

    @property
    def of_profile(self) -> bool:
        """Whether they are counts of a profile, which knows neither ids nor times."""
        return bool(len(self)) and not bool((self.id >= 0).any())

    def rows(self, wanted: Bools | Ints) -> Goroutines:
        """Some of the rows."""
        columns = [getattr(self, column.name)[wanted] for column in fields(self)[2:]]
        return Goroutines(self.process, self.words, *columns)

    @property
    def totals(self) -> tuple[int, ...]:
        """How many goroutines there are in each dump."""
        counts = np.zeros(len(self.words.sources), np.int64)
        np.add.at(counts, self.dump, self.count)
        return tuple(counts.tolist())


def goroutines_of(capture: Capture) -> tuple[Goroutines, ...]:
    """The goroutines of each process.

    Dumps that a crash printed count only for a process that has no other, and profiles only for one
    without any dump.
    """
    dumps = dict(snapshots_of(capture))
    for process, crashed in _crash_dumps(capture).items():
        dumps.setdefault(process, tuple(crashed))
    found = {process: _of_dumps(process, several) for process, several in dumps.items()}
    for process, profiles in _profiles(capture).items():
        if process not in found:
            found[process] = _of_profiles(process, *profiles)
    return tuple(found[process] for process in sorted(found))


def _crash_dumps(capture: Capture) -> dict[int, list[Snapshot]]:
    goroutines, snapshots = capture.table("goroutines"), capture.table("snapshots")
    bounds = np.searchsorted(goroutines["snapshot_id"], np.arange(len(snapshots) + 1))
    found: dict[int, list[Snapshot]] = {}
    for row in np.flatnonzero(snapshots.present("crash")).tolist():
        rows = goroutines.select(np.arange(bounds[row], bounds[row + 1]))
        of_process = found.setdefault(int(snapshots["process"][row]), [])
        of_process.append(Snapshot(row, source_of(capture, row, "snapshots"), rows))
    return found


def _of_dumps(process: int, dumps: Sequence[Snapshot]) -> Goroutines:
    columns = _Columns([dump.rows for dump in dumps])
    first = dumps[0].rows
    states = [state_of(dump.rows) for dump in dumps]
    return Goroutines(
        process,
        Words(
            tuple(dump.source for dump in dumps),
            tuple(states[0][1]),
            len(first.categories("wait_reason")),
            first.categories("labels"),
            first.categories("input"),
        ),
        columns.dump,
        np.ones(len(columns.dump), np.int64),
        columns.numbers("id"),
        columns.numbers("stack_id"),
        np.concatenate([codes for codes, _ in states]),
        np.concatenate([dump.rows.numbers("wait_minutes") for dump in dumps]),
        columns.numbers("labels"),
        columns.numbers("leaked") == 1,
        columns.numbers("locked") == 1,
        columns.numbers("parent"),
        columns.numbers("input"),
        columns.numbers("line", 0),
    )


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


def _of_profiles(process: int, sources: Sequence[str], parts: Sequence[Table]) -> Goroutines:
    columns = _Columns(parts)
    size = len(columns.dump)
    reasons = parts[0].categories("wait_reason")
    state = columns.numbers("wait_reason")
    nothing, unknown = np.zeros(size, np.bool_), np.full(size, -1, np.int64)
    words = Words(
        tuple(sources),
        (*reasons, ""),
        len(reasons),
        parts[0].categories("labels"),
        parts[0].categories("input"),
    )
    return Goroutines(
        process,
        words,
        columns.dump,
        columns.numbers("count"),
        unknown,
        columns.numbers("stack_id"),
        np.where(state >= 0, state, len(reasons)),
        np.full(size, np.nan),
        columns.numbers("labels"),
        nothing,
        nothing,
        unknown,
        columns.numbers("input"),
        columns.numbers("line", 0),
    )


class _Columns:
    """Columns of the tables of several dumps, one below the other."""

    def __init__(self, tables: Sequence[Table]):
        self._tables = tables
        self.dump: Ints = np.repeat(np.arange(len(tables)), [len(table) for table in tables])

    def numbers(self, name: str, missing: int = -1) -> Ints:
        there = np.concatenate([table.present(name) for table in self._tables])
        values = np.concatenate([table[name] for table in self._tables]).astype(np.int64)
        return np.where(there, values, missing)
