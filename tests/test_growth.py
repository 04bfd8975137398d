"""Time grows with the text and no faster: patterns, signs, readers, whole inputs, however they arrive.

Each text is measured at two sizes, one four times the other, in this process's own time. What is linear
takes four times as long; less than eight is asked for, since machines are busy.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

import goscope
from goscope.diagnosis.engine import diagnose
from goscope.reading.capture_builder import CaptureBuilder

_MOST = 8
#: What is quicker than this is quick enough, whatever the ratio.
_QUICK = 0.02


def seconds(work: Callable[[], object]) -> float:
    """What it takes, without the collector of garbage."""
    gc.disable()
    try:
        begin = time.process_time()
        work()
        return time.process_time() - begin
    finally:
        gc.enable()


def grows(work: Callable[[int], object], size: int) -> None:
    """Compare ``work(size)`` and ``work(4 * size)``: the best of three, if one does not do."""
    large, small = [], []
    for _ in range(3):
        large.append(seconds(lambda: work(4 * size)))
        if min(large) < _QUICK:
            return
        small.append(seconds(lambda: work(size)))
        if min(large) < _MOST * min(small) + _QUICK:
            return
    raise AssertionError(f"{min(small):.3f} s, and four times as much: {min(large):.3f} s")


# ---- patterns ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Held:
    """A compiled pattern of a module, and whether it is looked for anywhere in a text."""

    name: str
    pattern: re.Pattern[Any]
    searched: bool


def patterns() -> Iterator[Held]:
    """Every compiled pattern that a module of goscope holds, in whatever it is kept."""
    seen: set[int] = set()
    for module in pkgutil.walk_packages(goscope.__path__, "goscope."):
        if module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        source = inspect.getsource(loaded)
        for name, value in vars(loaded).items():
            for path, found in _patterns_in(value, name, 5):
                if id(found) not in seen:
                    seen.add(id(found))
                    calls = rf"\b{name}\.(?:search|finditer|findall|sub|split)\("
                    searched = path.endswith(".complete") or bool(re.search(calls, source))
                    yield Held(f"{module.name}.{path}", found, searched)


def _patterns_in(value: object, path: str, deep: int) -> Iterator[tuple[str, re.Pattern[Any]]]:
    if isinstance(value, re.Pattern):
        yield path, value
    elif not deep or isinstance(value, type | str | bytes):
        return
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _patterns_in(one, f"{path}[{key}]", deep - 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for number, one in enumerate(value):
            yield from _patterns_in(one, f"{path}[{number}]", deep - 1)
    elif type(value).__module__.startswith("goscope."):
        names = getattr(type(value), "__slots__", ()) or getattr(value, "__dict__", ())
        for name in names:
            yield from _patterns_in(getattr(value, name, None), f"{path}.{name}", deep - 1)


#: Made for goscope's own patterns: no text of an input comes to it.
_OF_OURS = "goscope.framing.record_finder._CHOICE"
PATTERNS = [held for held in patterns() if held.name != _OF_OURS]
_FIXED = (
    "a",
    "0",
    " ",
    "(",
    "[",
    "{",
    "a.",
    "a/",
    ":",
    '\\"',
    "x(0x1, ",
    "f(0)",
    "a:1 ",
    "1+",
    "\n",
    "a\n",
    "\n\t",
)


def _pieces(pattern: re.Pattern[Any]) -> list[str]:
    """Strings that may keep this pattern busy: its own literals among others."""
    source = (
        pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    )
    plain = re.sub(r"\(\?[a-zA-Z]+\)|\[[^\]]*\]|\\.", " ", source)
    words = [
        w for w in dict.fromkeys(re.findall(r"[A-Za-z0-9 ,:=@+/_-]{2,40}", plain)) if w.strip()
    ][:4]
    return [*_FIXED, *words, "0".join(words) or "b"]


def test_the_patterns_are_found() -> None:
    assert len(PATTERNS) > 100
    names = " ".join(held.name for held in PATTERNS)
    for wanted in (
        "log_wrappers.layers",
        "framing.torn_lines",
        "gctrace.FORMAT",
        ".sign",
        "goroutines.",
    ):
        assert wanted in names
    assert 20 < sum(held.searched for held in PATTERNS) < len(PATTERNS)


@pytest.mark.parametrize("held", PATTERNS, ids=[held.name for held in PATTERNS])
def test_no_pattern_takes_long(held: Held) -> None:
    """Of a text without what the pattern wants at its end; tried where it starts, or anywhere."""
    pattern, kind = held.pattern, held.pattern.pattern

    def text(piece: str, front: str, size: int) -> Any:
        whole = front + piece * (size // len(piece)) + "\x01"
        return whole if isinstance(kind, str) else whole.encode("latin-1")

    def tried(piece: str, front: str, size: int) -> None:
        subject = text(piece, front, size)
        pattern.match(subject)
        pattern.fullmatch(subject)
        if held.searched:
            _searched(pattern, subject)

    pieces = _pieces(pattern)
    for piece in pieces:
        for front in ("", pieces[-1]):
            grows(partial(tried, piece, front), 8_000)


def _searched(pattern: re.Pattern[Any], text: Any) -> None:
    for _ in pattern.finditer(text):
        pass


def test_a_slow_pattern_would_be_noticed() -> None:
    with pytest.raises(AssertionError, match="four times as much"):
        grows(lambda size: _searched(re.compile(r"a(.*)c"), "a" * size), 2_000)


# ---- whole inputs -----------------------------------------------------------------------------------

FRAME = "main.f(0x1, {0x2, 0x3})\n\t/app/main.go:15 +0x1d\n"
GC = "gc 3 @1.250s 2%: 0.010+1.2+0.003 ms clock, 0.020+0.1/0.9/0+0.006 ms cpu, 4->5->1 MB, 5 MB goal, 2 P\n"
SCHED = "SCHED 100ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=1 idlethreads=3 runqueue=7 [4 12]\n"
RACE = "==================\nWARNING: DATA RACE\nRead at 0x00c000094028 by goroutine 8:\n  main.f()\n      /app/main.go:9 +0x1\n\n"


def numbered(form: str) -> Callable[[int], str]:
    """Lines of this form with another number in each, of so many bytes together."""
    return lambda size: "".join(form.format(n=n) for n in range(size // len(form) + 1))


INPUTS: dict[str, Callable[[int], str]] = {
    "an endless goroutine": lambda size: "goroutine 1 [running]:\n" + FRAME * (size // len(FRAME)),
    "an endless line": lambda size: "goroutine 1 [running]:\n" + "x" * size,
    "empty goroutines": lambda size: "goroutine 1 [running]:\n\n" * (size // 24),
    "goroutines of other ids": numbered("goroutine {n} [running]:\n\n"),
    "distinct stacks": numbered("goroutine {n} [chan receive, 9 minutes]:\nmain.f{n}()\n\t/app/a.go:{n} +0x1\ncreated by main.g{n}\n\t/b.go:{n}\n\n"),
    "distinct states": numbered("goroutine 7 [state {n}]:\nmain.f()\n\t/app/a.go:1 +0x1\n\n"),
    "distinct labels": numbered('goroutine 7 [select] {{"id": "x{n}y"}}:\nmain.f()\n\t/app/a.go:1 +0x1\n\n'),
    "panics": numbered("panic: x{n}\n\n"),
    "panics with goroutines": numbered("panic: x{n}\n\ngoroutine {n} [running]:\nmain.f{n}()\n\t/x.go:{n} +0x1\nexit status 2\n"),
    "a panic of empty lines": lambda size: "panic: x\n" + "\n" * size,
    "a panic of indented lines": lambda size: "panic: x\n" + "\tvalue\n" * (size // 7),
    "races": lambda size: RACE * (size // len(RACE)),
    "a race without an end": lambda size: RACE + "  main.f()\n      /app/main.go:9 +0x1\n" * (size // 37),
    "torn lines": numbered("SCHED {n}ms: gomaxprocs=4 idlep\n"),
    "SCHED lines that go on": lambda size: SCHED.replace(" [", "\n  [") * (size // len(SCHED)),
    "gc lines, all malformed": numbered("gc {n} @1.250s 2%: x{n}\n"),
    "quoted text": lambda size: "".join(f"# {line}\n" for line in (FRAME * (size // len(FRAME))).splitlines()),
    "JSON": numbered('{{"log":"gc {n} @0.1s 1%: x\\n","stream":"stderr","time":"2026-11-23T22:00:00Z"}}\n'),
    "JSON that goes on": lambda size: '{"log":"' + "x" * 90 + '","stream":"stderr","time":"1"}\n' + '{"log":"gc 1 @0.1s","stream":"stderr","time":"1"}\n' * (size // 50),
    "labels of compose": numbered("app-{n}  | " + GC),
    "signs in one line": lambda size: "x SCHED 1ms: gomaxprocs" * (size // 23) + "\n",
    "gc signs in one line": lambda size: "x gc 1 @0.1s 1%: " * (size // 17) + "\n",
    "goroutine signs in one line": lambda size: "x goroutine 1 [running] " * (size // 23) + "\n",
    "P signs in one line": lambda size: SCHED + "x  P1: status=1 schedtick=  M1: p=1  G1: status=4(" * (size // 50) + "\n",
    "tabs": lambda size: "\t" * size,
    "frames without a goroutine": lambda size: FRAME * (size // len(FRAME)),
    "a profile": numbered("goroutine profile: total 1\n1 @ 0x{n} 0x2\n#\t0x1\tmain.f+0x1\t/a.go:{n}\n\n"),
    "a profile without an end": lambda size: "goroutine profile: total 1\n" + "1 @ 0x1 0x2\n#\t0x1\tmain.f+0x1\t/a.go:1\n" * (size // 48),
    "test output": numbered("--- FAIL: TestX{n} (0.00s)\n    a_test.go:2: found unexpected goroutines:\n"),
}  # fmt: skip


def read(chunks: Iterable[bytes]) -> None:
    builder = CaptureBuilder()
    builder.read("input", chunks)
    diagnose(builder.build())


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", INPUTS)
def test_no_input_takes_long(name: str) -> None:
    grows(lambda size: read([INPUTS[name](size).encode()]), 60_000)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", INPUTS)
def test_nor_does_it_line_by_line(name: str) -> None:
    grows(lambda size: read(INPUTS[name](size).encode().splitlines(keepends=True)), 8_000)


@pytest.mark.parametrize("step", [1_000, 37], ids=["1,000 bytes", "37 bytes"])
@pytest.mark.sampled(2)
def test_an_endless_record_line_by_line_and_in_pieces(step: int) -> None:
    """Up to the longest record, where framing once read it all again for each line."""

    def work(size: int) -> None:
        data = INPUTS["an endless goroutine"](size).encode()
        builder = CaptureBuilder()
        builder.read("input", (data[at : at + step] for at in range(0, len(data), step)))

    grows(work, 200_000)
