"""Re-joins runtime lines that an application's log line has torn apart.

The runtime writes a trace line token by token, each with a write of its own (runtime/print.go), so
another thread's log line can stand in the middle; the rest of the runtime line follows on a line below:

    gc 7 @5.254s 0%: 0.77+0.33+0.004 ms clock, 1.5+2026/11/24 01:43:00 level=info took=1.9ms
    0.18/0.40/0+0.008 ms cpu, 4->4->2 MB, 5 MB goal, 0 MB stacks, 0 MB globals, 2 P

Numbers are single tokens, so where a log line surely starts is where the line was torn, and a line
is joined only if the whole is a record. A gc or scavenger line may stand inside too: SCHED and
scheddetail lines are printed without the lock that keeps runtime lines apart. What cannot be told
is left alone, and counted as not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

#: So many lines below a torn one are looked at.
WINDOW = 8

# How log lines start: a date, with what may stand before it; a JSON object; klog's header; a month or
# a time of day, which must not follow a digit; a colour; a level; a line that the runtime prints
# under its lock.
_LOG_START = re.compile(
    rb'(?:time=|ts=|\{"[a-z@_]{1,20}":"?|\[)?'
    rb"(?:19|20)[0-9]{2}[-/][01][0-9][-/][0-3][0-9][ T][0-9]{2}:[0-9]{2}"
    rb'|\{"[A-Za-z@_.-]{1,40}": ?["0-9{\[tfn]'
    rb"|[IWEF][01][0-9][0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9]\."
    rb"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-3][0-9] [0-2][0-9]:[0-5][0-9]"
    rb"|(?<![0-9.:])[0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
    rb"|\x1b\[[0-9;]*m"
    rb"|(?:time|ts|level|lvl|msg)="
    rb"|\[?(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL)[\] :\t]"
    rb"|(?P<runtime>SCHED [0-9]+ms: |gc [0-9]+ @[0-9.]+s |scav (?:[0-9]+ )?[0-9]+ KiB work|pacer: )"
)


def is_torn(text: bytes) -> bool:
    """Whether a log line seems to start inside the text."""
    return _LOG_START.search(text, 1) is not None


def front(text: bytes) -> bytes | None:
    """The part of a torn line before the other one; None if it is not torn."""
    torn = _LOG_START.search(text, 1)
    return None if torn is None else text[: torn.start()]


def inside(text: bytes, accepts: Callable[[bytes], bool]) -> bytes | None:
    """The whole record that stands in a torn line, to its end."""
    torn = _LOG_START.search(text, 1)
    if torn is None or torn["runtime"] is None or not accepts(text[torn.start() :]):
        return None
    return text[torn.start() :]


def mend(text: bytes, below: Sequence[bytes], accepts: Callable[[bytes], bool]) -> bytes | None:
    """The record that a torn line and one of the lines below make together; None if none does."""
    torn = _LOG_START.search(text, 1)
    if torn is None:
        return None
    front = text[: torn.start()]
    for rest in below[:WINDOW]:
        if front[-1:].isdigit() and rest[:1].isdigit():
            continue  # two numbers never stand side by side; which digits belong together is unknown
        if accepts(front + rest):
            return front + rest
    return None
