"""Crashes: the message, the goroutine to blame first, then the others in groups; data races."""

from __future__ import annotations

from typing import Any

import numpy as np

from goscope.analysis.crashes import CrashReport
from goscope.analysis.goroutines.dumps import stacks_of
from goscope.renderers.html.section import Page, Section
from goscope.renderers.plain_words import CRASHES

_SHOWN = 20


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
        "words": CRASHES.get(crash.kind, "The program crashed."),
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
    rows = np.flatnonzero((table["snapshot_id"] == snapshot) & (table["id"] != blamed))
    reasons, words = table.categories("wait_reason"), table.categories("state")
    codes = np.where(table["wait_reason"] >= 0, table["wait_reason"], table["state"] + len(reasons))
    keys, first, counts = np.unique(
        np.column_stack((table["stack_id"][rows], codes[rows])).reshape(-1, 2),
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
