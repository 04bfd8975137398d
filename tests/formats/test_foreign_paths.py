"""Dumps and crashes of programs built on Windows and macOS: their paths have drives, spaces and backslashes."""

from __future__ import annotations

import pytest

import goscope
from goscope.diagnosis.engine import diagnose

PATHS = [
    "C:/Users/x/app/main.go",
    "C:/Program Files/Go Apps/app/main.go",
    "C:\\Users\\x y\\my app\\main.go",
    "//server/share/app/main.go",
    "D:/a:b/main.go",
    "/Users/jane doe/go/src/my app/main.go",
    "/Volumes/Data (1)/app/main.go",
    "/Users/zoë/приложение/main.go",
]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("path", PATHS)
def test_a_dump(path: str, ending: str) -> None:
    dump = (
        f"goroutine 18 [chan send, 7 minutes]:\nmain.leak.func1()\n\t{path}:25 +0x28\n"
        f"main.inlined(...)\n\t{path}:9\n"
        f"created by main.leak in goroutine 1\n\t{path}:24 +0x66\n\n"
    )
    capture = goscope.read(dump.replace("\n", ending))
    assert capture.inputs[0].unparsed_count == 0
    assert capture.frames["file"].tolist() == [path] * 2
    assert capture.frames["line"].tolist() == [25, 9]
    (finding,) = diagnose(capture).findings
    assert finding.site is not None
    assert (finding.site.file, finding.site.line) == (path, 25)
    assert finding.created_by is not None
    assert (finding.created_by.file, finding.created_by.line) == (path, 24)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("path", PATHS)
def test_a_crash(path: str, ending: str) -> None:
    crash = (
        "panic: runtime error: invalid memory address or nil pointer dereference\n"
        "[signal 0xc0000005 code=0x0 addr=0x18 pc=0x7ff6f0a31e2c]\n\n"
        f"goroutine 1 [running]:\nmain.f(0x0)\n\t{path}:15 +0x1d\nmain.main()\n\t{path}:9 +0x1d\n"
        "exit status 2\n"
    )
    capture = goscope.read(crash.replace("\n", ending))
    (found,) = diagnose(capture).crashes
    assert found.kind == "nil_dereference"
    assert found.site is not None
    assert (found.site.file, found.site.line) == (path, 15)
    assert capture.inputs[0].unparsed_count == 0


@pytest.mark.parametrize("path", PATHS)
def test_a_race_and_a_profile(path: str) -> None:
    race = (
        "==================\nWARNING: DATA RACE\nRead at 0x00c000094028 by goroutine 8:\n"
        f"  main.f()\n      {path}:9 +0x1\n\nPrevious write at 0x00c000094028 by main goroutine:\n"
        f"  main.main()\n      {path}:5 +0x1\n\nGoroutine 8 (running) created at:\n"
        f"  main.main()\n      {path}:4 +0x1\n==================\n"
    )
    profile = (
        "goroutine profile: total 3\n3 @ 0x1 0x2 0x3\n"
        f"#\t0x10\tmain.leak.func1+0x25\t{path}:15\n#\t0x11\tmain.main+0x25\t{path}:16\n\n"
    )
    capture = goscope.read(race, profile)
    assert [i.unparsed_count for i in capture.inputs] == [0, 0]
    assert set(capture.frames["file"]) == {path}
    assert capture.frames["line"].tolist() == [15, 16]
    (found,) = capture.races.to_dict("records")
    assert [found[of] for of in ("file", "previous_file", "created_file")] == [path] * 3
    assert [found[of] for of in ("file_line", "previous_file_line", "created_line")] == [9, 5, 4]
