"""Locks that goroutines wait for, who seems to hold them, and which wait for each other."""

from __future__ import annotations

from typing import Any

from goscope.analysis.waits.locks import Lock, Locks, locks_of
from goscope.renderers.html.section import ReportPage, Section

_SHOWN = 30


def _build(page: ReportPage) -> str | None:
    parts: list[dict[str, Any]] = []
    for process, locks in locks_of(page.diagnosis.capture)[:4]:
        if locks.all:
            shown = locks.all[:_SHOWN]
            parts.append(
                {
                    "process": process,
                    "locks": [_lock(locks, number, lock) for number, lock in enumerate(shown)],
                    "more": len(locks.all) - len(shown),
                }
            )
    return page.fill("locks.html", parts=parts) if parts else None


def _lock(locks: Locks, number: int, lock: Lock) -> dict[str, Any]:
    dump = locks.dump
    return {
        "number": number + 1,
        "address": lock.address,
        "site": lock.site,
        "waiters": len(lock.rows),
        "before": locks.waited_before(lock),
        "ids": [dump.ids[row] for row in lock.rows[:8]],
        "holders": [
            {
                "goroutine": dump.ids[holder.row],
                "because": holder.because,
                "reason": dump.reason(holder.row),
                "site": dump.stack_of(holder.row).user_frame,
            }
            for holder in locks.holders(lock)
        ],
        "cycle": [n + 1 for n in locks.cycles.get(number, ())],
    }


SECTION = Section(32, "locks", "Locks", _build)
