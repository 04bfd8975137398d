"""How goroutines went from state to state between samples of scheddetail.

A G line shows a status at one instant; between two of them many steps may lie. So a change that was
seen is not always a step that the runtime takes (:data:`goscope.goruntime.goroutine_states.TRANSITIONS`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.capture import Capture
from goscope.goruntime.goroutine_states import SCAN


@dataclass(frozen=True, slots=True)
class LifeCycle:
    """What one process's G lines show, by status number without the scan bit."""

    process: int
    samples: int
    seen: tuple[tuple[int, int], ...]  # status, G lines
    changes: tuple[tuple[int, int, int], ...]  # status before, after, how often; the frequent first


def life_cycles(capture: Capture) -> tuple[LifeCycle, ...]:
    """One per process that printed G lines."""
    table = capture.table("sched_goroutines")
    return tuple(_life_cycle(capture, int(process)) for process in np.unique(table["process"]))


def _life_cycle(capture: Capture, process: int) -> LifeCycle:
    table = capture.table("sched_goroutines")
    known = table.present("status") & table.present("sample") & table.present("g")
    mine = np.flatnonzero((table["process"] == process) & known)
    goroutine, sample = table["g"][mine], table["sample"][mine]
    status = table["status"][mine] & ~SCAN
    order = np.lexsort((sample, goroutine))
    goroutine, sample, status = goroutine[order], sample[order], status[order]
    samples, place = np.unique(sample, return_inverse=True)
    # Only neighbouring samples: what a goroutine did while it was not seen is not known.
    follows = (np.diff(goroutine) == 0) & (np.diff(place) == 1)
    before, after = status[:-1][follows], status[1:][follows]
    moved = before != after
    pairs, often = np.unique(
        np.column_stack((before[moved], after[moved])).reshape(-1, 2), axis=0, return_counts=True
    )
    words, lines = np.unique(status, return_counts=True)
    return LifeCycle(
        process,
        len(samples),
        tuple(zip(words.tolist(), lines.tolist(), strict=True)),
        tuple(
            (int(pairs[i, 0]), int(pairs[i, 1]), int(often[i]))
            for i in np.argsort(-often, kind="stable").tolist()
        ),
    )
