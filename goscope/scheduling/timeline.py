"""The words over time: stretches in which one word holds, and the word for all of it by what lasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from goscope.findings import Stretch
from goscope.scheduling.bars import Bars
from goscope.scheduling.judgement import Judgement, imbalance
from goscope.scheduling.samples import Samples
from goscope.tables import Floats

#: Samples around one that decide its word together.
WINDOW = 5
#: Words of the same duration, within a quarter: the first of these speaks.
_WORST_FIRST = ("starving", "blocked", "unbalanced", "healthy", "idle", "unknown")

#: Judges a part of the samples; told whether it reaches to the end of the log.
JudgePart = Callable[[Samples, bool], Judgement]


@dataclass(frozen=True, slots=True)
class _Run:
    """Samples from one index to before another, and their word."""

    start: int
    end: int
    word: str

    def __len__(self) -> int:
        return self.end - self.start


def over_time(
    s: Samples, whole: Judgement, judge_part: JudgePart, bars: Bars
) -> tuple[Judgement, tuple[Stretch, ...]]:
    """The word for all of the time and the stretches.

    Where resting and overloaded stretches follow each other, no median of the whole says anything: then
    each stretch is judged by itself, and what lasts longest speaks for the whole.
    """
    runs = _runs(_smoothed(_words(s, whole, bars)))
    if {"rests", "starving"} <= {run.word for run in runs}:
        return _of_phases(s, runs, judge_part)
    quiet = whole.state if whole.state in ("idle", "blocked") else "idle"
    named = [replace(run, word=quiet) if run.word == "rests" else run for run in runs]
    return whole, _stretches(s, _joined(named))


def _of_phases(
    s: Samples, runs: Sequence[_Run], judge_part: JudgePart
) -> tuple[Judgement, tuple[Stretch, ...]]:
    last = max((run.end for run in runs if run.word == "rests"), default=0)
    judged = [judge_part(s.part(slice(run.start, run.end)), run.end >= last) for run in runs]
    lasted: dict[str, float] = {}
    for run, judgement in zip(runs, judged, strict=True):
        lasted[judgement.state] = lasted.get(judgement.state, 0.0) + _span(s, run)
    most = max(lasted.values())
    word = next(w for w in _WORST_FIRST if lasted.get(w, -1.0) >= 0.75 * most)
    chosen = max(
        (pair for pair in zip(runs, judged, strict=True) if pair[1].state == word),
        key=lambda pair: _span(s, pair[0]),
    )[1]
    total = max(sum(lasted.values()), 1e-9)
    reason = f"for {lasted[word] / total:.0%} of the time: {chosen.reason}"
    named = [replace(run, word=j.state) for run, j in zip(runs, judged, strict=True)]
    return replace(chosen, reason=reason), _stretches(s, _joined(named))


def _span(s: Samples, run: _Run) -> float:
    return float(s.t_ms[min(run.end, len(s) - 1)] - s.t_ms[run.start])


def _words(s: Samples, whole: Judgement, bars: Bars) -> list[str]:
    """A word for each sample, judged with its neighbours; ``rests`` for idle or blocked."""
    # Without long queues it is a goroutine that keeps its P, or slow system calls, that starve others:
    # then every busy sample counts.
    short = whole.state == "starving" and whole.cause != "queues"
    partly = "healthy"
    if whole.state == "unbalanced" or (whole.state == "starving" and imbalance(s) is not None):
        partly = whole.state
    elif whole.state == "blocked" and whole.cause and not _rests_mostly(s):
        partly = "blocked"  # a convoy: the Ps are never all idle
    idle, load = _near_median(s.idle_share), _near_median(s.load)
    some_busy = _near_median((s.idle_share < 1).astype(np.float64)) >= 0.5
    never_busy = _near_least(s.idle_share) == 1
    starving = (idle == 0) & ((load > bars.lasting_per_p) | short)
    resting = (idle >= 0.99) & ~some_busy & ((whole.state != "healthy") | never_busy)
    if whole.state == "healthy" and whole.confidence.rank == 0:
        starving = np.zeros(len(s), np.bool_)  # a young program
    words: list[str] = np.where(starving, "starving", np.where(resting, "rests", partly)).tolist()
    return words


def _rests_mostly(s: Samples) -> bool:
    return float((s.idle >= s.procs).mean()) >= 0.5


def _near(values: Floats) -> Floats:
    """For each sample the samples around it, as a row; mirrored at the ends, so that a peak stays one."""
    half = WINDOW // 2
    padded = np.pad(values, half, mode="reflect")
    windows: Floats = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)
    return windows


def _near_median(values: Floats) -> Floats:
    medians: Floats = np.partition(_near(values), WINDOW // 2, axis=1)[:, WINDOW // 2]
    return medians


def _near_least(values: Floats) -> Floats:
    least: Floats = _near(values).min(axis=1)
    return least


def _runs(words: Sequence[str]) -> list[_Run]:
    found: list[_Run] = []
    start = 0
    for i in range(1, len(words) + 1):
        if i == len(words) or words[i] != words[start]:
            found.append(_Run(start, i, words[start]))
            start = i
    return found


def _joined(runs: Sequence[_Run]) -> list[_Run]:
    """Neighbours with the same word as one."""
    found: list[_Run] = []
    for run in runs:
        if found and found[-1].word == run.word:
            found[-1] = replace(found[-1], end=run.end)
        else:
            found.append(run)
    return found


def _smoothed(words: Sequence[str]) -> list[str]:
    """Runs shorter than the window take the word of the run before them."""
    smooth = list(words)
    for run in _runs(words):
        if len(run) < WINDOW and run.start > 0:
            smooth[run.start : run.end] = [smooth[run.start - 1]] * len(run)
    return smooth


def _stretches(s: Samples, runs: Sequence[_Run]) -> tuple[Stretch, ...]:
    return tuple(
        Stretch(
            s.process,
            run.word,
            int(s.t_ms[run.start]),
            int(s.t_ms[min(run.end, len(s) - 1)]),
            len(run),
        )
        for run in runs
    )
