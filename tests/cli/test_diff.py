"""``goscope diff``: by signature, whatever the ids, the lines and the process."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

from goscope.diagnosis.comparison import SHOWN_OF_A_KIND
from tests.cli.running import in_process, only_line
from tests.rules.dumps import HTTP_SERVER, KEEP_ALIVE, dump, goroutine, leaks

POLLER = "main.poll()\n\t/app/main.go:30 +0x28"
PROFILE = (
    "goroutine profile: total 9\n"
    "9 @ 0x1 0x2 0x3\n#\t0x2\tmain.leak1.func1+0x28\t/app/main.go:15\n\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "before.txt").write_text(
        dump(*leaks(range(18, 28)), goroutine(7, "select", where=POLLER))
    )
    shifted = dump(
        *leaks(range(500, 540)), goroutine(901, "IO wait", where=KEEP_ALIVE, started=HTTP_SERVER)
    )
    (tmp_path / "after.txt").write_text(shifted)
    return tmp_path


def test_what_is_new_grown_and_gone(folder: Path) -> None:
    done = in_process("diff", "before.txt", "after.txt", "-f", "json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["schema"] == "goscope.diff/1"
    assert (found["before"]["goroutines"], found["after"]["goroutines"]) == (12, 42)
    kinds = {c["kind"]: (c["before"], c["after"]) for c in found["changes"]}
    assert kinds["grown"] == (10, 40)
    assert kinds["new"] == (0, 1)
    assert kinds["gone"] == (1, 0)
    assert {c["kind"]: c["normal"] for c in found["changes"]}["new"] is not None
    text = in_process("diff", "before.txt", "after.txt", cwd=folder).stdout
    assert text.startswith("goroutines: 12 -> 42 (+30)\n")
    assert "\n  10 -> 40  main." in text


def test_ids_and_lines_do_not_matter(folder: Path) -> None:
    text = (folder / "before.txt").read_text()
    moved = text.replace(".go:1", ".go:77").replace("goroutine 18 ", "goroutine 918 ")
    assert moved != text
    (folder / "moved.txt").write_text(moved)
    found = json.loads(
        in_process("diff", "before.txt", "moved.txt", "-f", "json", cwd=folder).stdout
    )
    assert (found["changes"], found["same"]) == ([], 3)


@pytest.mark.parametrize(
    ("pair", "arguments", "code"),
    [
        (("before.txt", "after.txt"), ["--fail-on", "grown"], 1),
        (("before.txt", "after.txt"), ["--fail-on", "grown", "--least", "31"], 0),
        (("before.txt", "after.txt"), ["--fail-on", "new"], 0),  # a keep-alive connection is normal
        (("after.txt", "before.txt"), ["--fail-on", "grown"], 0),
        (("before.txt", "after.txt"), [], 0),
    ],
)
def test_what_fails(folder: Path, pair: tuple[str, str], arguments: list[str], code: int) -> None:
    assert in_process("diff", *pair, *arguments, cwd=folder).returncode == code


def test_a_verdict_that_is_another_one(folder: Path) -> None:
    (folder / "leak.txt").write_text(dump(*leaks(range(18, 28), "chan send (leaked)")))
    found = json.loads(
        in_process("diff", "before.txt", "leak.txt", "-f", "json", cwd=folder).stdout
    )
    assert {(v["name"], v["before"], v["after"]) for v in found["verdicts"]} == {
        ("goroutines", "ok", "leak")
    }


def test_a_dump_against_a_profile_is_compared_by_functions_alone(folder: Path) -> None:
    (folder / "profile.txt").write_text(PROFILE)
    found = json.loads(
        in_process("diff", "before.txt", "profile.txt", "-f", "json", cwd=folder).stdout
    )
    assert found["compared"] == "functions"
    assert found["after"]["goroutines"] == 9
    shrunk = [c for c in found["changes"] if c["kind"] == "shrunk"]
    assert [(c["before"], c["after"]) for c in shrunk] == [(10, 9)]


def test_sides_that_cannot_be_compared(folder: Path) -> None:
    missing = in_process("diff", "before.txt", "missing.txt", cwd=folder)
    assert (missing.returncode, missing.stdout) == (4, "")
    assert "missing.txt: no such file" in only_line(missing.stderr)
    (folder / "log.txt").write_text("hello\n")
    assert in_process("diff", "before.txt", "log.txt", cwd=folder).returncode == 3


def test_of_very_many_changes_the_largest_are_listed_and_the_others_counted(
    tmp_path: Path,
) -> None:
    """What may leak goes before what is known to wait for long; --fail-on sees every one."""
    gone = [goroutine(9_000 + n, "select", where=f"main.gone{n}()\n\t/a.go:1") for n in range(201)]
    served = [
        KEEP_ALIVE.replace("net/http.", f"net/http.f{n}()\n\t/a.go:1\nnet/http.", 1)
        for n in range(300)
    ]
    servers = [
        goroutine(100 + n, "IO wait", where=where, started=HTTP_SERVER)
        for n, where in enumerate(4 * served)
    ]
    leaking = [
        goroutine(20_000 + n, "chan send", where=f"main.leak{n // 3}()\n\t/a.go:1")
        for n in range(60 * 3)
    ]
    (tmp_path / "before.txt").write_text(dump(*gone))
    (tmp_path / "after.txt").write_text(dump(*servers, *leaking))
    asked = ("diff", "before.txt", "after.txt")
    found = json.loads(in_process(*asked, "-f", "json", cwd=tmp_path).stdout)
    jsonschema.validate(found, json.loads(in_process("schema", "diff").stdout))
    kinds = Counter(change["kind"] for change in found["changes"])
    assert kinds == {"new": SHOWN_OF_A_KIND, "gone": SHOWN_OF_A_KIND}
    assert found["changes_left_out"] == [
        {"kind": "new", "count": 360 - SHOWN_OF_A_KIND},
        {"kind": "gone", "count": 1},
    ]
    assert sum(change["normal"] is None for change in found["changes"]) == 60 + SHOWN_OF_A_KIND
    assert in_process(*asked, "--fail-on", "new", cwd=tmp_path).returncode == 1
    text = in_process(*asked, cwd=tmp_path).stdout
    assert "new: 360 stacks\n" in text
    assert "  ... 345 more\n" in text
    assert len(text.splitlines()) < 150


def test_few_changes_are_all_listed(folder: Path) -> None:
    done = in_process("diff", "before.txt", "after.txt", "-f", "json", cwd=folder)
    assert json.loads(done.stdout)["changes_left_out"] == []


def test_goroutines_that_moved_within_a_function_are_no_growth(tmp_path: Path) -> None:
    """Workers between a receive and a run queue: twelve instead of ten, not six more that can run."""
    where = "main.work()\n\t/app/main.go:{} +0x28"
    idle = [goroutine(n, "chan receive", where=where.format(20)) for n in range(10, 20)]
    (tmp_path / "before.txt").write_text(dump(*idle))
    running = [goroutine(n, "runnable", where=where.format(25)) for n in range(30, 36)]
    (tmp_path / "after.txt").write_text(dump(*idle[:6], *running))
    asked = ("diff", "before.txt", "after.txt")
    found = json.loads(in_process(*asked, "-f", "json", cwd=tmp_path).stdout)
    assert [(c["kind"], c["before"], c["after"]) for c in found["changes"]] == [("grown", 0, 6)]
    assert in_process(*asked, "--fail-on", "grown", "--least", "2", cwd=tmp_path).returncode == 1
    assert in_process(*asked, "--fail-on", "grown", cwd=tmp_path).returncode == 0


def test_lines_that_shifted_are_compared_in_their_order(tmp_path: Path) -> None:
    where = "main.fetch()\n\t/app/main.go:{} +0x28"
    for name, shift, sizes in (("before", 0, (5, 2)), ("after", 7, (9, 4))):
        groups = [
            goroutine(100 * line + n, "chan send", where=where.format(line + shift))
            for line, size in zip((20, 30), sizes, strict=True)
            for n in range(size)
        ]
        (tmp_path / f"{name}.txt").write_text(dump(*groups))
    found = json.loads(
        in_process("diff", "before.txt", "after.txt", "-f", "json", cwd=tmp_path).stdout
    )
    assert [(c["before"], c["after"]) for c in found["changes"]] == [(5, 9), (2, 4)]
