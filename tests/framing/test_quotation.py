"""What a quotation puts before every line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

READ = Callable[..., Any]

TEXT = """\
SCHED 100ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=1 idlethreads=3 runqueue=7 gcwaiting=0 nmidlelocked=0 stopwait=0 sysmonwait=0
  P0: status=1 schedtick=4 syscalltick=2 m=0 runqsize=1 gfreecnt=0
  G1: status=4(sleep) m=-1 lockedm=-1
gc 3 @1.250s 2%: 0.010+1.2+0.003 ms clock, 0.020+0.1/0.9/0+0.006 ms cpu, 4->5->1 MB, 5 MB goal, 2 P
goroutine 18 [chan send, 5 minutes]:
main.leak1.func1()
\t/app/main.go:15 +0x1d
created by main.leak1
\t/app/main.go:14 +0x5f

goroutine 7 [select]:
main.main()
\t/app/main.go:3 +0x1d
"""


def quoted(prefix: str) -> str:
    return "".join(f"{prefix}{line}".rstrip() + "\n" for line in TEXT.splitlines())


@pytest.mark.parametrize("prefix", ["# ", "#", "> ", "| ", "// ", "    ", "        ", "\t"])
def test_a_constant_prefix_changes_nothing(read: READ, prefix: str) -> None:
    assert read(quoted(prefix)).everything() == read(TEXT).everything()


def test_lines_before_the_quotation(read: READ) -> None:
    found = read("# A page\n\n#5 and # nothing\n" + quoted("> "))
    assert [row["line"] for row in found.rows("goroutines")] == [8, 14]
    assert [row["line"] for row in found.rows("sched")] == [4]


def test_a_dump_inside_the_value_of_a_panic(read: READ) -> None:
    """Since 1.23 it is indented by a tab; what follows is the real dump."""
    value = (
        "panic: no rows\n\tgoroutine 99 [running]:\n\tmain.other()\n\t\t/app/other.go:7 +0x1d\n\n"
    )
    found = read(value + TEXT[TEXT.index("goroutine 18") :])
    assert [row["id"] for row in found.rows("goroutines")] == [18, 7]
    assert [(f["function"], f["file"], f["line"]) for f in found.rows("frames")] == [
        ("main.leak1.func1", "/app/main.go", 15),
        ("main.main", "/app/main.go", 3),
    ]
