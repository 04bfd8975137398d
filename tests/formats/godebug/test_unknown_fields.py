"""Fields that a version of Go to come may print cost no record."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

READ = Callable[..., Any]
SCHED = (
    "SCHED 1009ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=1 idlethreads=3 runqueue=7 gcwaiting=0 "
    "nmidlelocked=0 stopwait=0 sysmonwait=0"
)
PROC = "  P0: status=1 schedtick=4 syscalltick=2 m=0 runqsize=1 gfreecnt=0"
THREAD = "  M0: p=0 curg=1 mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false blocked=false lockedg=nil"
GOROUTINE = "  G1: status=4(sleep) m=nil lockedm=nil"
TABLES = ("sched", "procs", "threads", "sched_goroutines")


def rows(found: Any) -> list[list[dict[str, Any]]]:
    return [found.rows(table) for table in TABLES]


@pytest.mark.parametrize("field", ["numa=3", "bubble=nil", "parked=true", "debt=-12"])
def test_a_field_that_nobody_knows_yet(read: READ, field: str) -> None:
    plain = [SCHED, PROC, THREAD, GOROUTINE]
    more = read("".join(f"{line} {field}\n" for line in plain))
    assert more.input.unparsed_count == 0
    assert rows(more) == rows(read("".join(f"{line}\n" for line in plain)))


def test_the_fields_of_versions_before_those_that_are_read(read: READ) -> None:
    """Go 1.1 to 1.4; ``nmidlewait`` stands in articles."""
    old = SCHED.replace(
        "gcwaiting=0 nmidlelocked=0", "singleproc=0 gcwaiting=0 mlocked=0 nmspinning=0 nmidlewait=0"
    )
    (row,) = read(old + "\n").rows("sched")
    assert (row["runqueue"], row["gcwaiting"], row["sysmonwait"]) == (7, False, False)


#: The words that Go prints in front of a value, as the lines above show them; m= and p= are too short to tell.
KNOWN = sorted(
    {word for word in re.findall(r"(\w+)=", SCHED + PROC + THREAD + GOROUTINE) if len(word) > 1}
)


@pytest.mark.parametrize("word", [*KNOWN, "timerslen", "helpgc"])
def test_the_name_of_a_known_field_behind_a_torn_one_is_none(read: READ, word: str) -> None:
    torn = f"{word[:3]}{word}=3"
    found = read(f"{SCHED} {torn}\n{PROC} {torn}\n{THREAD} {torn}\n")
    assert found.input.unparsed_count == 3
