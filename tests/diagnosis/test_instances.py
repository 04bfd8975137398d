"""What several instances share is said once, with their number and their names."""

from __future__ import annotations

from pathlib import Path

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.renderers.terminal import finding_lines
from tests.conftest import CAPTURES, content


def fleet(folder: Path, **dumps: tuple[str, tuple[int, ...]]) -> Diagnosis:
    """What is said of a folder per pod, each with some of the dumps of a program."""
    for pod, (program, numbers) in dumps.items():
        (folder / pod).mkdir()
        for number in numbers:
            (path,) = (CAPTURES / "go1.27" / program).glob(f"dump-{number}.txt*")
            (folder / pod / f"dump-{number}.txt").write_bytes(content(path))
    return goscope.diagnose(goscope.read(folder))


def test_a_leak_of_several_instances_is_one_finding_of_the_worst(tmp_path: Path) -> None:
    found = fleet(
        tmp_path,
        api1=("leak_receiver", (1, 2)),
        api2=("leak_receiver", (1, 2, 3)),
        api3=("http_steady", (1, 2, 3)),
    )
    (leak,) = [finding for finding in found.findings if finding.rule == "leak-growth"]
    assert found.capture.process_name(leak.process) == "api2"
    assert leak.title.endswith("in 2 of 3 instances")
    assert leak.detail.endswith("In 2 of 3 instances, 51 to 86 goroutines each: api2, api1.")
    verdict = found.verdicts["goroutines"]
    assert (verdict.state, verdict.confidence.value) == ("leak", "high")
    assert verdict.reason.startswith("api2: 21 -> 51 -> 86 goroutines at main.leak1.func1")


def test_two_findings_of_one_instance_at_a_place_stay_two(tmp_path: Path) -> None:
    alone = fleet(tmp_path, one=("lock_cycles", (1,)))
    cycles = [f for f in alone.findings if f.rule == "leak-cycle"]
    (tmp_path / "more").mkdir()
    both = fleet(tmp_path / "more", a=("lock_cycles", (1,)), b=("lock_cycles", (1,)))
    found = [f for f in both.findings if f.rule == "leak-cycle"]
    assert len(found) == len(cycles) > 1
    assert sum("in 2 of 2 instances" in f.title for f in found) == len(
        {(f.site, f.created_by) for f in cycles}
    )


def test_a_title_below_the_finding_of_another_instance_names_its_own(tmp_path: Path) -> None:
    found = fleet(tmp_path, a=("leak_receiver", (1, 2, 3)), b=("leak_mutex", (1, 2, 3)))
    one, two = (f for f in found.findings if f.rule == "leak-growth")
    lines = finding_lines.several([one, two], found.capture, 200)
    text = [line.plain for line in lines]
    names = [found.capture.process_name(f.process) for f in (one, two)]
    assert sorted(names) == ["a", "b"]
    assert text[0].endswith(f"in {names[0]}")
    assert text[-1].strip() == f"{two.title} in {names[1]}"


def test_an_all_clear_is_as_sure_as_that_of_the_instance_that_shows_the_least(
    tmp_path: Path,
) -> None:
    found = fleet(tmp_path, a=("http_steady", (1, 2, 3)), b=("idle_server", (1,)))
    verdict = found.verdicts["goroutines"]
    assert (verdict.state, verdict.confidence.value) == ("ok", "low")
    assert "the last dumps of 2 runs" in verdict.reason
