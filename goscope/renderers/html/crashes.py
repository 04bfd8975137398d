"""Crashes: the message, the goroutine to blame first, then the others in groups; data races."""

from __future__ import annotations

from typing import Any

import numpy as np

from goscope.findings import Site
from goscope.renderers.html.section import Page, Section
from goscope.stacks import stacks_of
from goscope.tables import Table

_SHOWN = 20
#: What ended a program or was recovered, in words.
_KINDS = {
    "nil_dereference": "A nil pointer was used",
    "index_out_of_range": "An index was out of range",
    "slice_bounds": "A slice went out of bounds",
    "nil_map_write": "A nil map was written to",
    "type_assertion": "A value had another type than asserted",
    "divide_by_zero": "Division by zero",
    "concurrent_map_writes": "Goroutines used one map at the same time",
    "deadlock": "All goroutines are asleep: deadlock",
    "out_of_memory": "Out of memory",
    "stack_overflow": "The stack grew over its limit: endless recursion?",
    "thread_exhaustion": "No more threads could be made",
    "sigquit": "Asked for its stacks (SIGQUIT)",
    "data_race": "Data race",
    "goleak": "A test left goroutines behind",
    "test_timeout": "A test took too long",
}


def _build(page: Page) -> str | None:
    capture = page.diagnosis.capture
    names = capture.table_names
    crashes = _rows(capture.table("crashes")) if "crashes" in names else []
    races = _rows(capture.table("races")) if "races" in names else []
    if not crashes and not races:
        return None
    return page.fill(
        "crashes.html",
        crashes=[_crash(page, row) for row in crashes[:_SHOWN]],
        races=[_race(row) for row in races[:_SHOWN]],
        more=max(len(crashes) - _SHOWN, 0) + max(len(races) - _SHOWN, 0),
    )


def _rows(table: Table) -> list[dict[str, Any]]:
    """The rows as dictionaries; None for what is missing. Crashes are few."""
    columns = {}
    for column in table.schema:
        if column.kind.name == "TEXT":
            columns[column.name] = table.texts(column.name)
        elif column.kind.name == "INT":
            pairs = zip(
                table[column.name].tolist(), table.present(column.name).tolist(), strict=True
            )
            columns[column.name] = [value if there else None for value, there in pairs]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _crash(page: Page, row: dict[str, Any]) -> dict[str, Any]:
    kind = row.get("kind") or "fatal"
    number, snapshot = row.get("stack"), row.get("snapshot")
    stacks = page.diagnosis.capture.table("stacks")
    return {
        "kind": kind,
        "words": _KINDS.get(kind, kind.replace("_", " ").capitalize()),
        "message": row.get("message"),
        "goroutine": row.get("goroutine"),
        "site": _site(row, ""),
        "source": f"{row['input']}:{row['line']}",
        "stack": stacks_of(page.diagnosis.capture)[number]
        if number is not None and 0 <= number < len(stacks)
        else None,
        "facts": [
            (name.replace("_", " "), row[name])
            for name in ("signal", "address", "wait_reason", "origin", "exit", "running_tests")
            if row.get(name)
        ],
        "others": _others(page, snapshot, row.get("goroutine")),
    }


def _others(page: Page, snapshot: int | None, blamed: int | None) -> list[dict[str, Any]]:
    """The other goroutines of the dump, by stack and state, larger groups first."""
    table = page.diagnosis.capture.table("goroutines")
    if snapshot is None or not len(table):
        return []
    rows = np.flatnonzero((table["snapshot"] == snapshot) & (table["id"] != (blamed or -1)))
    reasons, words = table.categories("wait_reason"), table.categories("state")
    codes = np.where(table["wait_reason"] >= 0, table["wait_reason"], table["state"] + len(reasons))
    keys, first, counts = np.unique(
        np.column_stack((table["stack"][rows], codes[rows])).reshape(-1, 2),
        axis=0,
        return_index=True,
        return_counts=True,
    )
    stacks, names = stacks_of(page.diagnosis.capture), [*reasons, *words, "?"]
    order = np.argsort(-counts, kind="stable")[:100].tolist()
    return [
        {
            "count": int(counts[i]),
            "state": names[int(keys[i, 1])],
            "stack": stacks[int(keys[i, 0])],
            "goroutine": int(table["id"][rows[first[i]]]),
        }
        for i in order
    ]


def _race(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "source": f"{row['input']}:{row['line']}",
        "address": row.get("address"),
        "sides": [
            {
                "access": row.get(before + "access"),
                "site": _site(row, before),
                "created": Site(
                    row.get(before + "created_by"),
                    row.get(before + "created_file"),
                    row.get(before + "created_line"),
                )
                if row.get(before + "created_by")
                else None,
            }
            for before in ("", "previous_")
        ],
    }


def _site(row: dict[str, Any], before: str) -> Site | None:
    function = row.get(before + "function")
    if function is None:
        return None
    return Site(function, row.get(before + "file"), row.get(before + "file_line"))


SECTION = Section(15, "crashes", "Crashes", _build)
