"""What was read, as tables: the middle of goscope, between the formats and the rules.

:func:`goscope.read` returns a :class:`Capture`. Each table is a property that gives a pandas
``DataFrame`` (``capture.sched``, ``capture.gc``, ``capture.goroutines``, ...); rules take the same
columns as numpy arrays from :meth:`Capture.table`.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from goscope.bounds import ALL, STRETCH, State, bounds_of, shift_of
from goscope.clocks import Mixed
from goscope.crashes import link_crashes
from goscope.errors import InputError
from goscope.formats import HEAD, all_formats, content_format
from goscope.formats.format import BlockReader, ContentReader
from goscope.framing.framer import (
    LONGEST_RECORD,
    BlockRecords,
    CutRecord,
    LineRecords,
    LongRecord,
    Piece,
    TornRecord,
)
from goscope.framing.lines import Positions
from goscope.framing.sieve import Sieve
from goscope.intervals import with_interval_cpu
from goscope.limits import Limits, Thinning
from goscope.notebook import html_table
from goscope.origins import Origin, by_stream, with_places
from goscope.processes import assign_processes
from goscope.programs import by_program
from goscope.shapes import LineShapes, Unparsed, moved
from goscope.streams import Streams
from goscope.tables import Cells, Column, Kind, Table, TableBuilder, int_cells, narrow, stacked

if TYPE_CHECKING:
    import pandas as pd


#: What is expected of a piece of a torn record.
TORN = "the beginning of the line, which another write tore off"


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
    rows: Mapping[str, int] = field(
        default_factory=dict
    )  # of tables made of lines, also those let go
    rejoined: tuple[
        tuple[int, bytes], ...
    ] = ()  # torn records that were put together: line from 1, text


class Capture:
    """The tables of everything that was read, and the inputs that it came from.

    ``labels`` names processes by what a log shipper called them (``web-1``), where one did, or by the
    program that was asked, where there are several. ``mixed`` tells of inputs, by name, in which several
    processes wrote at the same time, without a label. ``selected`` names the tables that hold only a
    selection of their rows (:mod:`goscope.bounds`), and how many rows were read.
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

    def __repr__(self) -> str:
        held = ", ".join(f"{name} {count}" for name, count in self.records().items() if count)
        return f"<goscope.Capture of {len(self.inputs)} inputs: {held or 'nothing of Go'}>"

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
        counts: dict[str, int] = {}
        read = next((i.rows for i in self.inputs if i.name == input_name), self.selected)
        for name, table in self._tables.items():
            if name in self.selected:
                counts[name] = read[name]
            elif input_name is None:
                counts[name] = len(table)
            elif "input" in table:
                words = table.categories("input")
                code = words.index(input_name) if input_name in words else -2
                counts[name] = int((table["input"] == code).sum())
        return counts

    @property
    def recognised(self) -> bool:
        """Whether any record of any format was found."""
        return any(len(table) for table in self._tables.values())

    def process_name(self, process: int) -> str:
        """How to call a process: by its number, and its label if it has one."""
        label = self.labels.get(process)
        return f"process {process}" + (f" ({label})" if label else "")

    @cached_property
    def sched(self) -> pd.DataFrame:
        """A row per SCHED line."""
        return self.table("sched").frame()

    @cached_property
    def procs(self) -> pd.DataFrame:
        """A row per P and sample: P lines of scheddetail, and the bracket lists of plain schedtrace."""
        import pandas as pd

        listed = _listed_procs(self.table("sched"), self.table("procs").schema)
        frames = [t.frame() for t in (listed, self.table("procs")) if len(t)]
        return pd.concat(frames, ignore_index=True) if frames else self.table("procs").frame()

    @cached_property
    def threads(self) -> pd.DataFrame:
        """A row per M line of scheddetail."""
        return self.table("threads").frame()

    @cached_property
    def sched_goroutines(self) -> pd.DataFrame:
        """A row per G line of scheddetail."""
        return self.table("sched_goroutines").frame()

    @cached_property
    def gc(self) -> pd.DataFrame:
        """A row per GC cycle."""
        return self.table("gc").frame()

    @cached_property
    def goroutines(self) -> pd.DataFrame:
        """A row per goroutine and snapshot."""
        return self.table("goroutines").frame()

    @cached_property
    def stacks(self) -> pd.DataFrame:
        """A row per distinct stack."""
        return self.table("stacks").frame()

    @cached_property
    def frames(self) -> pd.DataFrame:
        """A row per frame of a distinct stack."""
        return self.table("frames").frame()

    @cached_property
    def profile(self) -> pd.DataFrame:
        """A row per record of a profile."""
        return self.table("profile").frame()

    @cached_property
    def profiles(self) -> pd.DataFrame:
        """A row per profile."""
        return self.table("profiles").frame()

    @cached_property
    def memstats(self) -> pd.DataFrame:
        """A row per heap profile that ends with runtime.MemStats."""
        return self.table("memstats").frame()

    @cached_property
    def arguments(self) -> pd.DataFrame:
        """A row per argument word that may be a pointer, of the first goroutines of each stack."""
        return self.table("arguments").frame()

    @cached_property
    def snapshots(self) -> pd.DataFrame:
        """A row per goroutine dump."""
        return self.table("snapshots").frame()

    @cached_property
    def crashes(self) -> pd.DataFrame:
        """A row per panic, fatal error, fatal signal, logged stack, test timeout and goleak report."""
        return self.table("crashes").frame()

    @cached_property
    def races(self) -> pd.DataFrame:
        """A row per report of the race detector."""
        return self.table("races").frame()


