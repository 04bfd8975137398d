"""The largest stacks of profiles, and how the pages show them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import goscope
from goscope.analysis.goroutines.profiles import summaries_of
from goscope.diagnosis.engine import diagnose
from goscope.renderers.json.json_contract import document
from goscope.renderers.terminal.summary import render
from tests.profiles_of_captures import ALL_PROFILES, name_of

LAST = ALL_PROFILES[-1]


@pytest.mark.parametrize("suffix", [".txt", ".pb.gz"])
@pytest.mark.parametrize("run", ALL_PROFILES, ids=name_of)
def test_memory_that_is_kept_is_on_top(run: Path, suffix: str) -> None:
    (heap,) = summaries_of(goscope.read(run / f"heap{suffix}"))
    assert (heap.kind, heap.column) == ("heap", "inuse_bytes")
    top = heap.heaviest[0]
    assert top.site is not None and top.site.function == "main.keep"
    assert 2 << 20 < top.weight < 16 << 20  # 400 blocks of 16 KiB, estimated from a sample
    assert top.count is not None and 100 < top.count < 1000
    assert heap.weight >= sum(h.weight for h in heap.heaviest)


def test_what_was_thrown_away_is_on_top_of_allocs() -> None:
    (allocs,) = summaries_of(goscope.read(LAST / "allocs.pb.gz"))
    top = allocs.heaviest[0]
    assert top.site is not None and top.site.function == "main.waste"
    assert 10 << 20 < top.weight < 25 << 20  # 1,000 blocks


@pytest.mark.parametrize("name", ["mutex", "block"])
def test_contention_is_ordered_by_time(name: str) -> None:
    (found,) = summaries_of(goscope.read(LAST / f"{name}.pb.gz"))
    assert found.column == "delay_ns"
    weights = [h.weight for h in found.heaviest]
    assert weights == sorted(weights, reverse=True)
    assert found.heaviest[0].site is not None
    assert found.heaviest[0].site.function == "main.contend"


def test_only_the_last_of_a_kind_is_shown() -> None:
    capture = goscope.read(*(LAST / f"goroutine-{n}.txt" for n in (1, 2, 3)), LAST / "heap.txt")
    first, second = summaries_of(capture)
    assert (first.kind, first.weight, second.kind) == ("goroutine", 20, "heap")


@pytest.mark.parametrize("suffixes", [(".txt", ".pb.gz"), (".pb.gz", ".txt")])
def test_the_last_is_the_one_that_was_read_last(suffixes: tuple[str, str]) -> None:
    first, last = (LAST / f"goroutine-{n}{s}" for n, s in zip((1, 3), suffixes, strict=True))
    (summary,) = summaries_of(goscope.read(first, last))
    assert (summary.weight, summary.source.partition(".txt:")[0]) == (
        20,
        str(last).removesuffix(".txt"),
    )


def test_the_page_shows_the_largest_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(LAST)
    page = render(diagnose(goscope.read("goroutine-3.pb.gz")))
    assert "goroutine profile: 20 running or waiting in 3 stacks" in page
    assert re.search(
        r"^  18 main\.fetch\.func1 /app/profiles/main\.go:\d+ in chan send$", page, re.MULTILINE
    )
    assert re.search(
        r"^read goroutine-3\.pb\.gz: [0-9,]+ bytes, 1 profile, 3 records$", page, re.MULTILINE
    )
    assert all(len(line) <= 80 for line in page.splitlines())


def test_names_of_profiles_are_not_trusted() -> None:
    page = render(diagnose(goscope.read("\x1b[31m[bold]x profile: total 1\n1 @ 0x2\n#\t0x1\tmain.f+0x1\t/a.go:1\n\n")))  # fmt: skip
    assert "\x1b" not in page
    assert "\\x1b[31m[bold]x profile: 1 in 1 stack" in page


def test_the_contract_counts_the_tables() -> None:
    found = document(diagnose(goscope.read(LAST / "heap.txt")))
    records = found["inputs"][0]["records"]
    assert (records["profiles"], records["memstats"]) == (1, 1)
    assert records["profile"] == len(goscope.read(LAST / "heap.txt").profile) > 3
    assert found["inputs"][0]["formats"] == ["profile_text"]


def test_frames_of_a_notebook() -> None:
    capture = goscope.read(LAST / "heap.pb.gz")
    top = capture.profile.merge(capture.stacks, on="stack_id").sort_values("inuse_bytes").iloc[-1]
    assert top["function"] == "main.keep"
    assert capture.memstats.empty
    assert capture.profiles["rate_bytes"].tolist() == [512 << 10]
