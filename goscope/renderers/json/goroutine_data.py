"""What ``goscope goroutines`` gives to programs: ``goscope.goroutines/1`` as JSON, and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from goscope import __version__
from goscope.analysis.goroutines.listing import By, Example, GoroutineGroup, Listing
from goscope.exports.table_files import no_formula
from goscope.findings.findings import Site
from goscope.redaction import labels_without_credentials
from goscope.renderers.json.json_text import data, json_text, named
from goscope.renderers.safe_text import safe

_LONGEST_CELL = 1 << 30  # a list that is cut is no JSON
_COLUMNS = (
    "process group count first_count states wait_minutes_least wait_minutes_most stacks leaked "
    "locked function file line created_by ids labels"
).split()
_ALONE = (
    "process id count state wait_minutes leaked locked parent function file line created_by "
    "labels source"
).split()


def document(found: Sequence[Listing], by: By) -> str:
    """The listings as JSON text, with a line end; additions only."""
    whole = {
        "schema": "goscope.goroutines/1",
        "goscope": __version__,
        "by": by.value,
        "processes": [
            {
                "process": listing.process,
                "dumps": [
                    {"source": source, "goroutines": total, "matched": matched}
                    for source, total, matched in zip(
                        listing.sources, listing.totals, listing.matched, strict=True
                    )
                ],
                "profile": listing.of_profile,
                "groups": [_group(group) for group in listing.groups],
                "omitted": {
                    "groups": listing.omitted,
                    "goroutines": listing.omitted_goroutines,
                },
            }
            for listing in found
        ],
    }
    return json_text(whole)


def table(found: Sequence[Listing], by: By) -> str:
    """The listings as CSV: a row per group, or per goroutine where they are not grouped.

    Text that a spreadsheet would run as a formula gets an apostrophe in front; what a terminal would obey
    is shown with escapes. Lists are JSON.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_ALONE if by is By.NONE else _COLUMNS)
    row = _alone_row if by is By.NONE else _group_row
    for listing in found:
        for group in listing.groups:
            for cells in row(listing.process, group):
                writer.writerow(
                    [
                        no_formula(safe(c, longest=_LONGEST_CELL)) if isinstance(c, str) else c
                        for c in cells
                    ]
                )
    return text.getvalue()


def _group_row(process: int, group: GoroutineGroup) -> Iterator[tuple[object, ...]]:
    least, most = group.wait_minutes or (None, None)
    yield (
        process,
        group.name,
        group.count,
        group.counts[0],
        json.dumps(dict(group.states)),
        least,
        most,
        group.stacks,
        group.leaked,
        group.locked,
        *_cells(group.site),
        group.created_by and group.created_by.function,
        json.dumps(group.ids),
        json.dumps([_labels(text) for text in group.labels]),
    )


def _alone_row(process: int, group: GoroutineGroup) -> Iterator[tuple[object, ...]]:
    for example in group.examples:
        made = example.stack.created_by
        yield (
            process,
            example.id,
            example.count,
            example.state,
            example.wait_minutes,
            int(example.leaked),
            int(example.locked),
            example.parent,
            *_cells(group.site),
            made and made.function,
            json.dumps(labels_without_credentials(example.labels)),
            example.source,
        )


def _labels(text: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(text)
    return labels_without_credentials(found)


def _cells(site: Site | None) -> tuple[object, ...]:
    return (None, None, None) if site is None else (site.function, site.file, site.line)


def _group(group: GoroutineGroup) -> dict[str, Any]:
    least, most = group.wait_minutes or (None, None)
    return named(
        group, "name site created_by count counts states wait_minutes stacks leaked locked ids"
    ) | {
        "states": dict(group.states),
        "wait_minutes": None if least is None else {"least": least, "most": most},
        "labels": [_labels(text) for text in group.labels],
        "examples": [_example(example) for example in group.examples],
    }


def _example(example: Example) -> dict[str, Any]:
    return named(example, "id count state wait_minutes leaked locked labels parent source") | {
        "state": example.state or None,
        "labels": labels_without_credentials(example.labels),
        "stack": data(example.stack.frames),
        "created_by": data(example.stack.created_by),
    }
