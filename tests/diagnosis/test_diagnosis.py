"""From findings to verdicts and one status."""

from __future__ import annotations

from dataclasses import replace

import pytest

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Confidence, Severity
from goscope.rules import all_rules
from goscope.rules.rule import Settings
from tests.rules.cases import CASES, sched
from tests.rules.dumps import dump, goroutine, leaks

VERDICTS = ["scheduler", "gc", "goroutines", "threads", "crash"]


def diagnosed(*texts: str) -> Diagnosis:
    return goscope.diagnose(goscope.read(*texts))


def state(name: str, *texts: str) -> tuple[str, Confidence]:
    verdict = diagnosed(*texts).verdicts[name]
    return verdict.state, verdict.confidence


def test_all_verdicts_are_there_whatever_was_read() -> None:
    for texts in ((), (dump(),), (sched(4),), ("an application line\n",)):
        assert list(diagnosed(*texts).verdicts) == VERDICTS


@pytest.mark.parametrize("name", VERDICTS)
def test_without_input_nothing_is_known(name: str) -> None:
    verdict = diagnosed("an application line\n").verdicts[name]
    assert (verdict.state, verdict.confidence) == ("unknown", Confidence.LOW)
    assert verdict.reason


# ---- the verdict on goroutines --------------------------------------------------------------------


def test_goroutines_that_all_wait_as_they_should_are_ok_and_surer_with_more_dumps() -> None:
    quiet = dump(*leaks(range(18, 28), "IO wait"))
    assert state("goroutines", quiet) == ("ok", Confidence.LOW)
    assert state("goroutines", quiet, quiet) == ("ok", Confidence.MEDIUM)
    assert state("goroutines", quiet, quiet, quiet) == ("ok", Confidence.HIGH)
    one, three = diagnosed(quiet), diagnosed(quiet, quiet, quiet)
    assert one.verdicts["goroutines"].collect is not None
    assert three.verdicts["goroutines"].collect is None
    assert "11 goroutines" in three.verdicts["goroutines"].reason


def test_the_strongest_evidence_makes_the_verdict() -> None:
    waits = goroutine(42, "chan send, 9 minutes")
    never = goroutine(43, "chan receive (nil chan)", where="main.never()\n\t/app/never.go:3 +0x1")
    proven = goroutine(44, "select (leaked)", where="main.proven()\n\t/app/proven.go:3 +0x1")
    assert state("goroutines", dump(waits)) == ("suspected_leak", Confidence.MEDIUM)
    assert state("goroutines", dump(waits, never)) == ("leak", Confidence.HIGH)
    assert state("goroutines", dump(waits, never, proven)) == ("leak", Confidence.CERTAIN)
    found = diagnosed(dump(waits, never, proven))
    assert [f.rule for f in found.findings] == [
        "leak-proven",
        "leak-forever-blocked",
        "leak-long-wait",
    ]
    assert "main.proven" in found.verdicts["goroutines"].reason


def test_what_is_only_worth_mentioning_is_no_leak() -> None:
    found = diagnosed(dump(goroutine(42, "chan receive, 90 minutes")))
    assert [f.severity for f in found.findings] == [Severity.INFO]
    assert (found.status, found.verdicts["goroutines"].state) == ("info", "ok")


# ---- findings -------------------------------------------------------------------------------------


def test_the_worst_come_first() -> None:
    found = diagnosed(
        sched(0, runqueue=200, local="50 60 55 70"),
        dump(
            goroutine(42, "chan send, 9 minutes"),
            goroutine(43, "chan receive, 90 minutes", where="main.b()\n\t/app/b.go:3 +0x1"),
            goroutine(44, "select (leaked)", where="main.c()\n\t/app/c.go:3 +0x1"),
        ),
    )
    weights = [(f.severity.rank, f.confidence.rank) for f in found.findings]
    assert weights == sorted(weights, reverse=True)
    assert [f.rule for f in found.findings] == [
        "leak-proven",
        "sched-starving",
        "leak-long-wait",
        "leak-long-wait",
    ]


