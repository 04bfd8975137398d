"""The rules about execution traces on real captures, and how they join what dumps and SCHED lines say."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import goscope
from goscope.analysis.goroutines.dumps import Stack
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.diagnosis.verdicts.traces import together
from goscope.findings.findings import Confidence, Finding, Severity, Site, Verdict
from goscope.findings.settings import Settings
from goscope.rules.findings.trace import words_of_dumps
from tests.conftest import CAPTURES
from tests.rules.cases import sched
from tests.rules.dumps import dump, leaks

VERSIONS = ("1.22", "1.23", "1.25", "1.27")
WORST_FIRST = ("starving", "blocked", "unbalanced", "healthy", "idle", "unknown")


def path(version: str, program: str) -> str:
    (found,) = (CAPTURES / f"go{version}" / program).glob("trace.out*")
    return str(found)


def truth(version: str, program: str) -> dict[str, Any]:
    (found,) = (CAPTURES / f"go{version}" / program).glob("truth.json*")
    data = found.read_bytes()
    read: dict[str, Any] = json.loads(gzip.decompress(data) if found.suffix == ".gz" else data)
    return read


def diagnosed(*inputs: str, **thresholds: dict[str, float]) -> Diagnosis:
    settings = Settings(thresholds={k.replace("_", "-"): v for k, v in thresholds.items()})
    return goscope.diagnose(goscope.read(*inputs), settings)


def found(diagnosis: Diagnosis, rule: str) -> list[Finding]:
    return [f for f in diagnosis.findings if f.rule == rule]


def number(finding: Finding, label: str) -> float:
    (one,) = (e.value for e in finding.evidence if e.label == label)
    assert isinstance(one, int | float)
    return one


# ---- one rule after the other -----------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_the_wait_for_a_p_has_the_numbers_of_the_tool(version: str) -> None:
    diagnosis = diagnosed(path(version, "trace_starving"))
    (finding,) = found(diagnosis, "trace-sched-latency")
    assert (finding.severity, finding.confidence) == (Severity.CRITICAL, Confidence.HIGH)
    assert "main.compute" in finding.title
    assert finding.evidence[0].source == path(version, "trace_starving")
    count, median, p99, longest = truth(version, "trace_starving")["latency"]["main.compute"]
    assert number(finding, "waits to run") == count
    assert number(finding, "median") == pytest.approx(median / 1e6, rel=0.03)
    assert number(finding, "99th percentile") == pytest.approx(p99 / 1e6, rel=0.03)
    assert number(finding, "longest") == pytest.approx(longest / 1e6, rel=0.01)
    first = number(finding, "first run after creation, median")
    assert first != number(finding, "later ones, median")
    verdict = diagnosis.verdicts["scheduler"]
    assert (verdict.state, verdict.confidence) == ("starving", Confidence.HIGH)
    assert "trace.out" in verdict.reason


def test_the_wait_for_a_p_is_only_mentioned_with_a_higher_bar() -> None:
    diagnosis = diagnosed(
        path("1.27", "trace_starving"), trace_sched_latency={"warning_runnable_per_p": 20}
    )
    (finding,) = found(diagnosis, "trace-sched-latency")
    assert finding.severity is Severity.INFO
    verdict = diagnosis.verdicts["scheduler"]
    assert verdict.state == "healthy"
    assert "but goroutines of main.compute wait for a P" in verdict.reason


def test_who_stopped_the_world_and_who_ran_meanwhile() -> None:
    (finding,) = found(diagnosed(path("1.27", "trace_stw")), "trace-stw-long")
    count, ns = truth("1.27", "trace_stw")["ranges"]["stop-the-world (read mem stats)"]
    assert number(finding, "phases of 10 ms and more") == count == 5
    assert finding.site is not None
    assert finding.site.function == "main.main.func1"
    ran = number(finding, "main.loop ran meanwhile")
    assert 0.9 * ns / 1e6 <= ran <= ns / 1e6 + 1
    assert not any("main.main ran" in e.label for e in finding.evidence)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_convoy_names_the_place_and_who_unlocks(version: str) -> None:
    diagnosis = diagnosed(path(version, "trace_sync"))
    (finding,) = found(diagnosis, "trace-lock-convoy")
    assert finding.site is not None
    assert finding.site.function == "main.(*ledger).post"
    assert finding.blocked_on == "sync.Mutex.Lock"
    assert any(e.label.startswith("woken from main.(*ledger).post") for e in finding.evidence)
    assert diagnosis.verdicts["scheduler"].state == "blocked"


@pytest.mark.parametrize("version", VERSIONS)
def test_what_never_ends_and_who_started_it(version: str) -> None:
    diagnosis = diagnosed(path(version, "trace_leak"))
    never = {
        f.site.function: f for f in found(diagnosis, "trace-never-ended") if f.site is not None
    }
    assert set(never) == {"main.query.func1", "main.(*feed).follow", "main.poll"}
    query, feed, poll = (never[n] for n in ("main.query.func1", "main.(*feed).follow", "main.poll"))
    assert (query.severity, query.blocked_on) == (Severity.WARNING, "chan send")
    assert query.created_by is not None
    assert query.created_by.function == "main.query"
    assert query.goroutines is not None
    assert query.goroutines.count == 60
    assert (feed.confidence, feed.blocked_on) == (Confidence.HIGH, "chan receive (nil chan)")
    assert feed.goroutines is not None
    assert feed.goroutines.count == 6
    assert poll.severity is Severity.INFO  # it goes on working
    assert diagnosis.verdicts["goroutines"].state == "leak"
    assert diagnosis.verdicts["scheduler"].state == "idle"


@pytest.mark.parametrize("version", ["1.22", "1.27"])
def test_a_part_that_never_ends_beside_a_queue_that_grows(version: str) -> None:
    """Of 80 senders 40 had their receiver; the orders that are left wait no longer than those that ended."""
    (found_one,) = found(diagnosed(path(version, "trace_leak_some")), "trace-never-ended")
    assert found_one.severity is Severity.WARNING
    assert found_one.site is not None
    assert found_one.site.function == "main.price.func1"
    assert found_one.goroutines is not None
    assert found_one.goroutines.count == 40
    assert (number(found_one, "created in the trace"), number(found_one, "ended in the trace")) == (
        80,
        40,
    )


def test_a_slow_task_names_the_region_in_which_it_hung() -> None:
    slow = found(diagnosed(path("1.27", "trace_tasks")), "trace-task-slow")
    order = next(f for f in slow if "tasks order" in f.title)
    longest = max(
        t["duration"] for t in truth("1.27", "trace_tasks")["tasks"] if t["type"] == "order"
    )
    assert number(order, "slowest") == pytest.approx(longest / 1e6, rel=0.01)
    assert number(order, "tasks order") == 40
    assert number(order, "outliers") == 1
    assert "in the region await" in order.detail
    assert "blocked" in order.detail


def test_slow_regions_speak_where_no_task_does() -> None:
    """The median of the region await is 165 times smaller than its outlier, that of no task more than 110."""
    diagnosis = diagnosed(path("1.27", "trace_tasks"), trace_task_slow={"times_median": 120})
    (finding,) = found(diagnosis, "trace-task-slow")
    assert finding.title == "1 of 40 regions await takes 698 ms"
    assert "the slowest spent 698 ms blocked" in finding.detail


@pytest.mark.parametrize("version", VERSIONS)
def test_slow_system_calls_name_the_worst_and_the_others(version: str) -> None:
    (finding,) = found(diagnosed(path(version, "trace_files")), "trace-syscall-handoff")
    assert finding.severity is Severity.INFO
    assert finding.site is not None
    assert finding.site.function == "main.slow"
    lost = sum(
        g["syscall_block"] for g in truth(version, "trace_files")["goroutines"]
        if g["name"] == "main.slow"
    )  # fmt: skip
    assert number(finding, "without a P") == pytest.approx(lost / 1e6, rel=0.01)
    assert any(e.label.startswith("main.blocking") for e in finding.evidence)


def test_many_threads_in_slow_system_calls_are_a_warning() -> None:
    diagnosis = diagnosed(
        path("1.27", "trace_files"), trace_syscall_handoff={"busy_threads_per_p": 1}
    )
    (finding,) = found(diagnosis, "trace-syscall-handoff")
    assert finding.severity is Severity.WARNING


def test_the_share_of_the_gc_and_its_verdict() -> None:
    diagnosis = diagnosed(path("1.27", "trace_gc"))
    (heavy,) = found(diagnosis, "trace-gc-heavy")
    cycles = truth("1.27", "trace_gc")["ranges"]["GC concurrent mark phase"][0]
    assert number(heavy, "cycles") == cycles
    assert heavy.site is not None
    assert heavy.site.function == "main.build"  # who allocates
    assert diagnosis.verdicts["gc"].state == "pressure"
    assert diagnosed(path("1.27", "trace_cpu")).verdicts["gc"].state == "ok"


@pytest.mark.parametrize("version", ["1.22", "1.27"])
def test_ready_goroutines_beside_idle_ps(version: str) -> None:
    diagnosis = diagnosed(path(version, "trace_overcommitted"))
    (finding,) = found(diagnosis, "trace-idle-while-runnable")
    assert finding.severity is Severity.WARNING
    longest = max(row[3] for row in truth(version, "trace_overcommitted")["latency"].values())
    assert number(finding, "longest") <= longest / 1e6 + 1
    assert number(finding, "longest") >= 100
    assert 40 <= number(finding, "Ps idle meanwhile, on average") <= 64
    verdict = diagnosis.verdicts["scheduler"]
    assert verdict.state == "unbalanced"
    assert "Ps are idle" in verdict.reason


# ---- together with other evidence --------------------------------------------------------------------


def leak_dumps() -> list[str]:
    """Three dumps in which the goroutines of the traced leak grow, in the words of the runtime."""
    parts = {
        "where": "main.query.func1()\n\t/app/trace_leak/main.go:18 +0x28",
        "started": "main.query in goroutine 1\n\t/app/trace_leak/main.go:16 +0x66",
    }
    return [dump(*leaks(range(18, 18 + n), **parts)) for n in (10, 20, 30)]


def test_a_leak_in_dumps_takes_up_what_the_trace_saw() -> None:
    alone = diagnosed(*leak_dumps())
    both = diagnosed(*leak_dumps(), path("1.27", "trace_leak"))
    (before,) = found(alone, "leak-growth")
    (after,) = found(both, "leak-growth")
    assert after.site == before.site
    assert after.detail.startswith(before.detail)
    assert "In the trace: 60 goroutines of main.query.func1 were started" in after.detail
    assert after.evidence[: len(before.evidence)] == before.evidence
    assert number(after, "created in the trace") == 60
    sites = {f.site.function for f in found(both, "trace-never-ended") if f.site}
    assert sites == {"main.(*feed).follow", "main.poll"}  # the third has become part of the other


def test_a_starving_schedtrace_is_explained_by_the_trace() -> None:
    starving = sched(0, runqueue=200, local="50 60 55 70")
    (alone,) = found(diagnosed(starving), "sched-starving")
    diagnosis = diagnosed(starving, path("1.22", "trace_starving"))
    (finding,) = found(diagnosis, "sched-starving")
    assert alone.site is None
    assert finding.site is not None
    assert finding.site.function == "main.compute"
    waiting = number(finding, "of main.compute wait to run, on average")
    goroutines = truth("1.22", "trace_starving")["goroutines"]
    waited = sum(g["sched_wait"] for g in goroutines if g["name"] == "main.compute")
    length = truth("1.22", "trace_starving")["end"] - truth("1.22", "trace_starving")["start"]
    assert waiting == pytest.approx(waited / length, abs=0.1)
    verdict = diagnosis.verdicts["scheduler"]
    assert verdict.state == "starving"
    assert "in the trace trace.out" in verdict.reason


def test_a_trace_tells_an_idle_program_from_a_blocked_one() -> None:
    alone = diagnosed(sched(4)).verdicts["scheduler"]
    both = diagnosed(sched(4), path("1.27", "trace_flight")).verdicts["scheduler"]
    assert alone.state == both.state == "idle"
    assert alone.confidence.rank < both.confidence.rank
    assert alone.collect is not None
    assert both.collect is None


def verdict(state: str, confidence: Confidence, reason: str = "x") -> Verdict:
    return Verdict(state, confidence, reason, "more")


@pytest.mark.parametrize(
    ("printed", "traced", "state", "confidence"),
    [
        (("idle", Confidence.LOW), ("idle", Confidence.HIGH), "idle", Confidence.HIGH),
        (("idle", Confidence.LOW), ("blocked", Confidence.HIGH), "blocked", Confidence.HIGH),
        (("starving", Confidence.HIGH), ("idle", Confidence.HIGH), "starving", Confidence.HIGH),
        (("starving", Confidence.LOW), ("idle", Confidence.HIGH), "starving", Confidence.LOW),
        (("unknown", Confidence.LOW), ("healthy", Confidence.LOW), "healthy", Confidence.LOW),
        (("healthy", Confidence.HIGH), ("unknown", Confidence.LOW), "healthy", Confidence.HIGH),
    ],
)
def test_two_sources_make_one_verdict(
    printed: tuple[str, Confidence],
    traced: tuple[str, Confidence],
    state: str,
    confidence: Confidence,
) -> None:
    one = together(
        verdict(*printed, "printed"), verdict(*traced, "traced"), worst_first=WORST_FIRST
    )
    assert (one.state, one.confidence) == (state, confidence)
    if "unknown" not in (printed[0], traced[0]):
        assert "printed" in one.reason
        assert "traced" in one.reason


def test_without_a_trace_a_verdict_stays_what_it_was() -> None:
    own = verdict("idle", Confidence.LOW)
    assert together(own, None, worst_first=WORST_FIRST) is own


@pytest.mark.parametrize(
    ("reason", "functions", "words"),
    [
        ("sync", ("sync.(*Mutex).Lock", "main.f"), "sync.Mutex.Lock"),
        ("sync", ("sync.(*RWMutex).RLock", "main.f"), "sync.RWMutex.RLock"),
        ("sync", ("sync.(*WaitGroup).Wait", "main.f"), "sync.WaitGroup.Wait"),
        ("sync.(*Cond).Wait", ("sync.(*Cond).Wait", "main.f"), "sync.Cond.Wait"),
        ("forever", ("runtime.chansend1", "main.f"), "chan send (nil chan)"),
        ("forever", ("main.f",), "select (no cases)"),
        ("chan send", ("runtime.chansend1", "main.f"), "chan send"),
        ("network", ("internal/poll.(*FD).Read", "main.f"), "IO wait"),
        (None, ("runtime.gopark", "runtime.chanrecv", "main.f"), "chan receive"),
        (None, ("main.f",), ""),
    ],
)
def test_reasons_of_traces_in_the_words_of_dumps(
    reason: str | None, functions: tuple[str, ...], words: str
) -> None:
    assert words_of_dumps(reason, Stack(tuple(map(Site, functions)), None)) == words


def test_a_cut_trace_is_judged_by_what_is_left(tmp_path: Path) -> None:
    stored = Path(path("1.27", "trace_tasks"))
    whole = gzip.decompress(stored.read_bytes())
    cut = tmp_path / "cut.trace"
    cut.write_bytes(whole[: len(whole) * 3 // 4])
    diagnosis = diagnosed(str(cut))
    (one,) = diagnosis.capture.inputs
    assert one.problem is not None
    assert diagnosis.verdicts["scheduler"].state == "idle"
