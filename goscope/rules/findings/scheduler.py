"""What the scheduler rules have in common: a verdict of the scheduler as a finding.

The finding takes its evidence from everything that was read of the process: the SCHED lines say when,
the dumps and G lines who waits or runs and where, the gc lines when the world stood still.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.scheduler.idle_or_blocked import WaitSite, dumps_of, runners_in
from goscope.analysis.scheduler.schedule import Schedule, schedules_of
from goscope.analysis.scheduler.stw_pauses import StwPauses
from goscope.analysis.scheduler.thresholds import Thresholds
from goscope.analysis.traces.executions import executions_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Group, Severity, Site
from goscope.findings.settings import Settings
from goscope.rules import all_rules
from goscope.rules.rule import Family

_STOPS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the program a finding belongs, and the evidence for that."""

    evidence: tuple[Evidence, ...] = ()
    stack: Stack | None = None
    site: Site | None = None
    blocked_on: str | None = None
    group: Group | None = None

    @property
    def frames(self) -> tuple[Site, ...]:
        return self.stack.frames if self.stack else ()

    @property
    def created_by(self) -> Site | None:
        return self.stack.created_by if self.stack else None


def thresholds_of(settings: Settings) -> Thresholds:
    """The thresholds that the user set for any rule of the family: they share one state per process."""
    known = {f.name for f in fields(Thresholds)}
    values = {
        name: value
        for rule in all_rules()
        if rule.family is Family.SCHEDULER
        for name, value in settings.of(rule.name).items()
        if name in known
    }
    return Thresholds(**values)  # type: ignore[arg-type]


def schedules_in_state(capture: Capture, thresholds: Thresholds, state: str) -> Iterator[Schedule]:
    """The processes whose scheduler was in this state, all the time or for a while."""
    for schedule in schedules_of(capture, thresholds):
        if schedule.verdict.state == state or schedule.lasting(state):
            yield schedule


def finding_in_state(
    schedule: Schedule,
    *,
    state: str,
    rule: str,
    severity: Severity,
    title: str,
    advice: str,
    place: Place,
    extra: tuple[Evidence, ...] = (),
) -> Finding:
    """The verdict as a finding. One that is hardly more than a guess is only a note."""
    verdict = schedule.verdict
    lasting = schedule.lasting(state)
    spans = ", ".join(f"{s.start_ms / 1000:.1f} to {s.end_ms / 1000:.1f} s" for s in lasting)
    whole = verdict.state == state
    if verdict.confidence is Confidence.LOW:
        severity = Severity.INFO
    elif not whole:
        severity = Severity.WARNING
    return Finding(
        rule=rule,
        severity=severity,
        confidence=verdict.confidence,
        title=title if whole else f"{title} for a while",
        detail=(verdict.reason if whole else f"the rest of the time it is {verdict.state}")
        + (f"; {spans}" if spans else "")
        + ".",
        evidence=(
            *schedule.evidence(state),
            *(Evidence("lasted", s.end_ms - s.start_ms, "ms") for s in lasting),
            *extra,
            *place.evidence,
        ),
        advice=advice,
        process=schedule.process,
        site=place.site,
        stack=place.frames,
        blocked_on=place.blocked_on,
        created_by=place.created_by,
        goroutines=place.group,
    )


def where_they_wait(schedule: Schedule) -> Place:
    """The places where most goroutines are held up; from G lines only what they wait for is known."""
    waits = schedule.waits
    if waits is None or not waits.sites:
        return Place()
    top = waits.sites[0]
    return Place(
        tuple(_waiting(site, waits.source) for site in waits.sites),
        top.stack,
        top.stack.user_frame if top.stack else None,
        top.reason,
        top.blocked.group() if top.blocked else None,
    )


def _waiting(site: WaitSite, source: str) -> Evidence:
    frame = site.stack.user_frame if site.stack else None
    where = f" in {frame.function}" if frame else ""
    seen = site.blocked.line_source() if site.blocked else source
    return Evidence(f"wait in {site.reason}{where}", site.count, "goroutines", seen)


def where_they_run(capture: Capture, process: int) -> Place:
    """The function that most running and runnable goroutines of the last dump are in, or of a trace."""
    dumps = dumps_of(capture, process)
    runners = runners_in(capture, dumps[-1]) if dumps else None
    traced = who_waits_in_traces(capture, process)
    if runners is None:
        return Place(traced, *_where_traced(capture, process)) if traced else Place()
    label = f"run or wait to run, in {runners.site.function}"
    source = dumps[-1].source
    evidence = [Evidence(label, runners.here, "goroutines", source)]
    if runners.count > runners.here:
        other = runners.count - runners.here
        evidence.append(Evidence("run or wait to run, elsewhere", other, "goroutines", source))
    return Place((*evidence, *traced), runners.stack, runners.site)


def _where_traced(capture: Capture, process: int) -> tuple[Stack | None, Site | None]:
    """The stack in which goroutines of the function that waits most for a P were preempted mostly."""
    for execution in executions_of(capture):
        if execution.process == process and execution.program:
            most = max(execution.program, key=lambda f: f.sched_wait_ns)
            return execution.where_it_runs(most.name)
    return None, None


def who_waits_in_traces(capture: Capture, process: int) -> tuple[Evidence, ...]:
    """From execution traces of the process: who waits for a P, and who has them."""
    found: list[Evidence] = []
    for execution in executions_of(capture):
        if execution.process != process or not execution.program:
            continue
        waits = max(execution.program, key=lambda f: f.sched_wait_ns)
        runs = execution.program[0]
        for what, function, ns in (
            ("wait to run", waits, waits.sched_wait_ns),
            ("run", runs, runs.exec_ns),
        ):
            label = f"of {function.name} {what}, on average"
            count = round(execution.on_average(ns), 1)
            found.append(Evidence(label, count, "goroutines", execution.source))
    return tuple(found)


def stop_evidence(stops: StwPauses) -> tuple[Evidence, ...]:
    """The longest stop-the-world phases, with their times on the clock of the SCHED lines."""
    longest = sorted(range(len(stops)), key=lambda i: -float(stops.ms[i]))[:_STOPS_SHOWN]
    return tuple(
        Evidence(
            f"world stopped at {float(stops.t_ms[i]) / 1000:.2f} s",
            round(float(stops.ms[i]), 1),
            "ms",
            stops.source(i),
        )
        for i in sorted(longest)
    )
