"""From what was read to a capture: the passes over all tables, in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from goscope.capture.linking.crash_linking import link_crashes
from goscope.capture.linking.draft import Draft
from goscope.capture.linking.intervals import add_interval_cpu
from goscope.capture.linking.origins import located, ordered
from goscope.capture.linking.processes import assign_processes
from goscope.capture.linking.programs import split_programs
from goscope.capture.linking.table_links import link_samples, mark_forced_cycles, number_stacks
from goscope.capture.linking.unlike_dumps import part_unlike_dumps
from goscope.tables.table import Table

#: Whose rows other tables number: their order stays.
_NUMBERED = frozenset({"profiles"})


def order_streams(draft: Draft) -> Draft:
    """Put the rows of each stream together, stream after stream, in the order of their lines.

    Needs nothing. Lines of several streams come mixed, as they were written.
    """
    return draft.with_tables(
        {
            name: ordered(table)
            for name, table in draft.tables.items()
            if "stream_id" in table and name not in _NUMBERED
        }
    )


def join_crashes(draft: Draft) -> Draft:
    """Make the crashes table of the heads of crashes, the goroutines below them and the lines around.

    Needs the rows of each stream together. Takes out of the goroutines what was printed twice.
    """
    return replace(draft, tables=link_crashes(draft.tables))


def locate(draft: Draft) -> Draft:
    """Fill in the input, the label, the line of the input and the time of each row.

    Needs the processes, which are told apart by the lines of each stream.
    """
    return draft.with_tables(
        {
            name: located(table, draft.origins)
            for name, table in draft.tables.items()
            if "stream_id" in table
        }
    )


def drop_internal(draft: Draft) -> Draft:
    """Take off the columns that only the passes need. Nothing may need them any more."""
    return draft.with_tables({name: _public(table) for name, table in draft.tables.items()})


def _public(table: Table) -> Table:
    schema = tuple(column for column in table.schema if not column.internal)
    return table if len(schema) == len(table.schema) else table.with_schema(schema)


#: What is done to all that was read, one after the other.
PASSES: tuple[Callable[[Draft], Draft], ...] = (
    order_streams,
    number_stacks,
    link_samples,
    mark_forced_cycles,
    join_crashes,
    assign_processes,
    part_unlike_dumps,
    split_programs,
    add_interval_cpu,
    locate,
    drop_internal,
)


def linked(draft: Draft) -> Draft:
    """What all passes make of a draft."""
    for one in PASSES:
        draft = one(draft)
    return draft
