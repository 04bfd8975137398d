"""What goroutine profiles say about leaks, alone and beside the dumps of the same process."""

from __future__ import annotations

from pathlib import Path

import pytest

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.diagnosis.engine import diagnose
from goscope.findings.findings import Confidence, Finding, Severity
from tests.conftest import CAPTURES
from tests.profiles_of_captures import ALL_PROFILES, DUMPED, name_of
from tests.rules.dumps import dump, leaks

NEW = [run for run in ALL_PROFILES if run.parent.name in ("go1.26", "go1.27")]
FORMS = (".txt", ".pb.gz")


def judged(*inputs: Path | str) -> Diagnosis:
    return diagnose(goscope.read(*inputs))


def short(findings: tuple[Finding, ...]) -> list[tuple[str, str | None, int]]:
    return [
        (f.rule, f.site.function if f.site else None, f.goroutines.count if f.goroutines else 0)
        for f in findings
    ]


def profile(kind: str = "goroutine", **counts: int) -> str:
    """A profile of goroutines that block in a channel operation, and one that sleeps, as text."""
    text = f"{kind} profile: total {sum(counts.values()) + 1}\n"
    for number, (name, count) in enumerate(counts.items(), 1):
        text += f"{count} @ 0x9 0x7 0x6 0x{number}5 0x2\n#\t0x{number}4\tmain.{name}+0x1\t/app/a.go:7\n\n"
    return (
        text
        + "1 @ 0x9 0x8 0x2\n#\t0x7\ttime.Sleep+0x1\t/go/time.go:1\n#\t0x1\tmain.main+0x1\t/app/a.go:1\n\n"
    )


# ---- proven by the runtime ------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", FORMS)
@pytest.mark.parametrize("run", NEW, ids=name_of)
def test_a_goroutineleak_profile_proves_leaks(run: Path, suffix: str) -> None:
    found = judged(run / f"goroutineleak{suffix}")
    (finding,) = found.findings
    assert short(found.findings) == [("leak-proven", "main.fetch.func1", 18)]
    assert (finding.severity, finding.confidence) == (Severity.CRITICAL, Confidence.CERTAIN)
    assert finding.stack[0].function == "main.fetch.func1"
    assert finding.goroutines is not None and finding.goroutines.ids == ()
    assert finding.evidence[0].source is not None
    assert finding.evidence[0].source.startswith(str(run / "goroutineleak"))
    verdict = found.verdicts["goroutines"]
    assert (verdict.state, verdict.confidence) == ("leak", Confidence.CERTAIN)


@pytest.mark.parametrize("suffix", FORMS)
@pytest.mark.parametrize("run", NEW, ids=name_of)
def test_an_empty_one_is_evidence_too(run: Path, suffix: str) -> None:
    found = judged(run / f"goroutineleak-none{suffix}")
    assert found.findings == ()
    verdict = found.verdicts["goroutines"]
    assert (verdict.state, verdict.confidence) == ("ok", Confidence.MEDIUM)
    assert "found none" in verdict.reason


def test_marked_dumps_and_the_profile_are_one_finding() -> None:
    run = CAPTURES / "go1.27" / "leaked_proven"
    dumps = [next(run.glob(f"dump-{n}.txt*")) for n in (1, 2, 3)]
    text = next(run.glob("goroutineleak.txt*"))
    proven = [f for f in judged(*dumps, text).findings if f.rule == "leak-proven"]
    assert short(tuple(proven)) == short(
        tuple(f for f in judged(*dumps).findings if f.rule == "leak-proven")
    )
    assert len({f.site for f in judged(*dumps, text).findings}) == len(judged(*dumps).findings)


def test_the_dump_tells_what_the_profile_cannot() -> None:
    (finding,) = judged(NEW[-1] / "goroutineleak.txt", NEW[-1] / "dump-3.txt").findings
    assert (finding.rule, finding.blocked_on) == ("leak-proven", "chan send")
    assert "make(chan T, 1)" in finding.advice