class CaptureBuilder:
    """Reads inputs, one after the other, into the tables of a capture.

    ``spans`` asks for the tables that hold each single span of an execution trace; without it they stay
    empty, and what a trace takes in memory does not grow with its length. ``most_rows`` is how many rows a
    table of trace lines may have; of more, a selection is kept.
    """

    def __init__(self, *, spans: bool = False, most_rows: int | None = None) -> None:
        formats = all_formats()
        rules = [rule for f in formats for rule in f.rules]
        keeping = {rule.table: rule.keeping for rule in rules}
        self._most_rows = most_rows
        bounded = most_rows is not None
        self._builders = {
            name: TableBuilder(
                name,
                columns,
                bounded=bounded,
                sums=keeping.get(name, ALL).sums,
                costs=keeping.get(name, ALL).costs,
            )
            for f in formats
            if f.rules
            for name, columns in f.tables.items()
        }
        self._bounds = {} if most_rows is None else bounds_of(self._builders, keeping, most_rows)
        of_table = {b.name: bound for bound in self._bounds.values() for b in bound.builders}
        self._lines = LineShapes(rules, self._builders, of_table)
        self._line_kinds = [rule.kind for rule in rules]
        self._block_kinds = [f.block for f in formats if f.block is not None]
        self._readers = {
            f.block.name: f.reader()
            for f in formats
            if f.block is not None and f.reader is not None
        }
        self._binary = [f for f in formats if f.content is not None]
        self._spans = spans
        self._contents: dict[str, ContentReader] = {}  # of the binary formats that were met
        self._format_of_table = {name: f.name for f in formats for name in f.tables}
        self._format_of_block = {f.block.name: f.name for f in formats if f.block is not None}
        self._inputs: list[Input] = []
        self._origins: list[Origin] = []
        #: What may be done while another process is still reading.
        self.meanwhile: Callable[[], None] = lambda: None
        self._reading: _Reading | None = None
        self._programs: dict[str, str] = {}

    def read(
        self,
        name: str,
        chunks: Iterable[bytes],
        rest: Callable[[], Rest | None] = lambda: None,
        *,
        program: str | None = None,
    ) -> Input:
        """Read one input to its end; ``program`` names the live program that it was taken from.

        ``rest`` is asked at the end of the chunks for what another process read of the same input
        from there on. An input that was read before gets a name of its own. When the source fails, what
        was read before stays in the capture, the failure is noted as the input's problem, and raised
        again.
        """
        taken = {found.name for found in self._inputs}
        again = next(n for n in itertools.count(2) if f"{name} ({n})" not in taken)
        self._reading = reading = self._begin(name if name not in taken else f"{name} ({again})")
        if program is not None:
            self._programs[reading.name] = program
        try:
            reading.feed_all(chunks)
        except InputError as error:
            self._inputs.append(reading.finish(str(error)))
            raise
        found = reading.finish(None, rest())
        self._inputs.append(found)
        return found

    def thin(self, limits: Limits) -> None:
        """Let go of what is too old or too much, so that a stream may be read for weeks."""
        self._lines.flush()
        limits.apply(self._builders, self._readers.values())
        if self._reading is not None:
            thinning = {k: r for k, r in self._readers.items() if isinstance(r, Thinning)}
            lines = [b.lines() for b in self._builders.values()]
            lines += [reader.lines() for reader in thinning.values()]
            needed = np.unique(np.concatenate(lines)) - 1
            self._reading.forget(needed, frozenset(thinning))

    def sieve(self) -> Sieve:
        """Parts a live stream that is read into the application's lines and the runtime's."""
        return Sieve(self._line_kinds, self._block_kinds, self._lines.accepts)

    def explain(self, problem: str) -> None:
        """Note why nothing was found in the input that was read last."""
        self._inputs[-1] = replace(self._inputs[-1], problem=problem)

    @property
    def openings(self) -> tuple[bytes, ...]:
        """What the lines of the present input start with at which another process may go on.

        Nothing of what stands above such a line belongs to what stands below. None are known while no
        record was found, or if records have something in front.
        """
        return self._reading.openings if self._reading is not None else ()

    @property
    def introductions(self) -> tuple[bytes, ...]:
        """Literals of blocks that records of other kinds may belong to."""
        kinds = [kind for kind in self._block_kinds if kind.introduces]
        return tuple(literal for kind in kinds for literal in (*kind.openings, *kind.words))

    @property
    def logged(self) -> tuple[bytes, ...]:
        """Openings of records that the text line right above may belong to."""
        return tuple(o for kind in self._block_kinds if kind.above for o in kind.openings)

    def counts(self) -> dict[str, dict[int, int]]:
        """For each bound, how many rows would stay at which level; of those that were reached or may be."""
        return {
            table: bound.counts()
            for table, bound in self._bounds.items()
            if 2 * sum(b.rows for b in bound.builders) > bound.most
        }

    @property
    def stream(self) -> int:
        """The number of the present input, for :meth:`rest`."""
        return self._lines.stream(self.input_name)

    @property
    def input_name(self) -> str:
        """The name that the present input goes by."""
        return self._reading.name if self._reading is not None else ""

    def another(self) -> CaptureBuilder:
        """An empty one that keeps as much."""
        return CaptureBuilder(spans=self._spans, most_rows=self._most_rows)

    def rest(
        self,
        name: str,
        chunks: Iterable[bytes],
        *,
        stream: int = 0,
        lines_above: Callable[[], int] = lambda: 0,
        counts_above: Callable[[], Mapping[str, Mapping[int, int]]] = dict,
    ) -> Rest:
        """Read the rest of an input, from one of the :attr:`openings` on, for another process.

        ``stream`` is the number of the input there; so many lines stand above. ``counts_above`` is asked
        at the end for what :meth:`counts` says there, so that no more is handed over than can stay.
        """
        for bound in self._bounds.values():
            bound.missing = functools.cache(lambda: shift_of(stream, lines_above()))
        reading = self._begin(name, plain=True)  # else the first part would have no openings
        reading.expect_all()
        for chunk in chunks:
            reading.feed(chunk)
        found = reading.finish(None)
        unparsed = self._lines.unparsed, self._lines.unparsed_count
        for table, counts in counts_above().items():
            self._bounds[table].make_room(counts)
        states = {table: bound.state for table, bound in self._bounds.items()}
        return Rest(found, self._builders, *unparsed, self._readers, reading.cut, states)

    def _begin(self, name: str, *, plain: bool = False) -> _Reading:
        self._lines.begin(name)
        for reader in self._readers.values():
            reader.begin(name)
        return _Reading(self, name, plain)

    def build(self) -> Capture:
        """The capture of what was read so far; an input that is still being read is in it."""
        self._lines.flush()
        for bound in self._bounds.values():
            bound.settle()
        inputs, origins = list(self._inputs), list(self._origins)
        if self._reading is not None and not self._reading.finished:
            inputs.append(self._reading.found(None))
            origins += self._reading.origins
        tables = {name: builder.build() for name, builder in self._builders.items()}
        tables |= {name: bound.marked(tables[name]) for name, bound in self._bounds.items()}
        tables = by_stream(tables, origins)
        readers = [reader.tables() for reader in self._readers.values()]
        readers += [reader.tables() for reader in self._contents.values()]
        tables.update(_together(readers))
        for name, columns in ((n, c) for f in self._binary for n, c in f.tables.items()):
            if name not in tables:
                tables[name] = Table(name, columns, {}, 0)
        selected = {n: b.total for n, b in self._builders.items() if b.rows < b.total}
        tables = _mark_periodic(_link_samples(tables), selection="gc" in selected)
        tables = link_crashes(tables)
        found = assign_processes(tables, origins)
        tables = with_places(found.tables, origins)
        tables, count, labels = by_program(tables, found.count, found.labels, self._programs)
        tables["gc"] = with_interval_cpu(tables["gc"])
        return Capture(tables, inputs, count, labels, found.mixed, selected)


