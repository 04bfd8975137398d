"""Of a long log a selection of rows is kept: the same however it is read, with all that must stay."""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from goscope.analysis.gc.cycles import collections_of
from goscope.capture.capture import Capture
from goscope.diagnosis.engine import diagnose
from goscope.reading.capture_builder import CaptureBuilder
from goscope.reading.limits import Limits
from goscope.reading.two_processes import TwoProcessReader
from goscope.renderers import all_renderers
from goscope.sources.files.named_inputs import Source
from goscope.tables.row_selection import STRETCH, chosen, representative_rows
from goscope.tables.table import Table
from tests.benchmarks import inputs
from tests.reading.test_two_processes import by_a_process_without_threads

DETAILS = ("procs", "threads", "sched_goroutines")


def read(text: bytes, most: int | None, size: int = 1 << 16) -> Capture:
    builder = CaptureBuilder(most_rows=most)
    builder.read("log", (text[at : at + size] for at in range(0, len(text), size)))
    return builder.build()


def same(one: Table, other: Table) -> bool:
    """Whether two tables are equal, the marks and sums beside the schema included."""
    names = [column.name for column in one.schema]
    beside = [
        n for n in ("apart", "let_go", "let_go_cpu", "let_go_wall") if n in one and n in other
    ]
    if len(one) != len(other) or any(one.categories(n) != other.categories(n) for n in names):
        return False
    return all(
        np.array_equal(one[n], other[n], equal_nan=one[n].dtype.kind == "f")
        for n in [*names, *beside]
    )


def differing(one: Capture, other: Capture) -> list[str]:
    names = [n for n in one.table_names if not same(one.table(n), other.table(n))]
    return names + ["counts"] * (
        one.selected != other.selected or one.records("log") != other.records("log")
    )


@pytest.fixture(scope="module")
def cycles() -> bytes:
    return "".join(line + "\n" for line in inputs.gc_lines(60_000)).encode()