def test_both_forms_are_no_two_findings() -> None:
    found = judged(NEW[-1] / "goroutineleak.txt", NEW[-1] / "goroutineleak.pb.gz")
    assert short(found.findings) == [("leak-proven", "main.fetch.func1", 18)]


# ---- growth ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", FORMS)
@pytest.mark.parametrize("run", ALL_PROFILES, ids=name_of)
def test_three_profiles_that_rise_are_a_suspicion(run: Path, suffix: str) -> None:
    found = judged(*(run / f"goroutine-{n}{suffix}" for n in (1, 2, 3)))
    (finding,) = found.findings
    assert short(found.findings) == [("leak-growth", "main.fetch.func1", 18)]
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.MEDIUM)
    assert [e.value for e in finding.evidence] == [6, 12, 18]
    assert found.verdicts["goroutines"].state == "suspected_leak"


@pytest.mark.parametrize("run", ALL_PROFILES, ids=name_of)
def test_both_forms_of_three_moments_are_three_moments(run: Path) -> None:
    pairs = [run / f"goroutine-{n}{suffix}" for n in (1, 2, 3) for suffix in FORMS]
    assert short(judged(*pairs).findings) == [("leak-growth", "main.fetch.func1", 18)]
    assert judged(*pairs[:4]).findings == ()  # two moments


@pytest.mark.parametrize("run", ALL_PROFILES, ids=name_of)
def test_where_dumps_are_there_they_judge(run: Path) -> None:
    dumps = [next(run.glob(f"dump-{n}.txt*")) for n in (1, 2, 3)]
    profiles = [run / f"goroutine-{n}{suffix}" for n in (1, 2, 3) for suffix in FORMS]
    alone, together = judged(*dumps), judged(*dumps, *profiles)
    assert short(alone.findings) == [("leak-growth", "main.fetch.func1", 18)]
    assert alone.findings[0].confidence is Confidence.HIGH
    assert together.findings == alone.findings
    assert together.verdicts == alone.verdicts


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param((10, 20), id="two profiles"),
        pytest.param((10, 20, 20), id="stands still"),
        pytest.param((10, 30, 20), id="falls"),
        pytest.param((1, 2, 3), id="by two"),
        pytest.param((100, 110, 120), id="by a fifth"),
    ],
)
def test_what_is_no_growth(counts: tuple[int, ...]) -> None:
    assert judged(*(profile(work=count) for count in counts)).findings == ()
    grown = (profile(work=count) for count in (10, 20, 30))
    assert short(judged(*grown).findings) == [("leak-growth", "main.work", 30)]


def test_connections_tickers_and_known_waiters_do_not_count() -> None:
    def waiting(count: int, frames: str) -> str:
        return f"goroutine profile: total {count}\n{count} @ 0x9 0x8 0x7 0x5\n{frames}\n"

    poll = "#\t0x6\tinternal/poll.runtime_pollWait+0x1\t/go/netpoll.go:1\n#\t0x4\tmain.f+0x1\t/app/a.go:1\n"
    sleep = "#\t0x6\ttime.Sleep+0x1\t/go/time.go:1\n#\t0x4\tmain.f+0x1\t/app/a.go:1\n"
    lock = (
        "#\t0x6\tsync.runtime_SemacquireMutex+0x1\t/go/sema.go:1\n#\t0x4\tmain.f+0x1\t/app/a.go:1\n"
    )
    opener = "#\t0x6\tsync.runtime_notifyListWait+0x1\t/go/sema.go:1\n#\t0x4\tdatabase/sql.(*DB).connectionOpener+0x1\t/go/sql.go:1\n"
    running = "#\t0x8\tmain.f+0x1\t/app/a.go:1\n"
    for frames, rules in ((poll, []), (sleep, []), (opener, []), (running, []), (lock, ["leak-growth"])):  # fmt: skip
        found = judged(*(waiting(count, frames) for count in (10, 20, 30))).findings
        assert [f.rule for f in found] == rules, frames


def test_profiles_that_were_cut_are_not_compared() -> None:
    cut = profile(work=30).replace("total 31", "total 99")
    assert judged(profile(work=10), profile(work=20), cut).findings == ()