def test_one_place_is_told_once_by_the_rule_that_knows_best() -> None:
    blocks = leaks(range(18, 28), "chan receive (nil chan), 9 minutes")
    assert [f.rule for f in diagnosed(dump(*blocks)).findings] == ["leak-forever-blocked"]
    growing = [
        dump(*leaks(range(18, 18 + n), "chan receive (nil chan), 9 minutes")) for n in (5, 10, 15)
    ]
    assert [f.rule for f in diagnosed(*growing).findings] == ["leak-forever-blocked"]


def test_different_places_are_told_each() -> None:
    blocks = [
        goroutine(n, "chan send (leaked)", where=f"main.f{n}()\n\t/app/f.go:{n} +0x1")
        for n in (5, 6, 7)
    ]
    assert len(diagnosed(dump(*blocks)).findings) == 3


def test_rules_without_their_tables_do_not_run() -> None:
    capture = goscope.read(sched(4))
    present = {rule.name for rule in all_rules() if rule.present(capture)}
    assert present == {rule.name for rule in all_rules() if set(rule.tables) <= {"sched"}}
    assert {"sched-starving", "threads-growing"} <= present


@pytest.mark.parametrize("rule", CASES)
def test_a_diagnosis_can_be_repeated(rule: str) -> None:
    capture = goscope.read(*CASES[rule].fires)
    first, second = goscope.diagnose(capture), goscope.diagnose(capture)
    assert first.findings == second.findings
    assert first.verdicts == second.verdicts


def test_settings_reach_the_rules_and_stay_with_the_diagnosis() -> None:
    capture = goscope.read(dump(goroutine(42, "chan send, 9 minutes")))
    assert goscope.diagnose(capture).settings == Settings()
    strict = replace(Settings(), leak_after_minutes=10)
    found = goscope.diagnose(capture, strict)
    assert (found.settings, found.findings) == (strict, ())


# ---- status ---------------------------------------------------------------------------------------


def test_what_looks_wrong_and_is_not_sure_is_no_all_clear() -> None:
    """Two samples: the last shows a world that is being stopped, or more work than Ps, in a young program."""
    detail = "SCHED {}ms: gomaxprocs=2 idleprocs={} threads=5 spinningthreads=0 idlethreads=1 runqueue=0 "
    detail += "gcwaiting={} nmidlelocked=0 stopwait={} sysmonwait=0\n"
    stalled = diagnosed(detail.format(900, 1, 0, 0) + detail.format(1900, 0, 1, 1))
    assert (stalled.verdicts["scheduler"].state, stalled.status) == ("stalled", "unknown")
    queued = sched(1, runqueue=40, local="9 0 0 7", samples=1)
    assert diagnosed(queued).status == "unknown"
    assert diagnosed(sched(1, samples=1)).status == "ok"


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (("an application line\n",), "unknown"),
        ((dump(),), "ok"),
        ((sched(4),), "ok"),
        ((dump(goroutine(42, "chan receive, 90 minutes")),), "info"),
        ((dump(goroutine(42, "chan send, 9 minutes")),), "warning"),
        ((sched(3),), "warning"),
        ((dump(goroutine(42, "chan send (leaked)")),), "critical"),
        ((sched(0, runqueue=200), dump(goroutine(42, "chan send, 9 minutes"))), "critical"),
    ],
)
def test_the_status_follows_the_worst_finding(texts: tuple[str, ...], wanted: str) -> None:
    assert diagnosed(*texts).status == wanted


# ---- no all-clear beside what was not read --------------------------------------------------------

UNREAD = "goroutine 99 [chan receive\ngoroutine 98 [chan send\n"


