"""The fields of each trace line, in the order and in the versions in which Go prints them."""

from __future__ import annotations

import pytest

from goscope.formats import all_formats
from goscope.formats.format import PLACE
from goscope.goruntime.go_versions import Version, holds

TABLES = ("sched", "procs", "threads", "sched_goroutines", "gc")
#: What is worked out of what is printed, or stands in shortened lines only.
MADE = {"sample", "local_sum", "local_max", "clock_ms", "load_cpu_ms", "interval_cpu_percent", "periodic"} | {
    "runqsize", "gfreecnt", "note"
}  # fmt: skip
FIELDS = {
    name: [c for c in columns if c not in PLACE and (name == "procs" or c.name not in MADE)]
    for one in all_formats()
    for name, columns in one.tables.items()
    if name in TABLES
}


def names(table: str, version: Version) -> list[str]:
    return [f.name for f in FIELDS[table] if holds(f, version)]


@pytest.mark.parametrize(
    ("table", "field", "first"),
    [("sched", "needspinning", (1, 20)), ("sched", "schedticks", (1, 25)),
     ("procs", "timerslen", (1, 14)), ("gc", "stacks_mb", (1, 18)), ("gc", "globals_mb", (1, 18)),
     ("gc", "leak_check", (1, 26))],
)  # fmt: skip
def test_fields_that_came(table: str, field: str, first: Version) -> None:
    assert field not in names(table, (first[0], first[1] - 1))
    assert field in names(table, first)


@pytest.mark.parametrize(
    ("table", "field", "last"),
    [("threads", "helpgc", (1, 11)), ("gc", "scan_ms", (1, 5)), ("gc", "write_barrier_ms", (1, 5))],
)
def test_fields_that_went(table: str, field: str, last: Version) -> None:
    assert field in names(table, last)
    assert field not in names(table, (last[0], last[1] + 1))


def test_order_is_that_of_the_runtime() -> None:
    assert names("sched", (1, 19)) == [
        "t_ms", "gomaxprocs", "idleprocs", "threads", "spinningthreads", "idlethreads", "runqueue",
        "local_queues", "gcwaiting", "nmidlelocked", "stopwait", "sysmonwait",
    ]  # fmt: skip
    assert names("threads", (1, 27)) == [
        "m", "on_p", "curg", "mallocing", "throwing", "preemptoff", "locks", "dying", "spinning",
        "blocked", "lockedg",
    ]  # fmt: skip


def test_gc_phases_by_version() -> None:
    def clock(version: Version) -> int:
        return sum("clock:" in f.meaning for f in FIELDS["gc"] if holds(f, version))

    def cpu(version: Version) -> int:
        return sum("CPU:" in f.meaning for f in FIELDS["gc"] if holds(f, version))

    assert (clock((1, 5)), cpu((1, 5))) == (5, 7)
    assert (clock((1, 6)), cpu((1, 6))) == (3, 5)


def test_names_are_unique_in_a_table_and_units_are_in_the_name() -> None:
    assert set(FIELDS) == set(TABLES)
    for fields in FIELDS.values():
        assert len({f.name for f in fields}) == len(fields)
        for field in fields:
            for suffix, unit in (("_ms", "ms"), ("_mb", "MiB"), ("_s", "s"), ("_percent", "%")):
                assert not field.name.endswith(suffix) or field.unit == unit, field.name