def test_one_site_is_one_finding_whoever_saw_it() -> None:
    """A dump knows what they wait for and a profile does not; it is still the same leak."""
    dumps = [dump(*leaks(range(18, 18 + n), where="main.work(0x1)\n\t/app/a.go:7 +0x2")) for n in (10, 20, 30)]  # fmt: skip
    found = judged(*dumps, profile("goroutineleak", work=30))
    assert [f.rule for f in found.findings if f.site and f.site.function == "main.work"] == [
        "leak-proven"
    ]


# ---- healthy programs -----------------------------------------------------------------------------

HEALTHY = [run for run in DUMPED if run.name in ("idle_server", "generics", "labels")]


@pytest.mark.parametrize("run", HEALTHY, ids=name_of)
def test_healthy_programs_stay_quiet(run: Path) -> None:
    both = (next(run.glob("dump-debug1.txt*")), run / "dump-debug0.pb.gz")
    for inputs in ((both[0],), (both[1],), both):
        found = judged(*inputs)
        assert found.findings == ()
        verdict = found.verdicts["goroutines"]
        assert (verdict.state, verdict.confidence) == ("ok", Confidence.LOW)


@pytest.mark.parametrize("run", ALL_PROFILES, ids=name_of)
def test_other_profiles_say_nothing_of_goroutines(run: Path) -> None:
    found = judged(*(run / f"{name}.pb.gz" for name in ("heap", "allocs", "mutex", "block")))
    assert found.findings == ()
    assert found.verdicts["goroutines"].state == "unknown"


def test_the_total_comes_from_the_profile() -> None:
    (reason,) = {judged(ALL_PROFILES[-1] / f"goroutine-3{s}").verdicts["goroutines"].reason for s in FORMS}  # fmt: skip
    assert reason.startswith("20 goroutines in one profile")


# ---- crowds, which give nothing but profiles --------------------------------------------------------


def test_ten_thousand_at_one_line_of_a_profile_are_a_hot_site() -> None:
    found = judged(profile(pump=10_000, other=9_999))
    hot, mentioned = (f for f in found.findings if f.rule == "leak-hot-site")
    assert mentioned.severity is Severity.INFO
    assert short((hot,)) == [("leak-hot-site", "main.pump", 10_000)]
    assert (hot.severity, hot.confidence) == (Severity.WARNING, Confidence.MEDIUM)
    assert found.verdicts["goroutines"].state == "suspected_leak"


def test_a_quarter_of_a_profile_at_one_line_is_mentioned() -> None:
    def hot(pump: int, other: int = 0) -> list[tuple[Severity, int]]:
        found = judged(profile(pump=pump, other=other))
        findings = [f for f in found.findings if f.rule == "leak-hot-site"]
        return [(f.severity, f.goroutines.count) for f in findings if f.goroutines]

    assert hot(1_000, 2_998) == [(Severity.INFO, 2_998), (Severity.INFO, 1_000)]
    assert hot(1_000, 3_100) == [(Severity.INFO, 3_100)]
    assert hot(999) == []


def test_a_queue_that_moves_and_dumps_that_tell_more_are_no_hot_site() -> None:
    moving = judged(profile(pump=20_000), profile(pump=12_000))
    assert "leak-hot-site" not in [f.rule for f in moving.findings]
    staying = judged(profile(pump=20_000), profile(pump=19_000))
    assert "leak-hot-site" in [f.rule for f in staying.findings]


def test_very_many_goroutines_of_a_profile() -> None:
    rules = {
        count: [f for f in judged(profile(pump=count)).findings if f.rule == "goroutines-many"]
        for count in (9_999, 10_000, 100_000)
    }
    assert rules[9_999] == []  # with the one that sleeps no more than the bar
    assert [f.severity for f in rules[10_000]] == [Severity.INFO]
    (many,) = rules[100_000]
    assert many.severity is Severity.WARNING
    assert many.title == "100001 goroutines"
    assert "100000 of them have one stack, and there are 2 different stacks" in many.detail
