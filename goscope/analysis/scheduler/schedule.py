"""What the scheduler was doing: the word for each stretch of time, and the word for the whole.

Facts behind the numbers, all of the Go runtime and of measured programs:

* Work waits when goroutines are runnable and no P is idle. The sum of all run queues per P tells how
  much: CockroachDB calls more than 32 per P overload; the samples quoted in books lie at 11 (healthy)
  and 125 (starving). A peak means nothing: compilers reach 144 for an instant. So it must last.
* A loop that is not preempted starves others with an almost empty queue. Its P's schedtick stands
  still, and stop-the-world phases take as long as the loop runs.
* A P that idles while another is busy all the time, over many samples, is a program that cannot use
  its Ps: at random load the number of busy Ps would vary.
* When (nearly) all Ps idle, plain schedtrace cannot tell a program that has nothing to do from one
  whose goroutines are stuck. The goroutines' wait reasons can: locks and sends need another goroutine.
  Schedticks that stand still cannot: a goroutine that another readies runs without a tick.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.analysis.scheduler.idle_or_blocked import (
    Waits,
    dumps_of,
    waits_in_detail,
    waits_in_dump,
)
from goscope.analysis.scheduler.judgement import Judgement, judge
from goscope.analysis.scheduler.phases import over_time
from goscope.analysis.scheduler.samples import Samples, samples_of
from goscope.analysis.scheduler.stw_pauses import StwPauses, stw_pauses_of
from goscope.analysis.scheduler.thresholds import Thresholds
from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.findings.findings import Evidence, Stretch, Verdict

_DEFAULTS = Thresholds()


@dataclass(frozen=True, slots=True)
class Schedule:
    """The samples of one process and what follows from them."""

    samples: Samples
    stops: StwPauses  # the long stop-the-world phases
    waits: Waits | None  # what its goroutines wait for, if that is known
    verdict: Verdict
    cause: str  # of :class:`~goscope.analysis.scheduler.judgement.Judgement`

    @property
    def process(self) -> int:
        return self.samples.process

    def lasting(self, state: str) -> tuple[Stretch, ...]:
        """The stretches of time in a state."""
        found = self.verdict.timeline
        return tuple(s for s in found if s.state == state and s.end_ms > s.start_ms)

    def evidence(self, state: str) -> tuple[Evidence, ...]:
        """What the samples of the time in a state show; of all samples if it is not on the time line."""
        s = self.samples
        inside = np.zeros(len(s), np.bool_)
        for stretch in self.lasting(state):
            inside |= (s.t_ms >= stretch.start_ms) & (s.t_ms <= stretch.end_ms)
        return _evidence(s.part(inside) if inside.any() else s)


@once_per_capture
def schedules_of(capture: Capture, thresholds: Thresholds = _DEFAULTS) -> tuple[Schedule, ...]:
    """One schedule per process that printed SCHED lines."""
    sched = capture.table("sched")
    return tuple(
        _schedule(capture, int(process), thresholds)
        for process in sched.distinct("process")
        if len(sched)
    )


def _schedule(capture: Capture, process: int, thresholds: Thresholds) -> Schedule:
    samples = samples_of(capture, process)
    stops = stw_pauses_of(capture, process, least_ms=thresholds.stuck_stw_ms)
    dumps = dumps_of(capture, process)
    of_dumps, of_first = waits_in_dump(capture, dumps), waits_in_dump(capture, dumps[:1])

    def judge_part(part: Samples, to_the_end: bool) -> Judgement:
        """Dumps bear no time: the last one speaks for the end, the first of several for before."""
        detail = waits_in_detail(capture, part.rows)
        earlier = of_first if len(dumps) > 1 else None
        waits = of_dumps or detail if to_the_end else detail or earlier
        return judge(part.thinned(), waits=waits, stops=stops, thresholds=thresholds)

    waits = of_dumps or waits_in_detail(capture, samples.rows)
    whole = judge(samples.thinned(), waits=waits, stops=stops, thresholds=thresholds)
    chosen, stretches = over_time(samples, whole, judge_part, thresholds)
    verdict = Verdict(chosen.state, chosen.confidence, chosen.reason, chosen.collect, stretches)
    return Schedule(samples, stops, waits, verdict, chosen.cause)


def _evidence(s: Samples) -> tuple[Evidence, ...]:
    n, few = len(s), s.thinned()
    idle = round(float(np.median(few.idle_share)) * 100)
    load = round(float(np.median(few.load)), 2)
    return (
        Evidence("judged", n, "SCHED lines" if n > 1 else "SCHED line", s.source),
        Evidence("Ps idle, median", idle, "%"),
        Evidence("waiting goroutines per P, median", load, "goroutines"),
    )
