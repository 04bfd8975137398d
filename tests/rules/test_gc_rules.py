"""The gc rules on real captures and on texts at their borders, and the verdict that follows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Confidence, Finding, Severity
from goscope.findings.settings import Settings
from goscope.renderers.json import json_contract
from tests.conftest import CAPTURES
from tests.rules import traces
from tests.rules.traces import cycle, every, heap


def diagnosed(*inputs: str | Path, **thresholds: dict[str, Any]) -> Diagnosis:
    named = {rule.replace("_", "-"): values for rule, values in thresholds.items()}
    return goscope.diagnose(goscope.read(*inputs), Settings(thresholds=named))


def gc_findings(*inputs: str | Path, **thresholds: dict[str, Any]) -> list[Finding]:
    return [f for f in diagnosed(*inputs, **thresholds).findings if f.rule.startswith("gc-")]


def verdict(*inputs: str | Path, **thresholds: dict[str, Any]) -> str:
    return diagnosed(*inputs, **thresholds).verdicts["gc"].state


def logs(program: str) -> list[Path]:
    return sorted(CAPTURES.glob(f"*/{program}/stderr.log*"))


REAL = {
    "gc_thrash": ("thrash", {"gc-thrash"}),
    "gc_memory_limit": ("thrash", {"gc-thrash"}),
    "heap_growth": ("heap_growth", {"gc-heap-growth"}),
    "heap_growth_late": ("heap_growth", {"gc-heap-growth"}),
    "heap_growth_few": ("heap_growth", {"gc-heap-growth"}),
    "heap_loaded": ("ok", set()),
    "cache_warmup": ("ok", set()),
    "heap_sawtooth": ("ok", set()),
    "gc_frequent": ("ok", set()),
    "short_tool": ("ok", set()),
    "gc_forced": ("ok", {"gc-forced-often"}),
    "deep_stacks": ("ok", {"gc-stack-heavy"}),
}


@pytest.mark.parametrize("program", REAL)
def test_real_captures(program: str) -> None:
    found = logs(program)
    assert len(found) >= 2
    for log in found:
        state, rules = REAL[program]
        assert verdict(log) == state, log
        assert {f.rule for f in gc_findings(log)} == rules, log


def test_few_cycles_are_little() -> None:
    """Within the first minute it may be what a program loads at its start."""
    (finding,) = gc_findings(logs("heap_growth_few")[-1])
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.LOW)
    kept = [(t, 1.2 * t, 2.4 * t) for t in (3.0, 6.0, 12.0, 24.0, 48.0)]
    diagnosis = diagnosed(
        "".join(cycle(n, t, live=live, goal=goal) for n, (t, live, goal) in enumerate(kept, 1))
    )
    assert [(f.rule, f.severity) for f in diagnosis.findings] == [("gc-heap-growth", Severity.INFO)]
    verdict = diagnosis.verdicts["gc"]
    assert (verdict.state, verdict.confidence) == ("ok", Confidence.LOW)
    assert verdict.collect is not None


# ---- thrash, pressure, assists ---------------------------------------------------------------------

THRASH = every(0.04, live=57, goal=60, background=35, assist=10, mark=36)
PRESSURE = every(0.04, live=20, goal=40, background=35, assist=5, mark=36)
ASSISTS = every(0.04, background=5, assist=15, mark=10)


def test_the_words_exclude_each_other() -> None:
    assert [f.rule for f in gc_findings(THRASH)] == ["gc-thrash"]
    assert [f.rule for f in gc_findings(PRESSURE)] == ["gc-pressure"]
    assert [f.rule for f in gc_findings(ASSISTS)] == ["gc-assist-heavy"]
    assert [verdict(text) for text in (THRASH, PRESSURE, ASSISTS)] == [
        "thrash",
        "pressure",
        "pressure",
    ]


def test_thrash_that_is_set_otherwise_becomes_pressure() -> None:
    """A rule next to another leaves to it what is its own, by the thresholds that hold."""
    found = gc_findings(THRASH, gc_thrash={"most_headroom": 1.0})
    assert [f.rule for f in found] == ["gc-pressure"]


def test_nearly_half_of_the_cpu_is_thrash_whatever_the_room() -> None:
    assert verdict(every(0.04, live=20, goal=40, background=40, assist=40, mark=38)) == "thrash"


def test_assists_alone_are_a_note_where_they_cost_little() -> None:
    (finding,) = gc_findings(every(0.04, background=1, assist=10, mark=10))
    assert (finding.rule, finding.severity) == ("gc-assist-heavy", Severity.INFO)
    assert verdict(every(0.04, background=1, assist=10, mark=10)) == "ok"


def test_a_while_of_thrash_is_told_but_is_not_the_word() -> None:
    lines: list[str] = []
    now = 0.5
    while now < 60:
        bad = 20 <= now < 32
        lines.append(
            cycle(len(lines) + 1, now, live=57, goal=60, background=36 if bad else 1, mark=37)
        )
        now += 0.04 if bad else 0.4
    found = diagnosed("".join(lines))
    (finding,) = [f for f in found.findings if f.rule == "gc-thrash"]
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.MEDIUM)
    assert "for a while" in finding.title
    assert found.verdicts["gc"].state == "ok"
    assert "much more" in found.verdicts["gc"].reason


# ---- growth of the heap ----------------------------------------------------------------------------


def test_a_small_growth_is_any_start() -> None:
    assert verdict(heap(lambda t: 10 + t / 2, until=50)) == "ok"  # 25 MB within a minute
    assert verdict(heap(lambda t: 10 + t, until=50)) == "heap_growth"
    assert verdict(heap(lambda t: 10 + t / 200, until=1500)) == "ok"  # 7 MB
    assert verdict(heap(lambda t: 10 + t / 60, until=1500)) == "heap_growth"


def test_a_short_log_lowers_the_confidence_and_says_what_to_collect() -> None:
    brief = diagnosed(heap(lambda t: 10 + 2 * t, until=50)).verdicts["gc"]
    assert brief.confidence is Confidence.MEDIUM
    assert brief.collect is not None
    longer = diagnosed(heap(lambda t: 10 + 2 * t, until=500)).verdicts["gc"]
    assert (longer.confidence, longer.collect) == (Confidence.HIGH, None)


def test_the_time_left_to_a_limit() -> None:
    """2 MB a second, and a goal of twice the live heap: 4 MB a second. At 300 s the goal is 1,220."""
    text = heap(lambda t: 10 + 2 * t, until=300)
    (plain,) = gc_findings(text)
    assert plain.severity is Severity.WARNING
    assert not [e for e in plain.evidence if "left" in e.label]
    (finding,) = gc_findings(text, gc_heap_growth={"limit_mb": 3620.0})
    left = next(e for e in finding.evidence if "left" in e.label)
    assert left.unit == "minutes"
    assert left.value == pytest.approx(10, abs=0.5)
    assert finding.severity is Severity.CRITICAL
    (far,) = gc_findings(text, gc_heap_growth={"limit_mb": 100_000.0})
    assert far.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("mb_per_s", "words"),
    [(12, "12 MB a second"), (0.5, "30 MB a minute"), (0.01, "36 MB an hour")],
)
def test_the_pace_in_words(mb_per_s: float, words: str) -> None:
    seconds = 20 if mb_per_s > 1 else 100 if mb_per_s > 0.1 else 4000
    (finding,) = gc_findings(heap(lambda t: 20 + mb_per_s * t, until=seconds))
    assert finding.title == f"The live heap grows by {words}"


# ---- notes -----------------------------------------------------------------------------------------


def test_pauses() -> None:
    (finding,) = gc_findings(every(1, pause="25"))
    assert (finding.rule, finding.severity) == ("gc-long-pause", Severity.INFO)
    (worse,) = gc_findings(every(1, pause="80"))
    assert worse.severity is Severity.WARNING
    assert gc_findings(every(1, pause="900")) == []  # a goroutine that does not yield
    assert gc_findings(every(0.1, pause="0.030") + every(1, until=2, pause="25")) == []
    assert verdict(every(1, pause="80")) == "ok"


def test_forced_cycles_that_cost_much_are_a_warning() -> None:
    (finding,) = gc_findings(every(0.1, background=60, mark=50, more=" (forced)"))
    assert (finding.rule, finding.severity) == ("gc-forced-often", Severity.WARNING)
    assert gc_findings(every(20, until=400, more=" (forced)")) == []  # three a minute


def test_the_periodic_collection_is_no_load() -> None:
    """Every two minutes without any other the runtime starts one."""
    text = "".join(f"GC forced\n{cycle(n, 120.0 * n, live=800, mark=900)}" for n in range(1, 12))
    assert gc_findings(text) == []
    assert verdict(text) == "ok"


# ---- the verdict -----------------------------------------------------------------------------------


def test_without_gc_lines_nobody_knows() -> None:
    unknown = diagnosed(traces.sched([5] * 10)).verdicts["gc"]
    assert unknown.state == "unknown"
    assert unknown.collect is not None
    assert "gctrace=1" in unknown.collect


def test_scheddetail_without_a_gc_worker_shows_that_there_was_no_cycle() -> None:
    (log,) = CAPTURES.glob("go1.19/blocked_mutex/stderr.log*")
    assert verdict(log) == "ok"
    (collected,) = CAPTURES.glob("go1.19/idle_server/sigquit.log*")
    assert verdict(collected) == "unknown"


def test_a_short_run_is_ok_with_low_confidence() -> None:
    short = diagnosed(every(0.05, until=1.5, background=40, mark=40)).verdicts["gc"]
    assert (short.state, short.confidence) == ("ok", Confidence.LOW)
    assert short.collect is not None


def test_the_process_is_named_where_there_are_several() -> None:
    found = diagnosed(every(1, 20) + THRASH).verdicts["gc"]
    assert found.state == "thrash"
    assert found.reason.startswith("run text 1:")


# ---- hostile --------------------------------------------------------------------------------------

number = st.one_of(
    st.sampled_from(["0", "0.000", "1", "99999999999", "0.001", "3.5", "999999999999999999"]),
    st.integers(0, 2000).map(str),
)
line = st.tuples(*[number] * 15).map(
    lambda n: (
        f"gc {n[0]} @{n[1]}s 3%: {n[2]}+{n[3]}+{n[4]} ms clock, {n[5]}+{n[6]}/{n[7]}/{n[8]}+{n[9]} ms cpu, "
        f"{n[10]}->{n[11]}->{n[12]} MB, {n[13]} MB goal, 0 MB stacks, 0 MB globals, {n[14]} P\n"
    )
)
sched_line = st.tuples(number, number, number).map(
    lambda n: (
        f"SCHED {n[0]}ms: gomaxprocs=4 idleprocs=1 threads={n[1]} spinningthreads=0 needspinning=0 "
        f"idlethreads={n[2]} runqueue=0 [ 0 0 0 0 ]\n"
    )
)


@given(st.lists(st.one_of(line, sched_line), min_size=1, max_size=40))
def test_any_numbers_make_a_diagnosis_and_no_warning(lines: list[str]) -> None:
    """Numbers that no runtime prints: times that stand still or fall, no Ps, sizes beyond all memory."""
    found = goscope.diagnose(goscope.read("".join(lines) + "\n"))
    assert {"gc", "threads"} <= set(found.verdicts)
    json.loads(json_contract.render(found), parse_constant=pytest.fail)


# ---- excerpts: what a few lines show ----------------------------------------------------------------

LATE = (
    "gc {n} @{t}s {percent}%: 0.05+31+0.04 ms clock, 0.40+55/60/0+0.32 ms cpu, "
    "900->940->610 MB, 910 MB goal, 8 P\n"
)


def late(percent: int, *seconds: float) -> str:
    return "".join(LATE.format(n=640 + n, t=t, percent=percent) for n, t in enumerate(seconds))


def test_late_in_a_run_the_percentage_of_one_line_is_evidence() -> None:
    found = diagnosed(late(38, 7300.0, 7300.4, 7300.8))
    (finding,) = [f for f in found.findings if f.rule == "gc-pressure"]
    assert finding.confidence is Confidence.MEDIUM
    assert "38 %" in finding.title
    assert found.verdicts["gc"].state == "pressure"
    assert gc_findings(late(38, 20.0, 20.4)) == []  # high after the start of any program
    assert gc_findings(late(20, 7300.0, 7300.4)) == []
    assert gc_findings(late(38, *range(7300, 7400, 5))) == []  # the lines themselves tell: 1 %


def test_a_long_phase_in_an_excerpt_is_mentioned() -> None:
    line = late(3, 96.2).replace("0.05+31+0.04 ms clock", "41+200+120 ms clock")
    found = diagnosed(line)
    assert [(f.rule, f.severity, f.confidence) for f in found.findings] == [
        ("gc-long-pause", Severity.INFO, Confidence.LOW)
    ]
    assert "120 ms" in found.findings[0].title
    assert "stop-the-world phase took 120 ms" in found.verdicts["gc"].reason


def test_the_span_of_an_excerpt_begins_with_its_first_cycle() -> None:
    reason = diagnosed(late(2, 3600.0, 3630.0, 3660.0)).verdicts["gc"].reason
    assert reason.startswith("3 cycles in 60 s")
    other = "SCHED 240000ms: gomaxprocs=8 idleprocs=0 threads=9 spinningthreads=0 idlethreads=2 runqueue=3 [1 0 2]\n"
    assert "240" not in diagnosed(other + late(1, 20.5)).verdicts["gc"].reason


def test_cycles_that_were_asked_for_cost_what_they_cost() -> None:
    lines = late(9, *range(60, 80, 2)).replace(" 8 P\n", " 8 P (forced)\n")
    verdict = diagnosed(lines).verdicts["gc"]
    # (0.40 + 55 + 60 + 0.32) ms / 8 P in each of ten cycles, in 18 s: 0.8 %
    assert (
        "takes 0.8 % of the CPU; the program asked for 10 of the cycles (forced)" in verdict.reason
    )


def test_cycles_of_two_processes_are_not_added_up() -> None:
    first = late(1, 60.0, 61.2)
    second = "".join(LATE.format(n=n, t=10 * n, percent=1) for n in range(1, 7))
    reason = diagnosed(first + second).verdicts["gc"].reason
    assert "6 cycles in 60 s" in reason
    assert "8 cycles" not in reason


def test_a_program_that_keeps_what_it_allocates_may_be_loading() -> None:
    """The same growth: once all that is allocated stays, once a tenth of it."""

    def grows(garbage: float) -> str:
        return "".join(
            f"gc {n} @{n / 2:.3f}s 1%: 0.08+4+0.03 ms clock, 0.64+0.4/2.0/3.0+0.24 ms cpu, "
            f"{20 * n + garbage:.0f}->{20 * n + garbage:.0f}->{20 * n} MB, {40 * n} MB goal, 8 P\n"
            for n in range(1, 40)
        )

    (loads,) = [f for f in diagnosed(grows(10)).findings if f.rule == "gc-heap-growth"]
    assert (loads.severity, loads.confidence) == (Severity.INFO, Confidence.LOW)
    assert "67% of all that it allocates" in loads.detail
    (leaks,) = [f for f in diagnosed(grows(180)).findings if f.rule == "gc-heap-growth"]
    assert leaks.severity is Severity.WARNING
