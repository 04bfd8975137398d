"""What is said of garbage collections beside the state: of one cycle, of idle memory, of a late rise."""

from __future__ import annotations

import pytest

import goscope
from goscope.findings.findings import Confidence
from tests.rules.traces import cycle


def judged(text: str) -> tuple[str, str, Confidence]:
    found = goscope.diagnose(goscope.read(text)).verdicts["gc"]
    return found.state, found.reason, found.confidence


def test_one_cycle_of_an_excerpt_is_no_span() -> None:
    state, reason, sure = judged(cycle(410, 20.5))
    assert (state, sure) == ("ok", Confidence.LOW)
    assert reason.startswith("cycle 410 alone, at 20 s")


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ("inuse: 12, idle: 2030, sys: 2042, released: 0, consumed: 2042", True),
        ("inuse: 12, idle: 2030, sys: 2042, released: 2020, consumed: 22", False),
        ("inuse: 1200, idle: 842, sys: 2042, released: 0, consumed: 2042", False),
        ("inuse: 2, idle: 30, sys: 32, released: 0, consumed: 32", False),
    ],
)
def test_memory_that_is_idle_and_kept_is_told(sizes: str, told: bool) -> None:
    reason = judged(cycle(20, 60.0) + f"scvg8: {sizes} (MB)\n")[1]
    assert ("2,030 of 2,042 MB taken from the system are idle" in reason) is told


def heap(number: int, t_s: float, live_mb: int) -> str:
    sizes = f"{live_mb}->{live_mb + 2}->{live_mb} MB, {2 * live_mb} MB goal"
    return f"gc {number} @{t_s:.3f}s 0%: 0.02+1.0+0.01 ms clock, 0.1+0.1/1.0/0+0.1 ms cpu, {sizes}, 4 P\n"


def test_a_heap_that_rose_at_the_end_is_no_sure_all_clear() -> None:
    quiet = "".join(heap(n, 5.0 * n, 10) for n in range(1, 11))
    assert judged(quiet)[::2] == ("ok", Confidence.HIGH)
    state, reason, sure = judged(quiet + heap(11, 55, 300) + heap(12, 58, 500))
    assert (state, sure) == ("ok", Confidence.LOW)
    assert "the live heap rose to 500 MB at the end" in reason
    back = quiet + heap(11, 55, 500) + heap(12, 58, 10)
    assert judged(back)[::2] == ("ok", Confidence.HIGH)


@pytest.mark.parametrize(
    ("percent", "start_s", "state"), [(45, 3.1, "unknown"), (20, 3.1, "ok"), (45, 0.2, "ok")]
)
def test_an_excerpt_whose_lines_say_much_is_no_all_clear(
    percent: int, start_s: float, state: str
) -> None:
    """Three cycles in a second are too few to measure, but each line counts from the start of the program."""
    lines = "".join(cycle(20 + n, start_s + n / 2) for n in range(3)).replace(
        " 3%:", f" {percent}%:"
    )
    verdict = goscope.diagnose(goscope.read(lines)).verdicts["gc"]
    assert verdict.state == state
    assert (f"took {percent} % of the CPU in the 4.1 s since the start" in verdict.reason) == (
        state == "unknown"
    )
