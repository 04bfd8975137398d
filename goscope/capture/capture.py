"""What was read, as tables: the middle of goscope, between the formats and the rules.

:func:`goscope.read` returns a :class:`Capture`. Each table is a property that gives a pandas
``DataFrame`` (``capture.sched``, ``capture.gc``, ``capture.goroutines``, ...); rules take the same
columns as numpy arrays from :meth:`Capture.table`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from goscope.capture.linking.clocks import Mixed
from goscope.capture.linking.table_links import listed_procs
from goscope.parsing.unparsed import Unparsed
from goscope.sources.live.cpu_use import CpuUse
from goscope.tables.notebook import html_table
from goscope.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd

_IN_REPR = 6  # tables that a repr names


#: By these tables a process is named: a log says more than a dump.
_TELLING_FIRST = ("sched", "gc", "goroutines", "crashes", "profiles", "traces", "snapshots")


@dataclass(frozen=True, slots=True)
class Input:
    """One input: its name, the formats found in it, how much was read and what was not understood."""

    name: str
    formats: tuple[str, ...]
    lines: int
    size: int
    unparsed_count: int
    unparsed: tuple[Unparsed, ...]
    cut: bool
    problem: str | None
    wrapped: bool = False
    rejoined_count: int = 0  # torn records that were put together
    rejoined: tuple[tuple[int, bytes], ...] = ()  # the first of them: line from 1, text
    quoted_count: int = 0  # lines like those of records in the values of crashes
    rows: Mapping[str, int] = field(default_factory=dict)  # of tables of lines, also those let go


def _file_of(input_name: str) -> str:
    return re.split(r"[/\\!]", input_name)[-1]


def _frame_of(documentation: str) -> cached_property[pd.DataFrame]:
    """The property that gives the table of its own name as a DataFrame."""
    found: cached_property[pd.DataFrame] = cached_property(
        lambda capture: capture.table(found.attrname).frame()
    )
    found.__doc__ = documentation
    return found


class Capture:
    """The tables of everything that was read, and the inputs that it came from.

    ``labels`` names processes by what a log shipper called them (``web-1``), where one did, or by the
    program that was asked, where there are several. ``mixed`` tells of inputs, by name, in which several
    processes wrote at the same time, without a label. ``selected`` names the tables that hold only a
    selection of their rows (:mod:`goscope.tables.row_selection`), and how many rows were read.
    ``switched_on`` are the settings of GODEBUG that are known to have been on, so that the absence of
    their lines says something. ``cpu_use`` is what the system gave a program that goscope ran, ``finished``
    that it ended by itself, with exit code 0: it had work to do, and did it.
    """

    def __init__(
        self,
        tables: Mapping[str, Table],
        inputs: Iterable[Input],
        processes: int,
        labels: Mapping[int, str] | None = None,
        mixed: Mapping[str, Mixed] | None = None,
        selected: Mapping[str, int] | None = None,
    ):
        self._tables = dict(tables)
        self.inputs = tuple(inputs)
        self.processes = processes
        self.labels = dict(labels or {})
        self.mixed = dict(mixed or {})
        self.selected = dict(selected or {})
        self.switched_on: frozenset[str] = frozenset()
        self.cpu_use: CpuUse | None = None
        self.finished = False
        #: What was worked out of the tables (:mod:`goscope.capture.analyses`).
        self.analyses: dict[object, object] = {}

    def __repr__(self) -> str:
        held = [f"{name} {count}" for name, count in self.records().items() if count]
        more = f", and {len(held) - _IN_REPR} more tables" if len(held) > _IN_REPR else ""
        inputs = f"{len(self.inputs)} input{'s' * (len(self.inputs) != 1)}"
        return (
            f"<goscope.Capture of {inputs}: {', '.join(held[:_IN_REPR]) or 'nothing of Go'}{more}>"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the inputs, and the tables that hold rows."""
        inputs = [
            (
                i.name,
                ", ".join(i.formats) or i.problem or "nothing of Go",
                i.lines,
                i.unparsed_count,
            )
            for i in self.inputs
        ]
        tables = [
            (f"capture.{name}" if hasattr(type(self), name) else f"capture.frame({name!r})", count)
            for name, count in self.records().items()
            if count
        ]
        s = "es" * (self.processes != 1)
        return html_table(
            f"{len(inputs)} inputs, {self.processes} process{s}",
            ("input", "formats", "lines", "not understood"),
            inputs,
        ) + html_table("the tables", ("DataFrame", "rows"), tables)

    def table(self, name: str) -> Table:
        """A table by name; it may be empty."""
        return self._tables[name]

    @property
    def table_names(self) -> tuple[str, ...]:
        """The names of all tables."""
        return tuple(self._tables)

    def frame(self, name: str) -> pd.DataFrame:
        """A table as a DataFrame, also one that has no property of its own (``scav``, ``inittrace``)."""
        return self.procs if name == "procs" else self.table(name).frame()

    def records(self, input_name: str | None = None) -> dict[str, int]:
        """How many rows were read for each table, in all or of one input.

        Distinct stacks count for no input.
        """
        if input_name is not None:
            return self._records_of_inputs[input_name]
        return {name: self.selected.get(name, len(table)) for name, table in self._tables.items()}

    @cached_property
    def _records_of_inputs(self) -> dict[str, dict[str, int]]:
        """The records of all inputs at once: there may be thousands."""
        found: dict[str, dict[str, int]] = {one.name: {} for one in self.inputs}
        for name, table in self._tables.items():
            if name in self.selected:
                rows = {one.name: one.rows[name] for one in self.inputs}
            elif "input" in table:
                words, codes = table.categories("input"), table["input"]
                counts = np.bincount(codes[codes >= 0], minlength=len(words)).tolist()
                rows = dict(zip(words, counts, strict=True))
            else:
                continue
            for one, records in found.items():
                records[name] = rows.get(one, 0)
        return found

    @property
    def recognised(self) -> bool:
        """Whether any record of any format was found."""
        return any(len(table) for table in self._tables.values())

    def process_name(self, process: int) -> str:
        """What to call a process where there are several: by its pod or folder, or by the file of its run."""
        return self._process_names.get(process, f"run {process + 1}")

    @cached_property
    def _process_names(self) -> dict[int, str]:
        """The names of all processes; those that share one also get the line with which they begin."""
        begins: dict[int, tuple[str, int]] = {}
        for name in _TELLING_FIRST:
            table = self._tables.get(name)
            if table is None or not len(table) or table.categories("input") == ():
                continue
            pair = (
                table["process"].astype(np.int64) * len(table.categories("input")) + table["input"]
            )
            _, first = np.unique(pair, return_index=True)
            found: dict[int, tuple[str, int]] = {}
            for row in first.tolist():
                one = slice(row, row + 1)
                line = int(table.at("line", one)[0]) if "line" in table else 0
                process, place = int(table.at("process", one)[0]), table.text("input", row) or ""
                found[process] = min(found.get(process, (place, line)), (place, line))
            begins = found | begins
        names: dict[int, str] = {}
        calls = {n: self._calls_of(n, *place) for n, place in begins.items()}
        often = Counter(name for call in calls.values() for name in set(call))
        for process, call in calls.items():
            names[process] = next((name for name in call if often[name] == 1), call[-1])
        return names

    def _calls_of(self, process: int, source: str, line: int) -> tuple[str, ...]:
        """What a process may be called, the shortest first."""
        label, file = self.labels.get(process), _file_of(source)
        own = f"{label} " if label else "run "
        if label and file.startswith(label):
            own = ""
        first = (label,) if label else ()
        return (*first, own + file, own + source, f"{own}{file}:{line}", f"{own}{source}:{line}")

    sched = _frame_of("A row per SCHED line.")
    threads = _frame_of("A row per M line of scheddetail.")
    sched_goroutines = _frame_of("A row per G line of scheddetail.")
    gc = _frame_of("A row per GC cycle.")
    goroutines = _frame_of("A row per goroutine and snapshot.")
    stacks = _frame_of("A row per distinct stack.")
    frames = _frame_of("A row per frame of a distinct stack.")
    profile = _frame_of("A row per record of a profile.")
    profiles = _frame_of("A row per profile.")
    memstats = _frame_of("A row per heap profile that ends with runtime.MemStats.")
    arguments = _frame_of(
        "A row per argument word that may be a pointer, of the first goroutines of each stack."
    )
    snapshots = _frame_of("A row per goroutine dump.")
    crashes = _frame_of(
        "A row per panic, fatal error, fatal signal, logged stack, test timeout and goleak report."
    )
    races = _frame_of("A row per report of the race detector.")

    @cached_property
    def procs(self) -> pd.DataFrame:
        """A row per P and sample: P lines of scheddetail, and the bracket lists of plain schedtrace."""
        import pandas as pd

        listed = listed_procs(self.table("sched"), self.table("procs").schema)
        frames = [t.frame() for t in (listed, self.table("procs")) if len(t)]
        return pd.concat(frames, ignore_index=True) if frames else self.table("procs").frame()
