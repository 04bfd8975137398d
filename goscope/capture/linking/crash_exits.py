"""Which lines about the end of a process belong to which crash, and which stand for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goscope.capture.linking.crash_heads import Head
from goscope.tables.table import Table


@dataclass(frozen=True, slots=True)
class SilentExit:
    """A test binary that ended without a word: a test called os.Exit, or log.Fatal without output."""

    stream_id: int
    line: int
    status: str
    result: str


@dataclass(frozen=True, slots=True)
class CrashTail:
    """Registers of a crash without a head: the runtime prints them below the goroutines of a fatal signal."""

    stream_id: int
    line: int


@dataclass(slots=True)
class _State:
    """What is known of the run that the lines are about."""

    last: Head | None = None
    failed: bool = False
    status: tuple[int, str] = (-1, "")


def with_exits(
    exits: Table, races: Table, heads: Sequence[Head]
) -> tuple[list[SilentExit], list[CrashTail]]:
    """Give each head the lines behind it; find tests that ended without a word, and crashes without a head.

    ``go test`` prints the exit status only if the test printed nothing at all, and then the line
    ``FAIL``; older versions print it behind other failures too, which are known by then.
    """
    events: list[tuple[int, int, str, str | Head]] = [
        (h.stream_id, h.line, "head", h) for h in heads
    ]
    for code, line in zip(races["stream_id"].tolist(), races["line"].tolist(), strict=True):
        events.append((code, line, "race", ""))
    places = zip(exits["stream_id"].tolist(), exits["line"].tolist(), strict=True)
    words = zip(exits.texts("sort"), exits.texts("text"), strict=True)
    for (code, line), (sort, text) in zip(places, words, strict=True):
        events.append((code, line, sort or "", text or ""))
    events.sort(key=lambda event: event[:2])
    silent: list[SilentExit] = []
    tails: list[CrashTail] = []
    states: dict[int, _State] = {}
    for code, line, sort, said in events:
        state = states.setdefault(code, _State())
        if isinstance(said, Head):
            state.last, state.failed = said, True
        elif sort == "registers":
            if state.last is None:
                tails.append(CrashTail(code, line))
        elif sort in ("failed", "race"):
            state.failed = True
        elif sort == "passed":
            state.last, state.failed = None, False
        else:
            if state.last is not None:
                state.last.exits.append((sort, said))
            elif sort == "result" and not state.failed and state.status[0] == line - 1:
                silent.append(SilentExit(code, line - 1, state.status[1], said))
            if sort == "result":
                state.last, state.failed = None, False
            if sort == "status":
                state.status = (line, said)
    return silent, tails
