"""A diagnosis as a file: what comes back makes the same pages, and what is no such file is refused."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.diagnosis.saved import SCHEMA, read_saved, saved_text
from goscope.errors import InputError
from goscope.findings.baseline import Baseline, Known
from goscope.findings.findings import Severity
from goscope.findings.settings import Ignore, Settings
from goscope.findings.source_links import source_links
from goscope.renderers import all_renderers
from tests.cli.running import LEAK, SCHED, in_process, only_line
from tests.conftest import CAPTURES
from tests.renderers.hostile import SECRET, hostile
from tests.rules.dumps import dump, leaks

#: A run of each kind of thing that is read.
KINDS = (
    "go1.19/idle_server", "go1.21/gc_thrash", "go1.23/gc_thrash", "go1.27/app_log", "go1.27/crashes",
    "go1.27/gc_siblings", "go1.27/labels", "go1.27/leaked_proven", "go1.27/lock_cycles", "go1.27/panic_all",
    "go1.27/profiles", "go1.27/self_dump", "go1.27/streams", "go1.27/synctest_bubble", "go1.27/trace_tasks",
)  # fmt: skip


def pages(diagnosis: Diagnosis) -> dict[str, str]:
    return {one.name: one.render(diagnosis) for one in all_renderers()}


def changed(diagnosis: Diagnosis) -> list[str]:
    """The renderers that make another page of a diagnosis that was saved and read."""
    before, after = pages(diagnosis), pages(read_saved(saved_text(diagnosis)))
    return [name for name, page in before.items() if page != after[name]]


def of_run(run: str) -> Diagnosis:
    files = sorted(p for p in (CAPTURES / run).iterdir() if ".json" not in p.suffixes)
    return goscope.diagnose(goscope.read(*files, spans=False))


@pytest.mark.parametrize("run", KINDS)
def test_every_renderer_makes_the_same_page(run: str) -> None:
    diagnosis = of_run(run)
    assert changed(diagnosis) == []
    again = read_saved(saved_text(diagnosis))
    for name in ("status", "verdicts", "findings", "crashes", "profiles", "settings", "links"):
        assert getattr(again, name) == getattr(diagnosis, name), name
    assert again.capture.records() == diagnosis.capture.records()


def test_single_spans_of_traces_are_kept() -> None:
    diagnosis = goscope.diagnose(goscope.read(CAPTURES / "go1.27/trace_tasks" / "trace.out.gz"))
    assert len(diagnosis.capture.table("trace_goroutine_spans")) > 0
    again = read_saved(saved_text(diagnosis))
    assert again.capture.frame("trace_goroutine_spans").equals(
        diagnosis.capture.frame("trace_goroutine_spans")
    )


def test_settings_what_was_ignored_and_links_are_kept() -> None:
    chosen = Settings(
        thresholds={"leak-growth": {"least_growth": 3}},
        disable=("gc-*",),
        ignore=(Ignore("leak-growth", "main.leak1*", "known to us"),),
        baseline=Baseline("known.json", {("crash", ("main.f",)): Known(Severity.INFO, None)}),
        source="goscope.toml",
    )
    capture = goscope.read(*(dump(*leaks(range(18, 18 + n))) for n in (10, 20, 30)))
    capture.switched_on = frozenset({"gctrace", "schedtrace"})
    links = source_links("https://example.com/{file}#L{line}", "/app")
    diagnosis = replace(goscope.diagnose(capture, chosen), links=links)
    assert diagnosis.ignored
    again = read_saved(saved_text(diagnosis))
    assert (again.settings, again.ignored, again.links) == (chosen, diagnosis.ignored, links)
    assert again.capture.switched_on == capture.switched_on
    assert changed(diagnosis) == []


def test_hostile_names_come_back_as_they_were_and_credentials_do_not() -> None:
    diagnosis = hostile()
    text = saved_text(diagnosis)
    assert SECRET not in text
    assert text.isascii()
    assert "\x7f" not in text
    assert changed(diagnosis) == []


def test_texts_that_are_the_same_without_their_credentials_are_one() -> None:
    texts = [LEAK.replace("5 minutes]:", f'5 minutes] {{"token": "{word}1234"}}:') for word in "ab"]
    capture = goscope.read(*texts)
    assert len(set(capture.table("goroutines").texts("labels"))) == 2
    again = read_saved(saved_text(goscope.diagnose(capture))).capture
    assert len(set(again.goroutines["labels"])) == 1


def test_a_file_and_the_same_packed(tmp_path: Path) -> None:
    diagnosis = goscope.diagnose(goscope.read(LEAK))
    path, packed = tmp_path / "a.goscope.json", tmp_path / "b.goscope.json.gz"
    diagnosis.save(path)
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert goscope.load(path).findings == goscope.load(str(packed)).findings == diagnosis.findings


# ---- on the command line ----------------------------------------------------------------------------


def test_the_command_line_shows_it_as_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "shared.goscope.json"
    first = in_process("-", "--leak-after", "10m", "-o", path, stdin=LEAK)
    assert "leak-long-wait" not in first.stdout
    again = in_process(path)
    assert (again.returncode, again.stdout, again.stderr) == (0, first.stdout, "")
    assert json.loads(in_process(path, "-f", "json").stdout)["schema"] == "goscope.diagnosis/1"
    assert in_process(path, "--fail-on", "info").returncode == 0


def test_it_is_shown_by_itself_and_stays_the_same(tmp_path: Path) -> None:
    path = tmp_path / "shared.goscope.json"
    in_process("-", "-q", "-o", path, stdin=LEAK)
    kept = path.read_bytes()
    assert in_process(path, path).returncode == 2
    assert in_process(path, "-q", "-o", path).returncode == 0
    assert path.read_bytes() == kept
    missing = in_process(tmp_path / "missing.goscope.json")
    assert missing.returncode == 4
    assert "missing.goscope.json: cannot be read" in only_line(missing.stderr)


# ---- what is no such file ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a diagnosis"),
        ("{", "not a diagnosis"),
        ("[]", f"does not say {SCHEMA}"),
        ('{"schema": "goscope.diagnosis/1"}', f"does not say {SCHEMA}"),
        (f'{{"schema": "{SCHEMA}"}}', "diagnosis: NoneType instead of dict"),
        ("[" * 100_000, "not a diagnosis"),
        (f'{{"schema": "{SCHEMA}", "diagnosis": {"9" * 5000}}}', "not a diagnosis"),
    ],
)
def test_other_texts_are_refused(text: str, words: str) -> None:
    with pytest.raises(InputError) as found:
        read_saved(text)
    assert words in str(found.value)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.goscope.json.gz"
    for data in (gzip.compress(b"{}" * 1000)[:-9], b"\x1f\x8b\x08nonsense", b"\xff\xfe\x00"):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"a\.goscope\.json\.gz: "):
            goscope.load(path)


def document() -> Any:
    return json.loads(saved_text(goscope.diagnose(goscope.read(SCHED, LEAK))))


def column(found: Any, table: str, name: str) -> Any:
    return found["diagnosis"]["capture"]["tables"][table]["columns"][name]


def codes(*values: int) -> list[str]:
    return ["<i4", base64.b64encode(np.array(values, "<i4").tobytes()).decode()]


CHANGES: dict[str, tuple[Callable[[Any], object], str]] = {
    "a field too many": (lambda d: d["diagnosis"].update(more=1), "'more' is not known"),
    "a field too few": (lambda d: d["diagnosis"].pop("status"), "status is missing"),
    "a field of another type": (lambda d: d["diagnosis"].update(status=1), "int instead of str"),
    "true for a number": (
        lambda d: d["diagnosis"]["findings"][0].update(process=True), "bool instead of int",
    ),
    "an unknown severity": (
        lambda d: d["diagnosis"]["findings"][0].update(severity="worse"), "'worse' is none of its values",
    ),
    "an unknown table": (
        lambda d: d["diagnosis"]["capture"]["tables"].update(other={}), "'other' is not known",
    ),
    "an unknown column": (
        lambda d: d["diagnosis"]["capture"]["tables"]["sched"]["columns"].update(other={}),
        "'other' is not known",
    ),
    "more rows than values": (
        lambda d: d["diagnosis"]["capture"]["tables"]["sched"].update(rows=10**12), "not a value for each",
    ),
    "rows of nothing": (
        lambda d: d["diagnosis"]["capture"]["tables"]["sched"].update(rows=10**12, columns={}),
        "rows without a column",
    ),
    "more processes than rows": (
        lambda d: d["diagnosis"]["capture"].update(processes=10**9), "more than there are rows",
    ),
    "objects for numbers": (
        lambda d: column(d, "sched", "t_ms").update(values=["|O", ""]), "not an array of numbers",
    ),
    "no base 64": (lambda d: column(d, "sched", "t_ms").update(values=["<i4", "*"]), "not base 64"),
    "half a number": (lambda d: column(d, "sched", "t_ms").update(values=["<i4", "AAA="]), "half a number"),
    "a code without a text": (
        lambda d: column(d, "goroutines", "state").update(values=codes(7)), "stands for nothing",
    ),
    "a stack that is not there": (
        lambda d: column(d, "goroutines", "id") and d["diagnosis"]["capture"]["tables"]["goroutines"]
        ["columns"].update(stack_id={"values": codes(1)}), "a row that is not there",
    ),
    "lists of another length": (
        lambda d: column(d, "sched", "local_queues").update(counts=codes(*[5] * 10)), "as many numbers",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_somebody_changed_is_refused(name: str) -> None:
    change, words = CHANGES[name]
    found = document()
    change(found)
    with pytest.raises(InputError) as refused:
        read_saved(json.dumps(found), "x.goscope.json")
    assert words in str(refused.value)
    assert str(refused.value).startswith("x.goscope.json: not a diagnosis that goscope saved: ")


def places(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The way to every part of a document."""
    found = [above] if above else []
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in inner:
            found += places(one, (*above, key))
    return found


WHOLE = saved_text(goscope.diagnose(goscope.read(SCHED, LEAK)))
PLACES = places(json.loads(WHOLE))
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20), st.just([]), st.just({}), st.lists(st.integers(), max_size=3),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), VALUES)
def test_whatever_stands_anywhere_there_is_a_page_or_a_clear_error(
    place: tuple[str | int, ...], value: Any
) -> None:
    found = json.loads(WHOLE)
    inside = found
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    try:
        diagnosis = read_saved(json.dumps(found))
    except InputError as error:
        assert "\n" not in str(error)
        return
    assert all(isinstance(page, str) for page in pages(diagnosis).values())
