"""The rules that look at how goroutines hang together, at their numbers and at their stacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import goscope
from goscope.findings.findings import Confidence, Finding, Severity
from goscope.rules import all_rules
from goscope.rules.goroutines_deep_stack import find as deep_stacks
from goscope.rules.goroutines_many import estimated_mb
from goscope.rules.goroutines_many import find as many_goroutines
from goscope.rules.leak_hot_site import find as hot_sites
from goscope.rules.leak_orphan import find as waiting_only_for_dumper
from goscope.rules.lock_contention import find as contended
from goscope.rules.rule import Settings
from tests.rules.cases import deep
from tests.rules.dumps import dump, goroutine, leaks, locking, own_dump

CAPTURES = Path(__file__).parents[2] / "fixtures" / "captures"
VERSIONS = ["1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"]
OURS = {
    "leak-cycle",
    "leak-orphan",
    "leak-hot-site",
    "lock-contention",
    "goroutines-many",
    "goroutines-deep-stack",
}
T = 0xC000012340
LOCKING = locking("main.(*cache).get", T + 8, T)
GONE = "main.start in goroutine 5\n\t/app/main.go:14 +0x66"
GC = "gc 7 @1.5s 1%: 0.1+1+0.1 ms clock, 0.2+0.1/1/0+0.2 ms cpu, 4->5->2 MB, 5 MB goal, 77 MB stacks, 0 MB globals, 4 P\n"


def found(*texts: str, rule: str | None = None) -> list[Finding]:
    findings = goscope.diagnose(goscope.read(*texts)).findings
    return [f for f in findings if (f.rule in OURS if rule is None else f.rule == rule)]


def captured(version: str, program: str, dumps: str = "[12]") -> list[Finding]:
    folder = CAPTURES / f"go{version}" / program
    return found(*map(str, sorted(folder.glob(f"dump-{dumps}.txt*"))))


def weight(finding: Finding) -> tuple[str, Severity, Confidence]:
    return finding.rule, finding.severity, finding.confidence


def evidence(finding: Finding) -> dict[str, Any]:
    return {e.label: e.value for e in finding.evidence}


def tops(findings: list[Finding]) -> set[str | None]:
    return {f.site.function if f.site else None for f in findings}


# ---- locks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_real_sets_that_wait_for_each_other(version: str) -> None:
    findings = captured(version, "lock_cycles")
    assert {f.rule for f in findings} == {"leak-cycle"}
    expected = {"main.(*account).deposit", "main.(*registry).count", "main.(*hub).deliver"}
    assert expected <= tops(findings)
    hub = next(f for f in findings if f.site and f.site.function == "main.(*hub).deliver")
    assert "seems to hold it" in hub.detail
    assert "main.(*hub).publish" in hub.detail
    registry = next(f for f in findings if f.site and f.site.function == "main.(*registry).count")
    assert "seems to hold it itself: register called count" in registry.detail


def test_a_cycle_in_two_dumps_is_sure() -> None:
    """And it is one finding, although its two goroutines came by different stacks."""
    (found,) = [f for f in captured("1.27", "lock_cycles") if f.confidence is Confidence.HIGH]
    assert found.severity is Severity.CRITICAL
    assert found.title.startswith("2 in a lock cycle at main.(*account).deposit")
    assert found.goroutines is not None
    assert found.goroutines.count == len(found.goroutines.ids) == 2


def test_the_workers_of_a_wait_group_that_are_stuck() -> None:
    (publish,) = [
        f for f in captured("1.27", "lock_cycles") if f.blocked_on == "sync.WaitGroup.Wait"
    ]
    assert evidence(publish)["workers, all of them stuck"] == 3


def gathering(consumer: str = "", *, age: str = "") -> str:
    """``main.gather`` waits for three workers that send; perhaps somebody of it receives now and then."""
    group = (
        "sync.(*WaitGroup).Wait(0xc0000121d0)\n\t/usr/local/go/src/sync/waitgroup.go:206 +0x85\n"
    )
    waiter = goroutine(
        7,
        f"sync.WaitGroup.Wait{age}",
        where=f"{group}main.gather()\n\t/app/main.go:31 +0x31",
        started="main.main in goroutine 1\n\t/app/main.go:9 +0x1",
    )
    workers = leaks(
        range(20, 23),
        f"chan send{age}",
        where="main.gather.func1()\n\t/app/main.go:28 +0x31",
        started="main.gather in goroutine 7\n\t/app/main.go:26 +0x66",
    )
    return dump(waiter, *workers, *([consumer] if consumer else []))


def test_workers_that_send_to_whoever_waits_for_them() -> None:
    """The waiter would have to receive first: seen twice at the same place, or for minutes."""
    for texts in ((gathering(), gathering()), (gathering(age=", 3 minutes"),)):
        (finding,) = [f for f in found(*texts) if f.rule == "leak-cycle"]
        assert weight(finding) == ("leak-cycle", Severity.WARNING, Confidence.MEDIUM)
        assert finding.title.startswith("1 waits for workers that never end at main.gather")
        assert "Receive while the workers run" in finding.advice
    assert [f for f in found(gathering()) if f.rule == "leak-cycle"] == []


@pytest.mark.parametrize("state", ["sleep", "running", "IO wait", "chan receive"])
def test_workers_that_send_to_somebody_who_acts(state: str) -> None:
    """A consumer that the same function started takes one value now and then."""

    def consumer(line: int) -> str:
        return goroutine(
            30,
            state,
            where=f"main.gather.func2()\n\t/app/main.go:{line} +0x31",
            started="main.gather in goroutine 7\n\t/app/main.go:20 +0x66",
        )

    texts = (gathering(consumer(22)), gathering(consumer(23)))
    assert [f for f in found(*texts) if f.rule == "leak-cycle"] == []


def test_one_dump_without_minutes_tells_cycles_and_locks_taken_twice() -> None:
    findings = captured("1.27", "lock_cycles", "1")
    assert tops(findings) == {"main.(*account).deposit", "main.(*registry).count"}
    assert {weight(f) for f in findings} == {("leak-cycle", Severity.WARNING, Confidence.MEDIUM)}


def test_minutes_stand_for_a_second_dump() -> None:
    (finding,) = found(dump(goroutine(8, "sync.Mutex.Lock, 2 minutes", where=LOCKING)))
    assert weight(finding) == ("leak-cycle", Severity.WARNING, Confidence.MEDIUM)
    assert evidence(finding)["waiting for a minute or more"] == 1
    assert "a path returned without Unlock" in finding.detail


def waiting(numbers: range, *others: str) -> str:
    return dump(*others, *leaks(numbers, "sync.Mutex.Lock", where=LOCKING))


BUSY = goroutine(7, "running", where=f"main.(*cache).fill({T:#x})\n\t/app/main.go:60 +0x20")


def test_contention_names_who_seems_to_hold_the_lock() -> None:
    (finding,) = found(waiting(range(18, 38), BUSY), waiting(range(28, 48), BUSY))
    assert weight(finding) == ("lock-contention", Severity.WARNING, Confidence.MEDIUM)
    assert finding.goroutines is not None
    assert finding.goroutines.count == 20
    assert evidence(finding)["in the dump before"] == 20
    assert "10 of them came between the last two dumps" in finding.detail
    assert "Goroutine 7 seems to hold it" in finding.detail
    assert "Hold the lock for less" in finding.advice


def test_one_dump_may_be_an_accident() -> None:
    (finding,) = found(waiting(range(18, 38), BUSY))
    assert weight(finding) == ("lock-contention", Severity.INFO, Confidence.LOW)
    capture = goscope.read(waiting(range(18, 38), BUSY))
    assert list(contended(capture, Settings(), least_waiters=21)) == []


@pytest.mark.parametrize("version", ["1.19", "1.27"])
def test_a_once_is_waited_for_once(version: str) -> None:
    findings = captured(version, "shared_calls")
    assert {f.site and f.site.function: weight(f) for f in findings} == {
        "main.(*settings).get": ("lock-contention", Severity.INFO, Confidence.LOW),
        "main.(*store).query": ("lock-contention", Severity.WARNING, Confidence.MEDIUM),
    }
    assert "sync.Once" in findings[-1].advice


def test_locks_of_different_objects_are_no_contention() -> None:
    blocks = [
        goroutine(n, "sync.Mutex.Lock", where=locking("main.(*cache).get", T + 64 * n, T + 64 * n))
        for n in range(18, 48)
    ]
    assert found(dump(BUSY, *blocks), dump(BUSY, *blocks)) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_real_lock_that_is_held_for_ever(version: str) -> None:
    findings = captured(version, "blocked_mutex")
    assert {f.rule for f in findings} == {"leak-cycle"}
    assert sum(f.goroutines.count for f in findings if f.goroutines) == 81
    assert all("main.(*ledger).audit" in f.detail for f in findings)


# ---- left behind ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_what_real_functions_leave_behind(version: str) -> None:
    findings = captured(version, "left_behind")
    assert tops(findings) == {
        "main.query.func1",
        "main.gather.func1",
        "main.(*gate).pass",
        "main.(*store).read",
        "main.(*relay).produce",
        "main.(*relay).forward",
    }
    assert {f.severity for f in findings} == {Severity.WARNING}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("dumps", ["1", "[12]", "[123]"])
def test_a_healthy_program_that_dumps_itself(version: str, dumps: str) -> None:
    assert captured(version, "self_dump", dumps) == []


def test_who_can_still_be_served_is_less_sure() -> None:
    mine = own_dump(goroutine(8, "chan send"))
    gone = own_dump(goroutine(8, "chan send", started=GONE))
    (served,), (lost,) = found(mine, mine), found(gone, gone)
    assert weight(served) == ("leak-orphan", Severity.WARNING, Confidence.LOW)
    assert "Only goroutine 1, which made the dumps, could still serve it" in served.detail
    assert weight(lost) == ("leak-orphan", Severity.WARNING, Confidence.MEDIUM)
    assert evidence(lost)["whose parent has ended"] == 1


def test_a_lone_receiver_is_mentioned_and_a_pool_is_not() -> None:
    one = own_dump(goroutine(8, "chan receive"))
    (finding,) = found(one, one)
    assert weight(finding) == ("leak-orphan", Severity.INFO, Confidence.LOW)
    assert goscope.diagnose(goscope.read(one, one)).verdicts["goroutines"].state == "ok"
    pool = own_dump(*leaks(range(8, 16), "chan receive"))
    assert found(pool, pool) == []


def orphan(number: int, parent: int) -> str:
    started = f"orders.(*Server).Lookup in goroutine {parent}\n\t/app/orders.go:14 +0x66"
    where = "orders.(*Server).Lookup.func1()\n\t/app/orders.go:15 +0x28"
    return goroutine(number, "chan send", where=where, started=started)


def test_senders_of_a_running_program() -> None:
    text = dump(*(orphan(n, n + 100) for n in (8, 9, 10)))
    (finding,) = found(text, text)
    assert weight(finding) == ("leak-orphan", Severity.WARNING, Confidence.MEDIUM)
    assert finding.title == "3 send to nobody at orders.(*Server).Lookup.func1 (/app/orders.go:15)"
    few = dump(*(orphan(n, n + 100) for n in (8, 9)))
    assert found(few, few) == []
    assert list(waiting_only_for_dumper(goscope.read(few, few), Settings(), least_orphans=2)) != []
    siblings = dump(*(orphan(n, 100) for n in (8, 9, 10)))  # one parent: perhaps a generator
    assert found(siblings, siblings) == []


# ---- hot sites ------------------------------------------------------------------------------------


def test_ten_thousand_at_one_place() -> None:
    findings = found(dump(*leaks(range(18, 10_018), "chan receive")), rule="leak-hot-site")
    assert [weight(f) for f in findings] == [("leak-hot-site", Severity.WARNING, Confidence.LOW)]
    findings = found(dump(*leaks(range(18, 10_018))), rule="leak-hot-site")
    assert [f.confidence for f in findings] == [Confidence.MEDIUM]


def test_a_smaller_program_needs_a_share_and_a_spread() -> None:
    spread = leaks(range(18, 1518, 10))
    assert [f.rule for f in found(dump(*spread))] == ["leak-hot-site"]
    others = leaks(range(5000, 5200), "sleep")
    assert found(dump(*spread, *others)) == []
    capture = goscope.read(dump(*spread, *others))
    assert len(list(hot_sites(capture, Settings(), least_share=0.4))) == 1
    assert found(dump(*leaks(range(18, 1518, 10), "chan receive"))) == []  # a pool, perhaps


def test_a_queue_that_moves_is_none() -> None:
    first, second = leaks(range(18, 1518, 10)), leaks(range(2018, 3518, 10))
    assert found(dump(*first), dump(*second)) == []
    assert [f.rule for f in found(dump(*first), dump(*first))] == ["leak-hot-site"]


# ---- numbers and depths ---------------------------------------------------------------------------


def test_the_estimate_is_that_of_the_catalogue() -> None:
    """100,000 goroutines are about 250 MB."""
    assert estimated_mb(100_000) == pytest.approx(248, abs=3)


def test_the_real_size_of_the_stacks_is_preferred(tmp_path: Path) -> None:
    crowd = dump(*leaks(range(18, 10_019), "select"))
    (alone,) = found(crowd, rule="goroutines-many")
    assert evidence(alone)["memory, at least"] == 25
    (told,) = found(GC, crowd, rule="goroutines-many")
    assert evidence(told)["stacks in the last gc line"] == 77
    assert told.detail.startswith("10001 of them have one stack, and there are 2")


def test_far_too_many_is_a_warning() -> None:
    capture = goscope.read(dump(*leaks(range(18, 118), "select")))
    assert list(many_goroutines(capture, Settings(), above_goroutines=101)) == []
    (some,) = many_goroutines(capture, Settings(), above_goroutines=100, warn_above_goroutines=101)
    (more,) = many_goroutines(capture, Settings(), above_goroutines=50, warn_above_goroutines=100)
    assert (some.severity, more.severity) == (Severity.INFO, Severity.WARNING)


def test_a_dump_that_is_cut_held_more(tmp_path: Path) -> None:
    whole = dump(*leaks(range(18, 118), "select"))
    titles = []
    path = tmp_path / "dump.txt"
    for text in (whole, whole[:-20]):
        path.write_text(text)
        (some,) = many_goroutines(goscope.read(path), Settings(), above_goroutines=50)
        titles.append(some.title)
    assert titles == ["101 goroutines", "at least 101 goroutines"]


def test_a_dump_that_ends_within_a_header(tmp_path: Path) -> None:
    path = tmp_path / "dump.txt"
    path.write_text(dump(*leaks(range(18, 21), "select")) + "\ngoroutine 22 [chan ")
    (cut,) = found(str(path), rule="input-truncated")
    assert cut.title == "The dump is cut off after 4 goroutines"


def test_elided_frames_count() -> None:
    (finding,) = found(deep(4900))
    assert weight(finding) == ("goroutines-deep-stack", Severity.INFO, Confidence.LOW)
    assert finding.title == "5000 frames deep in main.(*node).walk (/app/main.go:20)"
    (worse,) = found(deep(400_000))
    assert worse.severity is Severity.WARNING


def test_a_deep_stack_of_different_functions_is_no_recursion() -> None:
    frames = "\n".join(f"main.f{n}()\n\t/app/main.go:{n} +0x1" for n in range(1, 101))
    text = dump(
        goroutine(
            18, "runnable", where=frames.replace("main.f50", "...4900 frames elided...\nmain.f50")
        )
    )
    assert found(text) == []
    assert list(deep_stacks(goscope.read(text), Settings(), least_repeated_share=0.0)) == []


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_a_real_recursion(version: str) -> None:
    findings = captured(version, "deep_recursion", "1")
    assert [f.title for f in findings] == [
        "5000 frames deep in main.descend (/app/deep_recursion/main.go:15)"
    ]


def test_nothing_is_said_about_garbage() -> None:
    for rule in all_rules():
        if rule.name in OURS:
            assert list(rule.find(goscope.read("no dump\n"), Settings())) == []