@dataclass(frozen=True, slots=True)
class Rest:
    """What another process read of the rest of an input; it can be pickled."""

    found: Input
    builders: Mapping[str, TableBuilder]
    unparsed: list[Unparsed]
    unparsed_count: int
    readers: Mapping[str, BlockReader]
    cut: list[Unparsed]
    states: Mapping[str, State]


_EXPECTED: Mapping[type[Piece], str] = {
    CutRecord: "the rest of the line: the input ends here",
    LongRecord: f"a record of at most {LONGEST_RECORD >> 20} MiB",
    TornRecord: TORN,
}


class _Reading:
    """The reading of one input."""

    def __init__(self, builder: CaptureBuilder, name: str, plain: bool):
        self._builder = builder
        self.name = name
        builder._lines.flush()
        kinds = builder._line_kinds, builder._block_kinds
        self._streams = Streams(name, *kinds, builder._lines.accepts, plain=plain)
        self.expect_all = self._streams.expect_all
        self._reads_blocks_of = name
        self._rejoined: list[tuple[int, bytes]] = []  # in another process
        self._rows_before = {n: b.total for n, b in builder._builders.items()}
        self.finished = False
        self._unparsed_before = [(s.unparsed_count, len(s.unparsed)) for s in self._readers()]
        self._blocks: set[str] = set()
        self.cut: list[Unparsed] = []
        self._content: str | None = None
        self._left_out: str | None = None  # of a binary input: why its end could not be read
        self._size = 0
        self._last = b"\n"

    def feed_all(self, chunks: Iterable[bytes]) -> None:
        """All of the input, whose first bytes tell whether it is binary."""
        left = iter(chunks)
        head = b""
        while len(head) < HEAD and (chunk := next(left, b"")):
            head += chunk
        found = content_format(head[:HEAD])
        if found is not None and found.content is not None:
            self._content = found.name
            contents = self._builder._contents
            if found.name not in contents:
                contents[found.name] = found.content.reader(self._builder._spans)
            whole = self._counted(itertools.chain([head], left))
            self._left_out = contents[found.name].read(self.name, whole)
            return
        self.feed(head)
        for chunk in left:
            self.feed(chunk)

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._size += len(chunk)
            yield chunk

    def feed(self, chunk: bytes) -> None:
        if chunk:
            self._size += len(chunk)
            self._last = chunk[-1:]
            self._take(self._streams.feed(chunk))

    @property
    def openings(self) -> tuple[bytes, ...]:
        return self._streams.openings

    def finish(self, problem: str | None, rest: Rest | None = None) -> Input:
        self._take(self._streams.finish())
        self._builder._origins += self._streams.origins
        self.finished = True
        return self.found(problem, rest)

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The streams of an input that is still being read."""
        return () if self.finished else self._streams.origins

    def found(self, problem: str | None, rest: Rest | None = None) -> Input:
        """What was found until now."""
        builder = self._builder
        builder._lines.flush()
        lines = self._streams.lines
        if rest is not None:
            lines += self._absorb(rest, lines)
        formats = {
            builder._format_of_table[name]
            for name, rows in self._rows_before.items()
            if builder._builders[name].total > rows
        }
        formats |= {builder._format_of_block[kind] for kind in self._blocks}
        if self._content is not None and self.name in builder._contents[self._content].inputs:
            formats.add(self._content)
        pairs = list(zip(self._readers(), self._unparsed_before, strict=True))
        fresh = [one for reader, (_, known) in pairs for one in reader.unparsed[known:]]
        return Input(
            name=self.name,
            formats=tuple(sorted(formats)),
            lines=lines,
            size=self._size,
            unparsed_count=sum(r.unparsed_count - n for r, (n, _) in pairs) + len(self.cut),
            unparsed=self._placed([*fresh, *self.cut]),
            cut=self._last != b"\n" and self._size > 0,
            problem=problem or self._left_out,
            wrapped=self._streams.wrapped,
            rejoined=tuple(sorted([*self._streams.rejoined, *self._rejoined])),
            rows={n: builder._builders[n].total - rows for n, rows in self._rows_before.items()},
        )

    def forget(self, needed: Positions, thinned: frozenset[str]) -> None:
        """Let go of where lines stood but these; see :meth:`Streams.forget`."""
        self._streams.forget(needed, thinned)

    def _placed(self, unparsed: Iterable[Unparsed]) -> tuple[Unparsed, ...]:
        """The same with the name and the lines of the input."""
        origins = {origin.name: origin for origin in self._streams.origins}
        found = []
        for one in unparsed:
            origin = origins.get(one.input)
            line = one.line if origin is None else origin.line(one.line - 1) + 1
            found.append(replace(one, input=self.name, line=line))
        return tuple(sorted(found, key=lambda one: one.line))

    def _absorb(self, rest: Rest, lines: int) -> int:
        """Take what another process read, so many lines further down; returns its lines."""
        builder, found = self._builder, rest.found
        shift = shift_of(builder.stream, lines)
        for name, state in rest.states.items():
            builder._bounds[name].rise(state)
        for name, table in builder._builders.items():
            if rest.builders[name].total:
                table.absorb(rest.builders[name], self.name, lines, shift)
        for name, state in rest.states.items():
            builder._bounds[name].absorb(state, shift)
        builder._lines.absorb(rest.unparsed, rest.unparsed_count, lines)
        for name, reader in builder._readers.items():
            reader.absorb(rest.readers[name], lines)
        self._blocks |= {k for k, f in builder._format_of_block.items() if f in found.formats}
        self.cut += moved(rest.cut, lines)
        self._rejoined += [(line + lines, text) for line, text in found.rejoined]
        self._size += found.size
        self._last = b"" if found.cut else b"\n"
        return found.lines

    def _readers(self) -> list[LineShapes | BlockReader]:
        """Whoever may set records aside."""
        return [self._builder._lines, *self._builder._readers.values()]

    def _take(self, pieces: Iterable[tuple[Origin, Piece]]) -> None:
        for origin, piece in pieces:
            if isinstance(piece, LineRecords):
                self._builder._lines.begin(origin.name)
                self._builder._lines.read(piece.text, piece.numbers)
            elif isinstance(piece, BlockRecords):
                if origin.name != self._reads_blocks_of:
                    self._reads_blocks_of = origin.name
                    for reader in self._builder._readers.values():
                        reader.begin(origin.name)
                if self._builder._readers[piece.kind].read(piece):
                    self._blocks.add(piece.kind)
            else:
                expected = _EXPECTED[type(piece)]
                self.cut.append(Unparsed(origin.name, piece.number + 1, piece.text, expected))


#: A column that numbers the rows of a table, over all readers that fill it.
_NUMBERED = {"stack": "stacks", "profile": "profiles"}


def _together(read: Iterable[Mapping[str, Table]]) -> dict[str, Table]:
    """The tables of all readers. Several may fill one, and each counts its rows from 0."""
    parts: dict[str, list[Table]] = {}
    for tables in read:
        before = {
            column: sum(map(len, parts.get(name, ())))
            for column, name in _NUMBERED.items()
            if name in tables  # a trace's "stack" is a row of a table of its own
        }
        for name, table in tables.items():
            parts.setdefault(name, []).append(_renumbered(table, before))
    return {name: stacked(tables) for name, tables in parts.items()}


def _renumbered(table: Table, before: Mapping[str, int]) -> Table:
    for column, rows in before.items():
        if rows and column in table:
            moved = Cells(narrow(table[column] + rows), table.cells(column).valid)
            table = table.replaced(column, moved)
    return table


def _link_samples(tables: dict[str, Table]) -> dict[str, Table]:
    """Tell each P, M and G line which SCHED line it stands under."""
    sched = tables["sched"]
    for name in ("procs", "threads", "sched_goroutines"):
        table = tables[name]
        if not len(table):
            continue
        sample = np.full(len(table), -1, np.int64)
        for word in table.categories("input"):
            mine = table["input"] == table.categories("input").index(word)
            if word not in sched.categories("input"):
                continue
            headers = np.flatnonzero(sched["input"] == sched.categories("input").index(word))
            # In the order of the lines: each header's rows reach to the next header.
            begins = np.searchsorted(table["line"][mine], sched["line"][headers])
            counts = np.diff(begins, prepend=0, append=int(np.count_nonzero(mine)))
            sample[mine] = np.repeat(np.append(-1, headers), counts)
        tables[name] = table.replaced("sample", Cells(sample, sample >= 0))
    return tables


def _mark_periodic(tables: dict[str, Table], *, selection: bool) -> dict[str, Table]:
    """Mark the cycles that the runtime forced: those below a ``GC forced`` line.

    Of a ``selection`` of cycles, only neighbours in its stretches follow each other.
    """
    gc, periodic = tables["gc"], tables["gc_periodic"]
    forced = gc["periodic"].copy()
    for code, word in enumerate(periodic.categories("input")):
        if word not in gc.categories("input"):
            continue
        cycles = np.flatnonzero(gc["input"] == gc.categories("input").index(word))
        lines, above = gc["line"][cycles], periodic["line"][periodic["input"] == code]
        below = np.searchsorted(lines, above)
        known = below < len(cycles)
        if selection:  # the cycle may not be in it
            known[known] = (lines[below[known]] - 1) >> STRETCH == (above[known] - 1) >> STRETCH
        forced[cycles[below[known]]] = 1
    return {**tables, "gc": gc.replaced("periodic", Cells(forced))}


def _listed_procs(sched: Table, schema: tuple[Column, ...]) -> Table:
    """The bracket lists of SCHED lines in the form of P lines."""
    counts = sched.counts("local_queues")
    rows = int(counts.sum())
    sample = np.repeat(np.arange(len(sched)), counts)
    cells = {
        "input": Cells(sched["input"][sample], None, sched.categories("input")),
        "process": Cells(sched["process"][sample]),
        "line": Cells(sched["line"][sample]),
        "sample": Cells(sample),
        "p": Cells(np.arange(rows) - np.repeat(np.cumsum(counts) - counts, counts)),
        "runqsize": Cells(sched["local_queues"]),
    }
    ticks = sched.counts("schedticks")
    if rows and (ticks == counts).all():
        cells["schedtick"] = Cells(sched["schedticks"])
    missing = {c.name: int_cells([None] * rows) for c in schema if c.kind is Kind.INT}
    return Table("procs", schema, {**missing, **cells}, rows)
