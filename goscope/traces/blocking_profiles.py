"""Where goroutines waited: the four profiles of ``go tool trace``, and who woke them.

The definitions are those of ``cmd/trace/pprof.go`` of Go 1.26 and newer: spans that ended, from the first
run of their goroutine on, by the stack where the state began; for runnable ones that is the stack of
who woke or created them. Older tools leave out spans that end with an event without a stack
(golang/go#74850).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from goscope.traces.arrays import Int32, Int64
from goscope.traces.event_table import NUMBER
from goscope.traces.spans import Spans
from goscope.traces.state_transitions import GONE, RUNNABLE, RUNNING, SYSCALL, WAITING
from goscope.traces.tally import Tally

#: Kinds of waits: the state, or from here on the reason why it waits.
_REASONS = GONE
_SYNCHRONISATION = ("chan", "sync", "select")


class BlockingProfiles:
    """The waits of one trace, by state, reason, stack and waker's stack."""

    def __init__(self) -> None:
        self._waits = Tally("kind", "stack", "waker")
        self._samples = Tally("stack")

    def add(self, spans: Spans) -> None:
        """Take the spans of a generation."""
        for piece in spans.pieces():
            counts = spans.closed[piece] & spans.ran[piece]
            counts &= spans.history.state[piece] != RUNNING
            self._add(spans, np.flatnonzero(counts) + piece.start)

    def _add(self, spans: Spans, rows: Int64) -> None:
        history = spans.history
        state = history.state[rows]
        waiting = state == WAITING
        woken = np.minimum(rows + 1, len(history) - 1)
        waker = np.where(
            waiting & (history.type[woken] == NUMBER["GoUnblock"]), history.stack[woken], -1
        )
        kind = np.where(waiting, history.reason[rows] + _REASONS, state)
        keys = (kind, history.stack[rows], waker)
        self._waits.add(keys, spans.duration[rows])

    def add_samples(self, stacks: Int32) -> None:
        """Take CPU samples by their stacks."""
        self._samples.add((stacks.astype(np.int64),), np.zeros(len(stacks), np.int64))

    def profiles(self, texts: Sequence[str]) -> dict[str, dict[str, Int64]]:
        """By kind: ``stack``, ``count``, ``ns``; ``texts`` are the reasons by their numbers."""
        waits = self._waits.result()
        network = np.array([text == "network" for text in texts])
        sync = np.array([any(word in text for word in _SYNCHRONISATION) for text in texts])
        waiting = waits["kind"] >= _REASONS
        reason = np.maximum(waits["kind"] - _REASONS, 0)
        chosen = {
            "network": waiting & network[reason],
            "sync": waiting & sync[reason],
            "syscall": waits["kind"] == SYSCALL,
            "sched": waits["kind"] == RUNNABLE,
        }
        found = {}
        for kind, rows in chosen.items():
            by_stack = Tally("stack")
            by_stack.add_sums((waits["stack"][rows],), waits["count"][rows], waits["ns"][rows])
            found[kind] = by_stack.result()
        found["cpu"] = self._samples.result()
        return found

    def wakeups(self) -> dict[str, Int64]:
        """Waits by ``reason``, ``stack`` and ``waker``: ``count``, ``ns``, ``max_ns``."""
        waits = self._waits.result()
        waiting = waits["kind"] >= _REASONS
        found = {name: column[waiting] for name, column in waits.items()}
        return {"reason": found.pop("kind") - _REASONS, **found}
