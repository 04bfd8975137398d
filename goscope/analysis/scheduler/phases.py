"""The words over time: stretches in which one word holds, and the word for all of it by what lasts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from goscope.analysis.scheduler.judgement import Judgement, imbalance
from goscope.analysis.scheduler.samples import Samples
from goscope.analysis.scheduler.thresholds import Thresholds
from goscope.findings.findings import STATES, Confidence, Stretch
from goscope.tables.table import Floats

#: Samples around one that decide its word together.
WINDOW = 5
#: A longer log is looked at some samples at a time.
_MOST_SLOTS = 50_000
#: A time line of more runs shows nothing: then longer slots are looked at, so many times as long.
_MOST_RUNS = 500
_WIDER = 4
#: A program that starves at the end is starving, if it has done so for this share of the time.
_NOW = 0.25
#: So many samples of overload at the end are a run of their own.
_LAST_RUN = 3

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


@dataclass(frozen=True, slots=True)
class _Slots:
    """Samples that follow each other, ``each`` of them as one: what most of them show."""

    each: int
    idle_share: Floats
    load: Floats
    some_busy: Floats  # 1 where a P works
    least_idle_share: Floats

    @classmethod
    def of(cls, s: Samples) -> _Slots:
        share = s.idle_share
        return cls(1, share, s.load, (share < 1).astype(np.float64), share)

    def wider(self, times: int) -> _Slots:
        """Slots that are so many times as long."""
        if times <= 1:
            return self
        return _Slots(
            self.each * times,
            _median_of(_rows(self.idle_share, times)),
            _median_of(_rows(self.load, times)),
            _median_of(_rows(self.some_busy, times)),
            _rows(self.least_idle_share, times).min(axis=1),
        )


def _rows(values: Floats, width: int) -> Floats:
    """Values in rows of so many; the last one is filled up with the last value."""
    rows: Floats = np.pad(values, (0, -len(values) % width), mode="edge").reshape(-1, width)
    return rows


def _median_of(rows: Floats) -> Floats:
    middle = rows.shape[1] // 2
    medians: Floats = np.partition(rows, middle, axis=1)[:, middle]
    return medians


def over_time(
    s: Samples, whole: Judgement, judge_part: JudgePart, thresholds: Thresholds
) -> tuple[Judgement, tuple[Stretch, ...]]:
    """The word for all of the time and the stretches.

    Where resting and overloaded stretches follow each other, no median of the whole says anything: then
    each stretch is judged by itself, and what lasts longest speaks for the whole.
    """
    if len(s) < WINDOW:
        return _of_few(s, whole, judge_part)
    runs = _runs_of(s, whole, thresholds)
    if {"rests", "starving"} <= {run.word for run in runs}:
        return _of_phases(s, runs, judge_part)
    quiet = whole.state if whole.state in ("idle", "blocked") else "idle"
    named = [replace(run, word=quiet) if run.word == "rests" else run for run in runs]
    return whole, _stretches(s, _joined(named))


def _runs_of(s: Samples, whole: Judgement, thresholds: Thresholds) -> list[_Run]:
    """The runs of samples with one word; of so many samples at a time that they can be surveyed."""
    slots = _Slots.of(s).wider(-(-len(s) // _MOST_SLOTS))
    runs = _smoothed(_runs(_words(s, slots, whole, thresholds)))
    while len(runs) > _MOST_RUNS:
        slots = slots.wider(_WIDER)
        runs = _smoothed(_runs(_words(s, slots, whole, thresholds)))
    each, n = slots.each, len(s)
    return [_Run(run.start * each, min(run.end * each, n), run.word) for run in runs]


def _of_phases(
    s: Samples, runs: Sequence[_Run], judge_part: JudgePart
) -> tuple[Judgement, tuple[Stretch, ...]]:
    last = max((run.end for run in runs if run.word == "rests"), default=0)
    judged = [judge_part(s.part(slice(run.start, run.end)), run.end >= last) for run in runs]
    lasted: dict[str, float] = {}
    for run, judgement in zip(runs, judged, strict=True):
        lasted[judgement.state] = lasted.get(judgement.state, 0.0) + _span(s, run)
    most = max(lasted.values())
    word = next(w for w in STATES["scheduler"] if lasted.get(w, -1.0) >= 0.75 * most)
    if judged[-1].state == "starving" and lasted["starving"] >= _NOW * sum(lasted.values()):
        word = "starving"  # it began to starve and does so still
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


def _words(
    s: Samples, slots: _Slots, whole: Judgement, thresholds: Thresholds
) -> npt.NDArray[np.str_]:
    """A word for each slot, judged with its neighbours; ``rests`` for idle or blocked."""
    # Without long queues it is a goroutine that keeps its P, or slow system calls, that starve others:
    # then every busy sample counts.
    short = whole.state == "starving" and whole.cause != "queues"
    partly = "healthy"
    if whole.state == "unbalanced" or (whole.state == "starving" and imbalance(s) is not None):
        partly = whole.state
    elif whole.state == "blocked" and whole.cause and not _rests_mostly(s):
        partly = "blocked"  # a convoy: the Ps are never all idle
    idle, load = _median_of(_near(slots.idle_share)), _median_of(_near(slots.load))
    some_busy = _median_of(_near(slots.some_busy)) >= 0.5
    never_busy = _near(slots.least_idle_share).min(axis=1) == 1
    starving = (idle == 0) & ((load > thresholds.lasting_per_p) | short)
    resting = (idle >= 0.99) & ~some_busy & ((whole.state != "healthy") | never_busy)
    if whole.cause == "young":
        starving = np.zeros(len(idle), np.bool_)  # a young program
    return np.where(starving, "starving", np.where(resting, "rests", partly))


def _rests_mostly(s: Samples) -> bool:
    return float((s.idle >= s.procs).mean()) >= 0.5


def _near(values: Floats) -> Floats:
    """For each sample the samples around it, as a row; mirrored at the ends, so that a peak stays one."""
    half = WINDOW // 2
    padded = np.pad(values, half, mode="reflect")
    windows: Floats = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)
    return windows


def _runs(words: npt.NDArray[np.str_]) -> list[_Run]:
    cuts = [0, *(np.flatnonzero(words[1:] != words[:-1]) + 1).tolist(), len(words)]
    return [_Run(a, b, str(words[a])) for a, b in itertools.pairwise(cuts)]


def _joined(runs: Sequence[_Run]) -> list[_Run]:
    """Neighbours with the same word as one."""
    found: list[_Run] = []
    for run in runs:
        if found and found[-1].word == run.word:
            found[-1] = replace(found[-1], end=run.end)
        else:
            found.append(run)
    return found


def _smoothed(runs: Sequence[_Run]) -> list[_Run]:
    """Runs shorter than the window belong to the run before them, but for an overload at the end."""
    last = runs[-1]
    begun = last.word == "starving" and _LAST_RUN <= len(last) < WINDOW
    words = itertools.accumulate(
        runs[:-1] if begun else runs,
        lambda before, run: replace(run, word=before.word) if len(run) < WINDOW else run,
    )
    return _joined([*words, *([last] if begun else [])])


def _of_few(
    s: Samples, whole: Judgement, judge_part: JudgePart
) -> tuple[Judgement, tuple[Stretch, ...]]:
    """The state in so few samples that a median hides the last one: where that one is worse, it speaks."""
    last = judge_part(s.part(slice(len(s) - 1, None)), True)
    worse = last.state in ("starving", "stalled") and whole.state in ("healthy", "idle", "unknown")
    worse &= (
        whole.cause != "young" or last.state == "stalled"
    )  # that speaks of the overload already
    run = _Run(0, len(s), whole.state)
    if len(s) < 2 or not worse:
        return whole, _stretches(s, [run])
    before = replace(run, end=len(s) - 1)
    reason = f"in the last sample {last.reason}"
    chosen = replace(last, confidence=Confidence.LOW, reason=reason)
    return chosen, _stretches(s, [before, _Run(len(s) - 1, len(s), last.state)])


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
