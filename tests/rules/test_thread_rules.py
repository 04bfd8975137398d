"""The thread rules on real captures and on texts, and the verdict that follows."""

from __future__ import annotations

from pathlib import Path

import pytest

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Confidence, Finding, Severity
from goscope.findings.settings import Settings
from tests.conftest import CAPTURES
from tests.rules.dumps import dump, leaks
from tests.rules.traces import sched

LOCKED = "chan receive, locked to thread"


def diagnosed(*inputs: str | Path, limit: int = 10_000) -> Diagnosis:
    settings = Settings(thresholds={"threads-near-limit": {"limit": limit}})
    return goscope.diagnose(goscope.read(*inputs), settings)


def found(*inputs: str | Path, limit: int = 10_000) -> list[Finding]:
    return [f for f in diagnosed(*inputs, limit=limit).findings if f.rule.startswith("threads-")]


def verdict(*inputs: str | Path, limit: int = 10_000) -> tuple[str, Confidence]:
    found = diagnosed(*inputs, limit=limit).verdicts["threads"]
    return found.state, found.confidence


def run(version: str, program: str) -> list[Path]:
    folder = CAPTURES / version / program
    return [*sorted(folder.glob("stderr.log*")), *sorted(folder.glob("dump-[123].txt*"))]


# ---- real captures --------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["go1.19", "go1.23", "go1.25", "go1.27"])
def test_threads_that_are_locked_and_never_unlocked(version: str) -> None:
    (finding,) = found(*run(version, "locked_threads"))
    assert (finding.rule, finding.severity) == ("threads-growing", Severity.CRITICAL)
    assert finding.confidence is Confidence.HIGH
    assert finding.site is not None
    assert finding.site.function == "main.(*device).pin"
    assert "UnlockOSThread" in finding.advice
    assert verdict(*run(version, "locked_threads")) == ("leak", Confidence.HIGH)


def test_the_log_alone_shows_the_leak_but_not_the_place() -> None:
    log, *dumps = run("go1.27", "locked_threads")
    (finding,) = found(log)
    assert (finding.rule, finding.site) == ("threads-growing", None)
    assert diagnosed(log).verdicts["threads"].collect is not None
    (by_dumps,) = found(*dumps)
    assert (by_dumps.rule, by_dumps.severity) == ("threads-locked", Severity.WARNING)
    assert verdict(*dumps) == ("leak", Confidence.HIGH)


@pytest.mark.parametrize("version", ["go1.19", "go1.24", "go1.27"])
@pytest.mark.parametrize("program", ["threads_burst", "slow_syscalls"])
def test_many_threads_that_stay_are_no_leak(version: str, program: str) -> None:
    assert found(*run(version, program)) == []
    assert verdict(*run(version, program)) == ("ok", Confidence.HIGH)


def test_a_program_that_sets_a_lower_limit() -> None:
    """debug.SetMaxThreads(100): 43 threads are near to nothing, unless that is the limit."""
    inputs = run("go1.27", "slow_syscalls")
    (finding,) = found(*inputs, limit=100)
    assert (finding.rule, finding.severity) == ("threads-near-limit", Severity.INFO)
    assert finding.site is not None
    assert finding.site.function is not None
    assert finding.site.function.startswith("main.")
    assert verdict(*inputs, limit=100) == ("high", Confidence.CERTAIN)
    assert [f.severity for f in found(*inputs, limit=50)] == [Severity.CRITICAL]
    assert [f.severity for f in found(*inputs, limit=70)] == [Severity.WARNING]


def test_scheddetail_tells_that_they_are_locked() -> None:
    """Of 112 threads all but a few are locked to a goroutine; without a dump that is how one knows."""
    (log,) = (CAPTURES / "go1.19" / "locked_threads").glob("stderr.log*")
    (finding,) = found(log)
    assert (finding.severity, finding.confidence) == (Severity.CRITICAL, Confidence.HIGH)
    locked = next(e.value for e in finding.evidence if e.label.startswith("locked to a goroutine"))
    assert isinstance(locked, int)
    assert locked >= 100
    assert "UnlockOSThread" in finding.advice


# ---- growing --------------------------------------------------------------------------------------


def test_a_high_water_mark_is_no_leak() -> None:
    """More threads each time, but all of them parked: they were needed once."""
    lines = "".join(
        sched([10 + 5 * n], idle=8 + 5 * n).replace("SCHED 1000ms", f"SCHED {n + 1}000ms")
        for n in range(20)
    )
    assert found(lines) == []


@pytest.mark.parametrize(
    "counts",
    [
        [10, 20, 40, 60, *[80] * 16],  # a burst that stays
        [*range(10, 50, 4), *range(50, 10, -4)],  # up and down
        [*range(10, 16)] * 4,  # a saw
        list(range(10, 20)),  # few
        [10, 90],  # two lines
    ],
)
def test_what_does_not_go_on_is_no_leak(counts: list[int]) -> None:
    assert found(sched(counts)) == []
    assert verdict(sched(counts))[0] == "ok"


def test_a_slow_leak() -> None:
    """One thread in 20 s, for ten minutes."""
    (finding,) = found(sched([8 + n // 20 for n in range(600)]))
    assert finding.rule == "threads-growing"
    assert finding.confidence is Confidence.MEDIUM
    pace = next(e.value for e in finding.evidence if e.label == "growth")
    assert pace == pytest.approx(3, abs=0.1)


# ---- locked ---------------------------------------------------------------------------------------


def locked(*counts: int) -> list[str]:
    return [dump(*leaks(range(18, 18 + count), LOCKED)) for count in counts]


def test_two_dumps_are_less_sure() -> None:
    assert [f.confidence for f in found(*locked(10, 20))] == [Confidence.MEDIUM]
    assert [f.confidence for f in found(*locked(10, 20, 30))] == [Confidence.HIGH]


def test_a_constant_number_is_a_note() -> None:
    (finding,) = found(*locked(12, 12, 12))
    assert (finding.rule, finding.severity) == ("threads-locked", Severity.INFO)
    assert verdict(*locked(12, 12, 12))[0] == "unknown"
    assert found(*locked(4, 4, 4)) == []


def test_the_main_goroutine_may_keep_its_thread() -> None:
    main = "goroutine 1 [select, locked to thread]:\nmain.main()\n\t/app/main.go:9 +0x1\n"
    assert found(main) == []


def test_without_sched_lines_and_dumps_nobody_knows() -> None:
    unknown = diagnosed(dump()).verdicts["threads"]
    assert unknown.state == "unknown"
    assert unknown.collect is not None
