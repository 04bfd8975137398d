"""Cuts the records of one line out of a stretch of lines: whole, wrapped over several, or torn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from goscope.framing import torn_lines as torn
from goscope.framing.framed import (
    LONGEST_LINE,
    CutRecord,
    LineRecords,
    Piece,
    Rejoined,
    TornRecord,
)
from goscope.framing.lines import Lines, Positions
from goscope.framing.record_finder import RecordFinder
from goscope.framing.records import LineKind
from goscope.tables.table import Bools, distinct

#: A wrapped line is looked for in so many lines below it.
MOST_CONTINUATIONS = 16

#: What a continued line may start with: an indentation, a field name, a bracket.
_LOOSE = np.zeros(256, np.bool_)
_LOOSE[np.frombuffer(b" \t[abcdefghijklmnopqrstuvwxyz", np.uint8)] = True

#: What the end of a torn record may start with.
_FRAGMENT = np.zeros(256, np.bool_)
_FRAGMENT[np.frombuffer(b"0123456789 @%+/->:,=.[", np.uint8)] = True


class LineFramer:
    """Finds one-line records; those that other text tore apart are put together, and noted."""

    def __init__(self, finder: RecordFinder, rejoined: Rejoined):
        self._finder = finder
        self._kinds = kinds = finder.line_kinds
        self._accepts = finder.accepts
        self._rejoined = rejoined
        self._again: set[int] = set()  # the lines of a stretch whose records were put together
        self._joined_at: set[int] = set()  # and those that go on below, or hold another record
        #: The lines of a stretch that open like a record, but are none by their sign.
        self.unsigned: list[int] = []
        self._last_broken = -torn.WINDOW - 1  # the last line that may be the front of a torn record
        self._rests = [k.rest for k in kinds if k.rest is not None]
        self._rest_ends = [end[0] * 256 + end[1] for k in kinds for end in k.rest_ends]
        self._whole = np.zeros((256, 256), np.bool_)  # [first byte, last byte] of a whole record
        self._inner = np.zeros(256, np.bool_)  # first byte of a record that belongs to another
        self._kinds_of_head: dict[int, list[LineKind]] = {}
        for kind in kinds:
            for head in {opening[0] for opening in kind.openings}:
                self._inner[head] |= kind.inner
                self._kinds_of_head.setdefault(head, []).append(kind)
                self._whole[head, list(kind.last)] = True
        #: What kinds start with that end in different ways.
        self._ambiguous = np.zeros(256, np.bool_)
        for head, alike in self._kinds_of_head.items():
            self._ambiguous[head] = len({frozenset(kind.last) for kind in alike}) > 1

    def _are_whole(self, lines: Lines, at: Positions) -> Bools:
        """Which of these lines end like whole records of the kinds that they open like."""
        heads, last = lines.heads[at], lines.bytes[lines.ends[at] - 1]
        whole = self._whole[heads, last]
        doubtful = self._ambiguous[heads]
        for head in distinct(heads[doubtful]).tolist():
            mine = at[heads == head]
            ends = np.zeros(len(lines), np.bool_)
            for kind in self._kinds_of_head[head]:
                alike = lines.opening_with(kind.openings, among=mine)
                ends[alike] |= np.isin(lines.bytes[lines.ends[alike] - 1], list(kind.last))
            whole[heads == head] = ends[mine]
        return whole

    def stand_alone(self, lines: Lines, numbers: Positions) -> bool:
        """Whether each of the lines, which have these numbers, is a record that others around leave as it is.

        Those that belong to a record above must also end like a whole one.
        """
        openings = lines.shorter_than(LONGEST_LINE, lines.opening_with(self._finder.line_openings))
        if len(openings) < len(lines):
            return False
        whole = self._are_whole(lines, openings)
        open_ended = np.flatnonzero(~whole)
        if self._inner[lines.heads[open_ended]].any():
            return False
        for line in open_ended[::-1].tolist():
            if self._finder.line_kind(lines.text(line)) is not None:
                self._last_broken = int(numbers[line])
                break
        return True

    def held(self, lines: Lines, openings: Positions, kept: int) -> int:
        """From which line on to hold back: a record whose continuation may still come."""
        if not len(openings):
            return kept
        last = int(openings[-1])
        below = range(last + 1, min(kept, len(lines)))
        if len(below) < torn.WINDOW and torn.is_torn(lines.text(last)):
            return min(kept, last)
        if len(below) < MOST_CONTINUATIONS and all(
            self._may_continue(lines.text(i)) for i in below
        ):
            return min(kept, last)
        return kept

    def _may_continue(self, text: bytes) -> bool:
        return any(k.continuation is not None and k.continuation.match(text) for k in self._kinds)

    def pieces(
        self,
        lines: Lines,
        openings: Positions,
        kept: int,
        cut_line: int,
        within: Sequence[tuple[int, bytes]],
    ) -> Iterator[Piece]:
        """The records of the first ``kept`` lines, and the ends of torn ones.

        The input ends within ``cut_line``; ``within`` are records that stood inside of others, by their line.
        """
        self._again = set()
        openings = openings[openings < kept]
        yield from self._records(lines, openings, cut_line, within)
        yield from self._torn_rests(lines, openings, kept)

    def _records(
        self,
        lines: Lines,
        openings: Positions,
        cut_line: int,
        within: Sequence[tuple[int, bytes]],
    ) -> Iterator[Piece]:
        """The records of one line; ``within`` are more of them, by their line."""
        if len(openings) and openings[-1] == cut_line:
            text = lines.text(cut_line)
            if not self._complete(text):
                openings = openings[:-1]
                yield CutRecord(text, lines.first + cut_line)
        wrapped = self._wrapped(lines, openings)
        self._joined_at = {int(openings[position]) for position, _ in wrapped}
        if wrapped and 0 <= openings[-1] < cut_line and wrapped[-1][0] == len(openings) - 1:
            text, last = wrapped[-1][1], lines.text(cut_line).strip()
            if last and text.endswith(last) and not self._complete(text):
                yield CutRecord(text, lines.first + int(openings[-1]))
                openings, wrapped = openings[:-1], wrapped[:-1]
        if not len(openings) and not within:
            return
        if not wrapped and not within:
            yield LineRecords(lines.gather(openings), openings + lines.first)
            return
        at = 0
        joined: list[bytes] = []
        records = np.ones(len(openings), np.int64)
        for position, text in wrapped:
            joined += [lines.gather(openings[at:position]), text, b"\n"]
            records[position] += text.count(b"\n")
            at = position + 1
        joined.append(lines.gather(openings[at:]))
        numbers = np.repeat(openings, records)
        if not within:
            yield LineRecords(b"".join(joined), numbers + lines.first)
            return
        pairs = list(zip(numbers.tolist(), b"".join(joined).split(b"\n"), strict=False))
        pairs = sorted([*pairs, *within], key=lambda pair: pair[0])
        texts = b"".join(text + b"\n" for _, text in pairs)
        yield LineRecords(texts, np.array([n for n, _ in pairs], np.int64) + lines.first)

    def _torn_rests(self, lines: Lines, openings: Positions, kept: int) -> Iterator[Piece]:
        """Ends of records that no torn record above explains."""
        whole = self._are_whole(lines, openings)
        doubtful = openings[~whole].tolist()
        kinds = {n: self._finder.line_kind(lines.text(n)) for n in doubtful}
        fronts = [n for n in doubtful if n in self._again or kinds[n] is not None]
        self.unsigned = [n for n in doubtful if n not in self._joined_at and kinds[n] is None]
        broken = np.append(self._last_broken, np.array(fronts, np.int64) + lines.first)
        self._last_broken = int(broken[-1])
        if not self._rests:
            return
        starts = lines.starts[:kept]
        head, second = lines.heads[:kept], lines.bytes[starts + 1]
        likely = _FRAGMENT[head] | ((head == ord("m")) & (second == ord("s")))
        likely[openings] = False
        found = np.flatnonzero(likely)
        last = np.maximum(lines.ends[found] - 2, 0)
        pairs = lines.bytes[last].astype(np.int64) * 256 + lines.bytes[last + 1]
        for line in found[np.isin(pairs, self._rest_ends, kind="table")].tolist():
            number = line + lines.first
            above = int(broken[np.searchsorted(broken, number) - 1])
            if (
                lines.ends[line] - lines.starts[line] > LONGEST_LINE
                or 0 < number - above <= torn.WINDOW
            ):
                continue
            text = lines.text(line)
            if any(rest.match(text) for rest in self._rests):
                yield TornRecord(text, number)

    def _complete(self, text: bytes) -> bool:
        """Whether a record that stands at the end of the input certainly lost nothing."""
        return any(k.complete.search(text) for k in self._kinds if k.sign.match(text))

    def _wrapped(self, lines: Lines, openings: Positions) -> list[tuple[int, bytes]]:
        """The records that go on below: their position in ``openings`` and their joined text."""
        if not len(openings):
            return []
        below = np.minimum(openings + 1, len(lines) - 1)
        alone = openings + 1 < len(lines)
        alone[:-1] &= openings[1:] != below[:-1]  # the next line is no record of its own
        loose = alone & _LOOSE[lines.heads[below]]
        broken = alone & ~self._are_whole(lines, openings)
        wrapped = []
        for position in np.flatnonzero(loose | broken).tolist():
            line = int(openings[position])
            text = lines.text(line)
            joined: bytes | None = None
            if broken[position] and torn.is_torn(text):
                joined = self._mend(lines, openings, position)
                if joined is not None:
                    self._rejoined.add(line + lines.first, joined)
                    self._again.add(line)
                within = torn.inside(text, self._accepts)
                if within is not None:
                    joined = (text if joined is None else joined) + b"\n" + within
            elif loose[position]:
                kind = self._finder.line_kind(text)
                if kind is not None and kind.continuation is not None:
                    joined = self._join(lines, line, text, kind)
            if joined is not None and joined != text:
                wrapped.append((position, joined))
        return wrapped

    def _mend(self, lines: Lines, openings: Positions, position: int) -> bytes | None:
        """A torn record together with its rest, which stands before the next record."""
        line = int(openings[position])
        end = int(openings[position + 1]) if position + 1 < len(openings) else len(lines)
        below = [lines.text(i) for i in range(line + 1, min(end, line + 1 + torn.WINDOW))]
        return torn.mend(lines.text(line), below, self._accepts)

    def _join(self, lines: Lines, line: int, text: bytes, kind: LineKind) -> bytes:
        assert kind.continuation is not None
        for below in range(line + 1, min(line + 1 + MOST_CONTINUATIONS, len(lines))):
            more = lines.text(below)
            if len(more) > LONGEST_LINE or not kind.continuation.match(more):
                break
            joined = text.rstrip() + b" " + more.strip()
            whole = (
                kind.complete.search(text) is not None
            )  # else a field that nobody knows is in the rest
            if whole and self._accepts(text) and not self._accepts(joined):
                break
            text = joined
        return text
