"""The series that a line each is drawn of."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from goscope import diagnose
from goscope.analysis.series.sparklines import queued, trends
from goscope.diagnosis.live_view import Watch
from tests.conftest import CAPTURES, content

DETAIL = content(CAPTURES / "go1.27" / "cpu_starving" / "stderr.log.gz")


def by_hand(text: str) -> list[tuple[int, list[int]]]:
    """Of each SCHED line the global queue, and the queues of the P lines below it."""
    found = []
    for block in re.split(r"(?m)^(?=SCHED )", text)[1:]:
        ps = [int(n) for n in re.findall(r"(?m)^  P\d+: .*runqsize=(\d+)", block)]
        head = re.match(r"SCHED .*? runqueue=(\d+)", block)
        assert head is not None
        found.append((int(head[1]), ps))
    return found


def test_the_queues_of_scheddetail_stand_below_its_line(
    read: Callable[..., Any],
) -> None:
    wanted = by_hand(DETAIL.decode())
    sums = [total + sum(ps) for total, ps in wanted]
    capture = read(DETAIL).capture
    assert queued(capture, 0).tolist() == sums
    assert max(sums) > max(total for total, _ in wanted)
    (trend,) = (t for t in trends(capture) if t.name == "queued")
    assert trend.most == max(sums)
    view = Watch().look(diagnose(capture))
    assert view.global_queue == wanted[-1][0]
    assert list(view.queues) == wanted[-1][1]
    assert view.queued.last == sums[-1]
