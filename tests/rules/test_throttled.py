"""CPU that the system withholds: real programs under real quotas, beside the same without."""

from __future__ import annotations

import json

import pytest

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.diagnosis.saved import read_saved, saved_text
from goscope.findings.findings import Confidence, Severity
from goscope.sources.live.cpu_use import CpuUse
from tests.conftest import CAPTURES

PROGRAMS = ("cpu_matched", "http_full", "alloc_matched")


def of(diagnosis: Diagnosis) -> list[tuple[Severity, Confidence]]:
    return [(f.severity, f.confidence) for f in diagnosis.findings if f.rule == "sched-throttled"]


def log(times: list[int], idle: int = 0) -> str:
    line = "SCHED {}ms: gomaxprocs=4 idleprocs={} threads=7 spinningthreads=0 needspinning=0 idlethreads=1 runqueue=0 [0 0 0 0]\n"
    return "".join(line.format(t, idle) for t in times)


@pytest.mark.parametrize("version", ["1.19", "1.27"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_lines_come_late_under_a_quota(program: str, version: str) -> None:
    diagnosis = goscope.diagnose(goscope.read(CAPTURES / f"go{version}" / f"throttled_{program}"))
    assert diagnosis.verdicts["scheduler"].state == "throttled"
    assert of(diagnosis) == [(Severity.WARNING, Confidence.MEDIUM)]
    (finding,) = (f for f in diagnosis.findings if f.rule == "sched-throttled")
    assert "cpu.stat" in finding.advice


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_same_programs_with_the_cpus_of_the_machine(program: str) -> None:
    folder = CAPTURES / "go1.27" / program
    assert of(goscope.diagnose(goscope.read(folder))) == []


def test_a_machine_that_was_suspended_once_is_no_quota() -> None:
    times = [*range(100, 4000, 100), *range(9000, 13000, 100)]
    assert of(goscope.diagnose(goscope.read(log(times)))) == []


def test_lost_lines_are_no_late_ones() -> None:
    """Every seventh is missing: it was torn, or whoever kept the log has left it out."""
    times = [t for t in range(100, 8000, 100) if t % 700]
    torn = "SCHED 700ms: gomaxprocs=4 idlepro\n"
    whole = log(times)
    assert of(goscope.diagnose(goscope.read(torn + whole))) == []
    assert of(goscope.diagnose(goscope.read(whole))) == []


def measured(use: CpuUse, times: list[int]) -> Diagnosis:
    capture = goscope.read(log(times))
    capture.cpu_use = use
    return goscope.diagnose(capture)


def test_what_run_measured_is_said() -> None:
    use = CpuUse(wall_s=6.0, used_s=1.2, periods=60, throttled=58, quota=0.2, cpus=8)
    diagnosis = measured(use, list(range(1000, 7000, 1000)))
    assert of(diagnosis) == [(Severity.WARNING, Confidence.HIGH)]
    verdict = diagnosis.verdicts["scheduler"]
    assert (verdict.state, verdict.confidence) == ("throttled", Confidence.HIGH)
    assert "gave it 0.2 CPUs of the 4 that GOMAXPROCS assumes" in verdict.reason
    again = read_saved(saved_text(diagnosis))
    assert again.capture.cpu_use == use
    assert json.loads(diagnosis.to_json())["verdicts"]["scheduler"]["state"] == "throttled"


def test_a_quota_that_is_seldom_used_up_is_none() -> None:
    use = CpuUse(wall_s=6.0, used_s=5.0, periods=60, throttled=19, quota=2.0, cpus=4)
    assert of(measured(use, list(range(1000, 7000, 1000)))) == []


def test_a_batch_that_ended_well_has_queues_by_design() -> None:
    """A log says less: there the same lines are an overload."""
    busy = log(list(range(1000, 13000, 1000))).replace("runqueue=0", "runqueue=400")
    capture = goscope.read(busy)
    served = goscope.diagnose(capture)
    assert [(f.rule, f.severity) for f in served.findings] == [
        ("sched-starving", Severity.CRITICAL)
    ]
    capture.finished = True
    batch = goscope.diagnose(capture)
    assert [(f.rule, f.severity) for f in batch.findings] == [("sched-starving", Severity.INFO)]
    assert batch.status == "info"


def test_more_ps_than_cpus_are_mentioned() -> None:
    use = CpuUse(wall_s=6.0, used_s=5.0, cpus=2)
    assert of(measured(use, list(range(1000, 7000, 1000)))) == [(Severity.INFO, Confidence.HIGH)]
