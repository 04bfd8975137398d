"""Dumps that cannot be of one process, where no name tells instances apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from tests.conftest import CAPTURES, content


def dump_of(program: str, number: int) -> str:
    (path,) = (CAPTURES / "go1.27" / program).glob(f"dump-{number}.txt*")
    return content(path).decode()


LEAK = [dump_of("leak_receiver", n) for n in (1, 2, 3)]


def processes(folder: Path, *texts: str) -> int:
    for number, text in enumerate(texts):
        (folder / f"{'abcdefgh'[number]}.txt").write_text(text)
    return goscope.read(folder).processes


def test_dumps_of_one_program_stay_together(tmp_path: Path) -> None:
    assert processes(tmp_path, *LEAK) == 1


@pytest.mark.parametrize("other", ["lock_cycles", "http_steady", "leak_mutex"])
def test_another_executable(tmp_path: Path, other: str) -> None:
    assert processes(tmp_path, LEAK[0], dump_of(other, 1), LEAK[1]) == 2


def test_an_id_with_another_creator(tmp_path: Path) -> None:
    turned = re.sub(r"created by main\.leak1", "created by main.other", LEAK[1])
    assert processes(tmp_path, LEAK[0], turned) == 2


def test_a_go_statement_at_another_line(tmp_path: Path) -> None:
    moved = LEAK[1].replace("main.go:22 ", "main.go:29 ")
    assert moved != LEAK[1]
    assert processes(tmp_path, LEAK[0], moved) == 2


@pytest.mark.parametrize("version", ["go1.19", "go1.22", "go1.26"])
def test_another_version_of_go(tmp_path: Path, version: str) -> None:
    (path,) = (CAPTURES / version / "leak_receiver").glob("dump-3.txt*")
    assert processes(tmp_path, *LEAK[:2], content(path).decode()) == 2


def test_pods_that_only_their_ids_tell_apart_give_no_sure_all_clear(tmp_path: Path) -> None:
    for number, text in enumerate((LEAK[1], LEAK[1], LEAK[0])):
        (tmp_path / f"web-{number}.txt").write_text(text)
    verdict = goscope.diagnose(goscope.read(tmp_path)).verdicts["goroutines"]
    assert (verdict.state, verdict.confidence.value) == ("ok", "medium")
    assert "may be of several processes" in verdict.reason


def test_one_torn_creator_parts_nothing(tmp_path: Path) -> None:
    torn = LEAK[1].replace("created by main.leak1", "created by main.lea", 1)
    assert processes(tmp_path, LEAK[0], torn) == 1


def test_a_process_dies_once(tmp_path: Path) -> None:
    death = (
        "panic: no\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:7 +0x1d\nexit status 2\n"
    )
    assert processes(tmp_path, death, death) == 2


def test_another_program_lends_no_growth(tmp_path: Path) -> None:
    assert processes(tmp_path, LEAK[0], dump_of("lock_cycles", 1)) == 2
    found = goscope.diagnose(goscope.read(tmp_path))
    assert "leak-growth" not in {finding.rule for finding in found.findings}
    names = {found.capture.process_name(n) for n in range(2)}
    assert names == {"run a.txt", "run b.txt"}


def said(found: Diagnosis) -> object:
    capture = found.capture
    return (
        found.status,
        {name: (v.state, v.confidence) for name, v in found.verdicts.items()},
        sorted((f.rule, f.title, capture.process_name(f.process)) for f in found.findings),
    )


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Dumps of three programs, some with names that tell nothing."""
    folder = tmp_path_factory.mktemp("laid")
    texts = {"leak-1.txt": LEAK[0], "leak-2.txt": LEAK[1], "leak-3.txt": LEAK[2]}
    texts |= {"x.txt": dump_of("lock_cycles", 1), "y.txt": dump_of("http_steady", 2)}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return sorted(folder.iterdir())


@given(data=st.data())
def test_the_order_of_arguments_changes_nothing(laid: list[Path], data: st.DataObject) -> None:
    order = data.draw(st.permutations(laid))
    assert said(goscope.diagnose(goscope.read(*order))) == said(
        goscope.diagnose(goscope.read(*laid))
    )


@pytest.mark.parametrize("names", [("before", "after"), ("2", "10"), ("zebra", "ant")])
def test_growth_is_seen_whatever_the_order(tmp_path: Path, names: tuple[str, str]) -> None:
    paths = [tmp_path / f"{name}.txt" for name in names]
    for path, text in zip(paths, LEAK[::2], strict=True):
        path.write_text(text)
    for order in (paths, paths[::-1]):
        found = goscope.diagnose(goscope.read(*order)).verdicts["goroutines"]
        assert found.state == "suspected_leak"
        assert "21 -> 86" in found.reason
