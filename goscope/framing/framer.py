"""Cuts a stream of bytes into records, chunk by chunk.

Where a chunk ends never changes a result: a record that may go on in the next chunk is held back
until it is known to be whole. The same code serves a file of a gigabyte and a live pipe.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from goscope.framing import interrupted, torn
from goscope.framing.claims import Claims, claims_of
from goscope.framing.lines import Lines, Positions
from goscope.framing.prefix import Prefix
from goscope.framing.records import BlockKind, LineKind
from goscope.tables import Bools, distinct

#: No record of the runtime is longer; what is, is passed by without being looked at. A goroutine of
#: 100 frames with ancestors stays below 100 KB, a SCHED line of 1,000 Ps below 20 KB.
LONGEST_RECORD = 4 << 20
LONGEST_LINE = 1 << 16  # of one-line records
_STUMP = LONGEST_RECORD + 64  # what is kept of an endless line: too long, even without a prefix
_ABOVE = 2_000  # bytes of a text line above a block
#: From so many bytes on, a record that may go on is looked at again only when it grew by an eighth: a long
#: one that comes line by line would be read from its start for each line.
_LARGE = 1 << 16
#: A wrapped line is looked for in so many lines below it.
MOST_CONTINUATIONS = 16


@dataclass(frozen=True, slots=True)
class LineRecords:
    """All one-line records of a stretch, in order: their text, line by line, and line numbers."""

    text: bytes
    numbers: Positions


@dataclass(frozen=True, slots=True)
class BlockRecords:
    """All blocks of one kind in a stretch: the text of each, its line number and number of lines.

    ``data`` is the stretch that they were cut from, so that a word can be looked for in all of them
    at once; ``cut`` says that the input ended inside the last block, without a line end. ``above``
    holds, by the block's position, the text line above a block and how many empty lines stand
    between, where that line is near and none of a block before it; ``led_to`` the positions of the
    blocks that a block of another kind leads to.
    """

    kind: str
    data: bytes
    texts: list[bytes]
    numbers: Positions
    heights: Positions
    cut: bool
    above: Mapping[int, tuple[bytes, int]] = field(default_factory=dict)
    led_to: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class CutRecord:
    """The last line of an input that ended in the middle of a record."""

    text: bytes
    number: int


#: Where the rest of a block may stand whose beginning was cut off; the first line may be half a line.
_FIRST_LINES = 2


@dataclass(frozen=True, slots=True)
class LongRecord:
    """The first line of a record that went on beyond all limits, and is passed by."""

    text: bytes
    number: int


@dataclass(frozen=True, slots=True)
class TornRecord:
    """The end of a record whose beginning nobody can find, because another write stands between."""

    text: bytes
    number: int


#: What a continued line may start with: an indentation, a field name, a bracket.
_LOOSE = np.zeros(256, np.bool_)
_LOOSE[np.frombuffer(b" \t[abcdefghijklmnopqrstuvwxyz", np.uint8)] = True

#: What the end of a torn record may start with.
_FRAGMENT = np.zeros(256, np.bool_)
_FRAGMENT[np.frombuffer(b"0123456789 @%+/->:,=.[", np.uint8)] = True

Piece = LineRecords | BlockRecords | CutRecord | LongRecord | TornRecord


class Framer:
    """Feed it bytes, take the records; call :meth:`finish` at the end of the input.

    ``accepts`` answers whether a text is a whole one-line record; it decides whether an indented
    line below a record continues it.
    """

    def __init__(
        self,
        line_kinds: Sequence[LineKind],
        block_kinds: Sequence[BlockKind],
        accepts: Callable[[bytes], bool],
    ):
        self.lines_seen = 0
        #: Records in which other text stood: their line, from 0, and how they read again.
        self.rejoined: list[tuple[int, bytes]] = []
        self._line_kinds = line_kinds
        self._block_kinds = block_kinds
        self._accepts = accepts
        self._held = b""  # complete lines of a record that may go on
        self._behind: list[bytes] = []  # complete lines that were not looked at yet
        self._behind_size = 0
        self._partial: list[bytes] = []  # the beginning of a line whose end has not come yet
        self._partial_size = 0
        self._begun: dict[str, int] = {}  # the line from which on a kind without openings counts
        self._prefix = Prefix([*line_kinds, *(kind for kind in block_kinds if kind.quoted)])
        self._above: tuple[bytes, int] = (b"", -1)  # the last text line, and its number
        self._led_to: Positions = np.empty(0, np.int64)  # line numbers that blocks lead to
        self._above_ends: dict[str, int] = {}  # where the last block of a kind ended
        self._openings = [o for k in line_kinds for o in k.openings]
        self._found_blocks = False
        self._last_broken = -torn.WINDOW - 1  # the last line that may be the front of a torn record
        self._rests = [k.rest for k in line_kinds if k.rest is not None]
        self._rest_ends = [end[0] * 256 + end[1] for k in line_kinds for end in k.rest_ends]
        self._block_openings = [o for k in block_kinds for o in k.openings]
        self._whole = np.zeros((256, 256), np.bool_)  # [first byte, last byte] of a whole record
        self._heads = np.zeros(256, np.bool_)  # what blocks of the rare kinds start with
        for rare in block_kinds:
            if rare.header is None and rare.begins is None:
                self._heads[[opening[0] for opening in rare.openings]] = True
        self._kinds_of_head: dict[int, list[LineKind]] = {}
        for kind in line_kinds:
            for head in {opening[0] for opening in kind.openings}:
                self._kinds_of_head.setdefault(head, []).append(kind)
            for opening in kind.openings:
                self._whole[opening[0], np.frombuffer(kind.last, np.uint8)] = True

    def expect_all(self) -> None:
        """What the first block of a kind announces is not in this part of the input."""
        self._begun = {kind.name: 0 for kind in self._block_kinds}

    @property
    def openings(self) -> tuple[bytes, ...]:
        """What lines start with above which every record ends; none until the prefix is known to be none."""
        if not self._prefix.absent:
            return ()
        blocks = [o for kind in self._block_kinds if not kind.introduces for o in kind.openings]
        if self._found_blocks:  # trace lines may stand inside a block
            return tuple(blocks)
        lines = [o for kind in self._line_kinds if not kind.inner for o in kind.openings]
        return (*lines, *blocks)

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The records that are whole after ``data``."""
        cut = data.rfind(b"\n") + 1
        if not cut:
            self._hold_partial(data)
            return
        self._behind += [*self._partial, data[:cut]]
        self._behind_size += self._partial_size + cut
        self._partial, self._partial_size = [], 0
        self._hold_partial(data[cut:])
        if len(self._held) < _LARGE or self._behind_size >= len(self._held) // 8:
            yield from self._records(self._waiting(), final=False)

    def finish(self) -> Iterator[Piece]:
        """The records that were held back, and a last line without a line end."""
        last = b"".join(self._partial)
        whole = self._waiting() + last
        self._partial, self._partial_size = [], 0
        if whole:
            yield from self._records(
                whole if whole.endswith(b"\n") else whole + b"\n", True, bool(last)
            )

    def _waiting(self) -> bytes:
        """All complete lines that were held back; none is any more."""
        whole = b"".join([self._held, *self._behind])
        self._held, self._behind, self._behind_size = b"", [], 0
        return whole

    def _hold_partial(self, data: bytes) -> None:
        """Keep the beginning of a line; of one that is too long for a record only a stump."""
        if data and self._partial_size < _STUMP:
            self._partial.append(data[: _STUMP - self._partial_size])
            self._partial_size += len(self._partial[-1])

    def _records(self, data: bytes, final: bool, cut: bool = False) -> Iterator[Piece]:
        if b"\r" in data:  # looking for two characters takes a hundred times as long
            data = data.replace(b"\r\n", b"\n")
        raw = Lines(data, self.lines_seen)
        lines = self._prefix.strip(raw)
        kept = len(lines)
        records = lines.opening_with(self._openings)
        rare = np.flatnonzero(self._heads[lines.heads])
        headers_of = {kind.name: self._headers(lines, kind, rare) for kind in self._block_kinds}
        claims, kept = self._claims(lines, headers_of, records, final, cut)
        led_to = [claim.led_to + lines.first for claim in claims.values()]
        self._led_to = np.concatenate([self._led_to[self._led_to >= lines.first], *led_to])
        blocks = []
        for kind in self._block_kinds:
            headers = headers_of[kind.name]
            again: dict[int, interrupted.Whole] = {}
            if kind.name in claims:
                headers, ends = claims[kind.name].headers, claims[kind.name].ends
            else:
                for claim in claims.values():
                    headers = headers[~np.isin(headers, claim.false_ones)]
                ends = self._block_ends(lines, kind, headers, records, claims, final)
                again = self._interrupted(lines, kind, headers, ends, final)
                if len(headers) and ends[-1] > len(lines):  # runs out of the stretch: hold it back
                    kept = min(kept, int(headers[-1]))
                    headers, ends = headers[:-1], ends[:-1]
            blocks.append((kind, headers, ends, again))
        openings = lines.shorter_than(LONGEST_LINE, records)
        if not final:
            kept = self._held_line(lines, openings, kept)
        if kept < len(lines):
            start = int(raw.starts[kept])
            if len(data) - start > LONGEST_RECORD:
                yield LongRecord(lines.text(kept)[:_ABOVE], lines.first + kept)
                kept = len(lines)
            else:
                self._held = data[start:]
        cut_line = kept - 1 if cut else -1
        within = sorted(
            pair
            for *_, again in blocks
            for w in again.values()
            for pair in w.within
            if pair[0] < kept
        )
        yield from self._line_records(lines, openings[openings < kept], cut_line, within)
        yield from self._torn_rests(lines, openings[openings < kept], kept)
        for kind, headers, ends, again in blocks:
            inside = headers < kept
            yield from self._block_records(
                lines, kind, headers[inside], ends[inside], again, cut_line
            )
        self._remember(lines, kept)
        self.lines_seen += kept

    # ---- one-line records -------------------------------------------------------------------------

    def _held_line(self, lines: Lines, openings: Positions, kept: int) -> int:
        """A one-line record whose continuation may still come is held back."""
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
        return any(
            k.continuation is not None and k.continuation.match(text) for k in self._line_kinds
        )

    def _line_records(
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
        whole = self._whole[lines.heads[openings], lines.bytes[lines.ends[openings] - 1]]
        again = {line - lines.first for line, _ in self.rejoined[-len(openings) - 1 :]}
        fronts = [
            n for n in openings[~whole].tolist() if n in again or self._is_record(lines.text(n))
        ]
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

    def _is_record(self, text: bytes) -> bool:
        """Whether a line with an opening is a record."""
        return any(kind.sign.match(text) for kind in self._kinds_of_head.get(text[0], ()))

    def _complete(self, text: bytes) -> bool:
        """Whether a record that stands at the end of the input certainly lost nothing."""
        return any(k.complete.search(text) for k in self._line_kinds if k.sign.match(text))

    def _wrapped(self, lines: Lines, openings: Positions) -> list[tuple[int, bytes]]:
        """The records that go on below: their position in ``openings`` and their joined text."""
        if not len(openings):
            return []
        below = np.minimum(openings + 1, len(lines) - 1)
        alone = openings + 1 < len(lines)
        alone[:-1] &= openings[1:] != below[:-1]  # the next line is no record of its own
        loose = alone & _LOOSE[lines.heads[below]]
        broken = alone & ~self._whole[lines.heads[openings], lines.bytes[lines.ends[openings] - 1]]
        wrapped = []
        for position in np.flatnonzero(loose | broken).tolist():
            line = int(openings[position])
            text = lines.text(line)
            joined: bytes | None = None
            if broken[position] and torn.is_torn(text):
                joined = self._mend(lines, openings, position)
                if joined is not None:
                    self.rejoined.append((line + lines.first, joined))
                within = torn.inside(text, self._accepts)
                if within is not None:
                    joined = (text if joined is None else joined) + b"\n" + within
            elif loose[position]:
                kind = next((k for k in self._line_kinds if k.sign.match(text)), None)
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
            if self._accepts(text) and not self._accepts(joined):
                break
            text = joined
        return text

    # ---- blocks -----------------------------------------------------------------------------------

    def _headers(self, lines: Lines, kind: BlockKind, rare: Positions) -> Positions:
        """The lines that blocks of a kind start with; ``rare`` are those that may be of a rare kind."""
        if kind.header is not None:
            return self._announced_headers(lines, kind, kind.header)
        if kind.begins is None:
            headers = lines.signed(kind.sign, lines.opening_with(kind.openings, among=rare))
        else:  # the openings are as good as the sign, and there are many
            headers = lines.opening_with(kind.openings)
        holding = lines.holding(kind.words)
        if len(holding):
            headers = distinct(np.concatenate([headers, lines.shorter_than(LONGEST_LINE, holding)]))
        return lines.shorter_than(LONGEST_RECORD, headers)

    def _announced_headers(
        self, lines: Lines, kind: BlockKind, header: re.Pattern[bytes]
    ) -> Positions:
        """The same for a kind whose first lines no literal opens: they count from the first sign on."""
        none = np.empty(0, np.int64)
        begun = self._begun.get(kind.name)
        if begun is None:
            first = lines.opening_with(kind.openings)
            if kind.mark in lines.data:
                first = distinct(np.concatenate([first, lines.matching(header)]))
            begun = next((i for i in first.tolist() if kind.sign.match(lines.text(i))), None)
            for i in range(max(0, _FIRST_LINES - lines.first))[: len(lines)]:
                text = lines.text(i)
                if text.startswith(kind.lone) or (i + lines.first == 0 and header.match(text)):
                    begun = i  # the input starts inside
                    break
            if begun is None:
                return none
            begun = self._begun[kind.name] = begun + lines.first
        starts = np.zeros(256, np.bool_)
        starts[lines.heads] = True
        if not any(
            (not heads or starts[list(heads)].any()) and guard in lines.data
            for guard, heads in kind.guards
        ):
            return none
        found = lines.matching(header)
        return found[found + lines.first >= begun]

    def _claims(
        self,
        lines: Lines,
        headers_of: Mapping[str, Positions],
        records: Positions,
        final: bool,
        cut: bool,
    ) -> tuple[dict[str, Claims], int]:
        """The blocks that lead to others, and the line from which on they are not known yet."""
        claims: dict[str, Claims] = {}
        kept = len(lines)
        kinds = {kind.name: kind for kind in self._block_kinds}
        for kind in self._block_kinds:
            if kind.leads_to is None or not len(headers_of[kind.name]):
                continue
            headers = headers_of[kind.name]
            certain = self._block_ends(lines, kind, headers, records, {}, final)
            target, targets = kinds[kind.leads_to], headers_of[kind.leads_to]
            found = claims_of(lines, kind, headers, certain, target, targets, records, final, cut)
            claims[kind.name] = found
            kept = min(kept, found.kept)
        return claims, kept

    def _block_ends(
        self,
        lines: Lines,
        kind: BlockKind,
        headers: Positions,
        records: Positions,
        claims: Mapping[str, Claims],
        final: bool,
    ) -> Positions:
        """For each header the first line that is not of its block; beyond the last line if unknown."""
        if not len(headers):
            return headers
        indented = (lines.heads == ord("\t")) | (lines.heads == ord(" "))
        body = indented.copy()
        if kind.pairs:
            body[:-1] |= indented[1:]
            body[-1] |= not final  # what comes next is not known yet
        body[lines.opening_with(kind.lone)] = True
        filled = lines.ends > lines.starts
        body &= filled
        if len(lines.data) > LONGEST_RECORD:
            body &= lines.ends - lines.starts <= LONGEST_RECORD
        for claim in claims.values():
            body[claim.headers] = False
        body[records] = kind.leads_to is not None  # a trace line may stand in a crash
        if kind.leads_to is None:
            body[headers] = False
        if kind.gaps:
            body = _bridged(body, filled, final)
        outside = np.flatnonzero(~body)
        place = np.searchsorted(outside, headers, side="right")
        beyond = len(lines) if final else len(lines) + 1
        ends = np.full(len(headers), beyond, np.int64)
        known = place < len(outside)
        ends[known] = outside[place[known]]
        if not final:
            # The header itself may be the last line, and the last line's fate is open.
            ends[ends == len(lines)] = len(lines) + 1
            ends[headers == len(lines) - 1] = len(lines) + 1
        return ends

    def _interrupted(
        self, lines: Lines, kind: BlockKind, headers: Positions, ends: Positions, final: bool
    ) -> dict[int, interrupted.Whole]:
        """Blocks with other lines inside, by their first line; moves their ends.

        Only a block that is followed by neither an empty line nor another block is looked at.
        """
        if kind.pair is None or not len(headers):
            return {}
        stops = np.append(headers[1:], len(lines))
        known = (ends < stops) & (ends < len(lines))
        known[known] = lines.ends[ends[known]] > lines.starts[ends[known]]
        again: dict[int, interrupted.Whole] = {}
        torn_at = self._torn_pairs(lines, kind, headers, ends)
        for place in sorted({*np.flatnonzero(known).tolist(), *torn_at}):
            header, end, stop = int(headers[place]), int(ends[place]), int(stops[place])
            end = torn_at.get(place, end)
            found = interrupted.whole(lines, kind, header, end, stop, final, self._accepts)
            if found is None:
                ends[place] = len(lines) + 1  # hold it back
            elif found.end > end:
                ends[place] = found.end
                again[header] = found
        return again

    def _torn_pairs(
        self, lines: Lines, kind: BlockKind, headers: Positions, ends: Positions
    ) -> dict[int, int]:
        """Blocks whose header is torn, or whose last pair has another line inside.

        Their place, and the line from which on to look.
        """
        firsts = lines.opening_with((kind.closing,))
        firsts = firsts[firsts + 1 < len(lines)]
        below = firsts + 1
        head, second = lines.heads[below], lines.bytes[lines.starts[below] + 1]
        other = (head != 9) & ((head != 32) | (second != 32))
        other &= lines.ends[below] > lines.starts[below]
        torn_headers = np.flatnonzero(lines.bytes[lines.ends[headers] - 1] != ord(":"))
        found = {place: int(headers[place]) + 1 for place in torn_headers.tolist()}
        for first in firsts[other].tolist():
            place = int(np.searchsorted(headers, first, side="right")) - 1
            if place >= 0 and first < ends[place]:
                found.setdefault(place, first)
        return found

    def _block_records(
        self,
        lines: Lines,
        kind: BlockKind,
        headers: Positions,
        ends: Positions,
        again: dict[int, interrupted.Whole],
        cut_line: int,
    ) -> Iterator[Piece]:
        if not len(headers):
            return
        self._found_blocks = self._found_blocks or kind.pair is not None
        data = lines.data
        firsts = lines.starts[headers].tolist()
        lasts = lines.ends[ends - 1].tolist()
        texts = [data[a:b] for a, b in zip(firsts, lasts, strict=True)]
        if again:
            for place in np.flatnonzero(np.isin(headers, list(again))).tolist():
                texts[place] = again[int(headers[place])].text
                self.rejoined.append((int(headers[place]) + lines.first, texts[place]))
        cut = bool(cut_line >= 0 and ends[-1] - 1 == cut_line)
        if kind.header is not None and 0 <= cut_line == ends[-1]:  # it began like one of the block
            cut = any(lone.startswith(lines.text(cut_line)) for lone in kind.lone)
        above: Mapping[int, tuple[bytes, int]] = {}
        if kind.above:
            above = self._text_above(lines, kind, headers, ends)
        numbers = headers + lines.first
        led_to = frozenset(np.flatnonzero(np.isin(numbers, self._led_to)).tolist())
        yield BlockRecords(kind.name, data, texts, numbers, ends - headers, cut, above, led_to)

    def _text_above(
        self, lines: Lines, kind: BlockKind, headers: Positions, ends: Positions
    ) -> dict[int, tuple[bytes, int]]:
        """For blocks that stand below a text line, with at most an empty one between: that line."""
        filled = lines.ends > lines.starts
        filled_before = np.maximum.accumulate(np.where(filled, np.arange(len(lines)), -1))
        last = np.where(headers > 0, filled_before[headers - 1], -1)
        behind = np.empty_like(ends)  # the end of the block before
        behind[1:] = ends[:-1]
        behind[0] = self._above_ends.get(kind.name, -1) - lines.first
        self._above_ends[kind.name] = int(ends[-1]) + lines.first
        text, number = self._above
        last[last < 0] = number - lines.first
        found = np.flatnonzero((last >= behind) & (headers - last <= 2) & (last < headers))
        between = (headers - last - 1)[found].tolist()
        return {
            position: ((lines.text(line) if line >= 0 else text)[:_ABOVE], empty)
            for position, line, empty in zip(
                found.tolist(), last[found].tolist(), between, strict=True
            )
            if line >= 0 or text
        }

    def _remember(self, lines: Lines, kept: int) -> None:
        """Keep the last text line of a stretch for the block that may start the next one."""
        filled = np.flatnonzero(lines.ends[:kept] > lines.starts[:kept])
        if len(filled):
            line = int(filled[-1])
            self._above = (lines.text(line)[:_ABOVE], lines.first + line)


def _bridged(body: Bools, filled: Bools, final: bool) -> Bools:
    """The same with the empty lines between two body lines as body; at the end nobody knows."""
    count = len(body)
    following = np.minimum.accumulate(np.where(filled, np.arange(count), count)[::-1])[::-1]
    behind = np.append(body, not final)[following]
    bridged: Bools = body | (~filled & behind)
    return bridged