def test_what_could_not_be_read_takes_the_confidence_of_an_all_clear() -> None:
    quiet = dump(*leaks(range(18, 28), "IO wait"))
    torn = quiet + UNREAD
    assert sum(one.unparsed_count for one in diagnosed(torn).capture.inputs)
    assert state("crash", quiet) == ("none", Confidence.HIGH)
    assert state("crash", torn) == ("none", Confidence.LOW)
    assert "not understood" in diagnosed(torn).verdicts["crash"].reason
    assert state("goroutines", quiet, quiet, quiet) == ("ok", Confidence.HIGH)
    assert state("goroutines", quiet, quiet, torn) == ("ok", Confidence.LOW)


# ---- crashes --------------------------------------------------------------------------------------

PANIC = "panic: boom\n\ngoroutine 7 [running]:\nmain.f()\n\t/app/main.go:9 +0x1d\n"
LOGGED = "recovered: boom\ngoroutine 7 [running]:\nruntime/debug.Stack()\n\t/go/stack.go:26 +0x5e\n"


def test_no_crash_is_said_where_something_of_go_was_read() -> None:
    assert state("crash", sched(4)) == ("none", Confidence.HIGH)
    assert state("crash", dump()) == ("none", Confidence.HIGH)


def test_the_worst_crash_makes_the_verdict() -> None:
    found = diagnosed(LOGGED.replace("boom\n", "boom\n") + "\n", PANIC)
    assert found.verdicts["crash"].state == "panic"
    assert "boom in main.f" in found.verdicts["crash"].reason
    assert [crash.kind for crash in found.crashes] == ["recovered_logged_stack", "panic"]
    assert found.status == "critical"


@pytest.mark.parametrize(
    ("text", "status", "severity"),
    [
        (PANIC, "critical", Severity.CRITICAL),
        (f"2026/11/23 22:03:16 http: panic serving 1.2.3.4:5: boom\n{PANIC[13:]}", "warning", Severity.WARNING),
        (LOGGED + "panic({0x1, 0x2})\n\t/go/panic.go:5 +0x1\nmain.f()\n\t/app/main.go:9 +0x1\n", "warning", Severity.WARNING),
        (LOGGED, "info", Severity.INFO),
        ("SIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n\n" + goroutine(7, "select"), "info", Severity.INFO),
    ],
)  # fmt: skip
def test_how_bad_a_crash_is(text: str, status: str, severity: Severity) -> None:
    found = diagnosed(text)
    assert [f.severity for f in found.findings if f.rule == "crash"] == [severity]
    assert found.status == status


def test_a_deadlock_is_a_verdict_on_goroutines_too() -> None:
    text = "fatal error: all goroutines are asleep - deadlock!\n\n" + goroutine(1, "chan receive")
    assert state("goroutines", text) == ("deadlock", Confidence.CERTAIN)
    assert state("crash", text) == ("deadlock", Confidence.CERTAIN)


def test_the_dump_of_a_crash_tells_only_what_nothing_can_end() -> None:
    """An idle pool that a crash shows is no alarm; a goroutine that nothing can wake is one anywhere."""
    pool = "\n".join(leaks(range(18, 90), "chan receive, 9 minutes"))
    nil = goroutine(8, "chan receive (nil chan)")
    crash = f"{sched(4)}panic: boom\n\n{PANIC[13:]}\n{pool}\n"
    assert {f.rule for f in diagnosed(crash).findings} == {"crash"}
    assert state("goroutines", crash)[0] == "unknown"
    # What nothing can wake is a leak wherever it is shown.
    assert {f.rule for f in diagnosed(crash + nil).findings} == {"crash", "leak-forever-blocked"}
    assert state("goroutines", crash + nil)[0] == "leak"
    asked = f"SIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n\n{pool}\n{nil}"
    assert {f.rule for f in diagnosed(asked).findings} > {"crash"}


def test_equal_crashes_are_one_finding() -> None:
    (finding,) = diagnosed(*[PANIC] * 3).findings
    assert finding.title == "3 times panic: boom"
    assert (finding.kind, finding.site and finding.site.function) == ("panic", "main.f")
    assert len(diagnosed(*[PANIC] * 3).crashes) == 3