@pytest.fixture(scope="module")
def details(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("bounds") / "detail.log"
    inputs.write_scheddetail(path, 2_500)
    return path.read_bytes()


def test_of_each_group_of_stretches_one_is_chosen() -> None:
    anchors = np.arange(64) << STRETCH
    for level in range(7):
        stays = chosen(anchors, level).reshape(-1, 1 << level)
        assert (stays.sum(axis=1) == 1).all()
    above = [set(np.flatnonzero(chosen(anchors, level))) for level in range(7)]
    assert all(later < earlier for earlier, later in itertools.pairwise(above))
    # No rhythm: not always the same one of a pair.
    assert 8 <= sum(n % 2 for n in above[1]) <= 24


def test_nothing_changes_below_the_bound(cycles: bytes) -> None:
    kept = read(cycles, 60_000)
    assert not kept.selected
    assert not differing(kept, read(cycles, None))


def test_the_size_of_the_chunks_changes_no_selection(cycles: bytes, details: bytes) -> None:
    text = cycles[: 6 << 20] + details[: 8 << 20]
    whole = read(text, 5_000, 1 << 20)
    assert set(whole.selected) == {"gc", "sched", *DETAILS}
    for size in (77_777, 5_000_000):
        assert not differing(whole, read(text, 5_000, size))


def compare_halves(path: Path) -> str:
    """What differs if two processes read a file, and how many did."""
    captures, processes = [], 0
    for least in (1 << 60, 0):
        builder = CaptureBuilder(most_rows=5_000)
        builder.read("first", [b"SCHED 0ms: gomaxprocs=1 idleprocs=0 threads=2\n"])
        streams = Source("log", path).streams()
        both = TwoProcessReader(next(streams), builder, least=least)
        builder.read("log", both.chunks(), both.rest)
        processes += 1 if both.rest() is None else 2
        captures.append(builder.build())
    assert captures[0].selected
    return f"{differing(*captures)} {processes}"


@pytest.mark.full
@pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="needs two processors"
)
@pytest.mark.parametrize("kind", ["cycles", "details"])
def test_two_processes_come_to_the_selection_of_one(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path = tmp_path / "log"
    path.write_bytes(request.getfixturevalue(kind))
    call = "from tests.tables.test_row_selection import compare_halves; print(compare_halves(Path(sys.argv[1])))"
    assert by_a_process_without_threads(call, str(path)) == "[] 3"


def test_a_sample_keeps_all_its_lines_or_none(details: bytes) -> None:
    whole, kept = read(details, None), read(details, 8_000)
    lines = whole.table("sched")["line"].tolist()
    below: dict[str, dict[int, int]] = {}
    for capture in (whole, kept):
        for name in DETAILS:
            table = capture.table(name)
            heads = capture.table("sched")["line"][table["sample"]]
            counts = dict(
                zip(*(a.tolist() for a in np.unique(heads, return_counts=True)), strict=True)
            )
            below.setdefault(name, counts)
            assert counts.items() <= below[name].items()
            assert set(counts) == set(capture.table("sched")["line"].tolist())
    assert sum(len(kept.table(n)) for n in ("sched", *DETAILS)) < 12_000
    assert kept.table("sched")["line"][[0, -1]].tolist() == [lines[0], lines[-1]]


def test_what_stands_out_stays(cycles: bytes) -> None:
    whole, kept = read(cycles, None).table("gc"), read(cycles, 5_000).table("gc")
    assert len(kept) < 6_000
    for column in ("stw_sweep_ms", "stw_mark_ms", "heap_end_mb", "heap_live_mb"):
        assert kept.numbers(column).max() == whole.numbers(column).max()
    assert representative_rows(kept).sum() <= 5_000
    assert kept["cycle"][[0, -1]].tolist() == [1, 60_000]


def test_costs_of_cycles_that_were_let_go_are_added_up(cycles: bytes) -> None:
    whole, kept = read(cycles, None), read(cycles, 5_000)
    (all_of_it,), (part,) = collections_of(whole), collections_of(kept)
    assert part.cycles == all_of_it.cycles == 60_000
    assert part.forced_cycles == all_of_it.forced_cycles > 0
    assert part.forced_cpu_s == pytest.approx(all_of_it.forced_cpu_s)
    for share in ("cpu_share", "assist_share", "marking_share"):
        assert getattr(part.whole(), share) == pytest.approx(
            getattr(all_of_it.whole(), share), rel=1e-4
        )
    assert part.whole().cycles == pytest.approx(all_of_it.whole().cycles, abs=10)  # where it begins


def test_a_verdict_says_on_what_it_was_judged(cycles: bytes) -> None:
    kept = read(cycles, 5_000)
    diagnosis = diagnose(kept)
    note = f"judged on {len(kept.table('gc')):,} of 60,000 gc lines"
    assert note in diagnosis.verdicts["gc"].reason
    assert all(
        note in f.detail for f in diagnosis.findings if f.rule.startswith(("gc-", "sched-stw"))
    )
    assert "judged on" not in diagnose(read(cycles, None)).verdicts["gc"].reason


def runs(*lengths: int) -> Iterator[str]:
    """gc lines of programs that were started one after the other."""
    lines = [re.sub(r"\d+ P", "4 P", line) for line in inputs.gc_lines(max(lengths))]
    return itertools.chain.from_iterable(lines[:length] for length in lengths)


def test_short_processes_between_long_ones_are_not_lost() -> None:
    text = "".join(line + "\n" for line in runs(20_000, 300, 20, 20_000, 50, 20_000)).encode()
    whole, kept = read(text, None), read(text, 5_000)
    assert kept.selected
    assert kept.processes == whole.processes == 6
    for one, other in zip(collections_of(whole), collections_of(kept), strict=True):
        assert (one.first_cycle, one.cycles) == (other.first_cycle, other.cycles)
        assert one.until_s == pytest.approx(other.until_s, rel=1e-3)


def test_of_processes_that_wrote_at_the_same_time_no_share_is_guessed() -> None:
    one = [re.sub(r"\d+ P", "4 P", line) for line in inputs.gc_lines(30_000)]
    other = [re.sub(r"\d+ P", "8 P", line) for line in one[5_000:]]
    pairs = zip(one[:25_000], other, strict=True)
    text = "".join(line + "\n" for pair in pairs for line in pair).encode()
    whole, kept = diagnose(read(text, None)), diagnose(read(text, 1_000))
    assert whole.verdicts["gc"].state == "ok"
    assert kept.verdicts["gc"].state == "unknown"
    assert "several processes wrote 50,000 gc lines" in kept.verdicts["gc"].reason
    assert kept.capture.mixed.keys() == {"log"}


def test_what_is_not_understood_is_counted_where_lines_are_not_kept(details: bytes) -> None:
    blocks = details.split(b"SCHED ")
    blocks[2_000] += b"  G7: status=what\n  P9: status=12345678901234567890 schedtick=1\n"
    blocks[2_100] += b"  P1 is no record\n"
    text = b"SCHED ".join(blocks)
    whole, kept = read(text, None), read(text, 5_000)
    assert kept.selected
    (one,), (other,) = whole.inputs, kept.inputs
    assert other.unparsed_count == one.unparsed_count == 2
    assert other.unparsed == one.unparsed
    assert kept.records("log") == whole.records("log")


def test_reports_say_that_a_selection_was_judged(cycles: bytes) -> None:
    diagnosis = diagnose(read(cycles, 5_000))
    kept = len(diagnosis.capture.table("gc"))
    found = json.loads(next(r for r in all_renderers() if r.name == "json").render(diagnosis))
    assert found["selections"] == {"gc": {"judged": kept, "read": 60_000}}
    assert found["inputs"][0]["records"]["gc"] == 60_000
    for renderer in all_renderers():
        if renderer.name in ("text", "html", "markdown"):
            assert f"{kept:,} gc lines" in " ".join(renderer.render(diagnosis).split())


def test_old_cycles_of_a_pipe_are_added_up_too(cycles: bytes) -> None:
    now = itertools.count(0.0, 60.0)
    limits = Limits(600, clock=lambda: next(now), old_rows=500)
    builder = CaptureBuilder(most_rows=1 << 20)

    def chunks() -> Iterator[bytes]:
        for at in range(0, len(cycles), 1 << 18):
            yield cycles[at : at + (1 << 18)]
            builder.thin(limits)

    builder.read("log", chunks())
    kept, whole = builder.build(), read(cycles, None)
    assert len(kept.table("gc")) < 50_000
    (part,), (all_of_it,) = collections_of(kept), collections_of(whole)
    assert part.cycles == 60_000
    assert part.whole().cpu_share == pytest.approx(all_of_it.whole().cpu_share, rel=1e-3)
    assert diagnose(kept).verdicts["gc"].state == "ok"
