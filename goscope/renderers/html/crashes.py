"""Crashes: the message, the goroutine to blame first, then the others in groups; data races."""

from __future__ import annotations

from typing import Any

import numpy as np

from goscope.crash_reports import CrashReport
from goscope.renderers.html.section import Page, Section
from goscope.stacks import stacks_of

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
    crashes = page.diagnosis.crashes
    if not crashes:
        return None
    return page.fill(
        "crashes.html",
        crashes=[_crash(page, crash) for crash in crashes[:_SHOWN]],
        more=max(len(crashes) - _SHOWN, 0),
    )


def _crash(page: Page, crash: CrashReport) -> dict[str, Any]:
    return {
        "crash": crash,
        "words": _KINDS.get(crash.kind, crash.kind.replace("_", " ").capitalize()),
        "facts": [
            (name, value)
            for name, value in (
                ("goroutine", None if crash.goroutine is None else str(crash.goroutine)),
                ("signal", crash.signal),
                ("address", crash.address),
                ("waits for", crash.waits_for),
                ("panicked first in", crash.origin),
                ("running tests", ", ".join(crash.running_tests[:10])),
                ("end", crash.exit),
            )
            if value
        ],
        "others": _others(page, crash),
    }


def _others(page: Page, crash: CrashReport) -> list[dict[str, Any]]:
    """The other goroutines that it shows, by stack and state, larger groups first."""
    capture = page.diagnosis.capture
    table, snapshots = capture.table("goroutines"), capture.table("snapshots")
    if not crash.shows_goroutines or not len(table):
        return []
    names = snapshots.texts("input")
    # The dump of a crash begins below its head, in the same input.
    lines = snapshots["line"].tolist()
    mine = [n for n, line in enumerate(lines) if names[n] == crash.input and line >= crash.line]
    if not mine:
        return []
    snapshot = min(mine, key=lambda n: lines[n])
    blamed = -1 if crash.goroutine is None else crash.goroutine
    rows = np.flatnonzero((table["snapshot"] == snapshot) & (table["id"] != blamed))
    reasons, words = table.categories("wait_reason"), table.categories("state")
    codes = np.where(table["wait_reason"] >= 0, table["wait_reason"], table["state"] + len(reasons))
    keys, first, counts = np.unique(
        np.column_stack((table["stack"][rows], codes[rows])).reshape(-1, 2),
        axis=0,
        return_index=True,
        return_counts=True,
    )
    stacks, names = stacks_of(capture), [*reasons, *words, "?"]
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


SECTION = Section(15, "crashes", "Crashes", _build)
