"""Cuts blocks of several lines out of a stretch: goroutines, heads of crashes, profiles, reports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from goscope.framing import torn_blocks as interrupted
from goscope.framing.crash_extent import CrashExtents, crash_extents_of
from goscope.framing.framed import LONGEST_LINE, LONGEST_RECORD, BlockRecords, Piece, Rejoined
from goscope.framing.lines import Lines, Positions
from goscope.framing.loose_stacks import loose_stacks, may_be_loose
from goscope.framing.record_finder import RecordFinder
from goscope.framing.records import BlockKind
from goscope.tables.table import Bools, distinct

ABOVE = 2_000  # bytes of a text line above a block
#: Where the rest of a block may stand whose beginning was cut off; the first line may be half a line.
_FIRST_LINES = 2
#: So near below a head its stack stands: an empty line may part them.
_NEAR = 2


@dataclass(frozen=True, slots=True)
class Found:
    """The blocks of one kind in a stretch: where they begin and end.

    ``again`` holds, by their first line, those in which other lines stand, as they read again.
    """

    kind: BlockKind
    headers: Positions
    ends: Positions
    again: Mapping[int, interrupted.Whole]


class BlockFramer:
    """Finds blocks; those that other lines stand in are put together, and noted."""

    def __init__(self, finder: RecordFinder, rejoined: Rejoined):
        #: Whether a block was found inside of which trace lines may stand.
        self.found = False
        #: How many lines look like records and are of the value of a crash.
        self.quoted = 0
        #: Whether a record that was too long may go on in the next line.
        self.passing = False
        self._passed = 0  # the first line of the stretch behind it
        self._kinds = kinds = finder.block_kinds
        self._accepts = finder.accepts
        self._rejoined = rejoined
        self._begun: dict[str, int] = {}  # the line from which on a kind without openings counts
        self._above: tuple[bytes, int] = (b"", -1)  # the last text line, and its number
        self._above_ends: dict[str, int] = {}  # where the last block of a kind ended
        self._led_to: Positions = np.empty(0, np.int64)  # line numbers that blocks lead to
        self._heads = np.zeros(256, np.bool_)  # what blocks of the rare kinds start with
        for rare in kinds:
            if rare.header is None and rare.begins is None:
                self._heads[[opening[0] for opening in rare.openings]] = True

    def expect_all(self) -> None:
        """What the first block of a kind announces is not in this part of the input."""
        self._begun = {kind.name: 0 for kind in self._kinds}

    def begin_in(self, lines: Lines) -> bool:
        """Whether a block may begin in one of the lines."""
        data, heads = lines.data, {*distinct(lines.heads).tolist()}
        for kind in self._kinds:
            literals = [*kind.words, *(guard for guard, _ in kind.guards), kind.mark]
            there = any(literal and literal in data for literal in literals)
            if there and (kind.header is None or len(lines.matching(kind.header))):
                return True
            openings = [opening for opening in kind.openings if opening[0] in heads]
            if len(lines.opening_with(openings)):
                return True
        return False

    def find(
        self, lines: Lines, records: Positions, final: bool, cut: bool
    ) -> tuple[list[Found], int]:
        """The blocks of all kinds, and the line from which on they are not known yet.

        ``records`` are the one-line records; ``final`` says that the input ends here, ``cut`` that it
        ends inside a line.
        """
        rare = np.flatnonzero(self._heads[lines.heads])
        headers_of = {kind.name: self._headers(lines, kind, rare) for kind in self._kinds}
        claims, kept = self._claims(lines, headers_of, records, final, cut)
        led_to = [claim.led_to + lines.first for claim in claims.values()]
        self._led_to = np.concatenate([self._led_to[self._led_to >= lines.first], *led_to])
        found = []
        for kind in self._kinds:
            headers = headers_of[kind.name]
            if not len(headers):
                continue
            again: dict[int, interrupted.Whole] = {}
            if kind.name in claims:
                headers, ends = claims[kind.name].headers, claims[kind.name].ends
            else:
                for claim in claims.values():
                    headers = headers[~np.isin(headers, claim.false_ones)]
                ends = self._ends(lines, kind, headers, records, claims, final, cut)
                again = self._interrupted(lines, kind, headers, ends, final)
                if len(headers) and ends[-1] > len(lines):  # runs out of the stretch: hold it back
                    kept = min(kept, int(headers[-1]))
                    headers, ends = headers[:-1], ends[:-1]
            found.append(Found(kind, headers, ends, again))
        self._passed = 0
        for kind in self._kinds:
            if may_be_loose(lines, kind):
                found, kept = self._with_loose_stacks(lines, kind, found, kept, final)
        return found, kept

    def _with_loose_stacks(
        self, lines: Lines, kind: BlockKind, found: list[Found], kept: int, final: bool
    ) -> tuple[list[Found], int]:
        """The same with the records of a kind that have no first line, and where to hold back now."""
        covered = self.covered(lines, [_leading_no_further(lines, one, kind) for one in found])
        text, number = self._above
        above = text if number == lines.first - 1 else b""
        found_loose = loose_stacks(lines, kind, covered, above, self.passing)
        starts, ends, open_from, self._passed = found_loose
        if not final:
            kept = min(kept, open_from)
        starts, ends = starts[starts < kept], ends[starts < kept]
        if not len(starts):
            return found, kept
        result = [self._leading(lines, one, kind, starts) for one in found if one.kind is not kind]
        own = [one for one in found if one.kind is kind]
        headers = np.concatenate([*(one.headers for one in own), starts])
        order = np.argsort(headers, kind="stable")
        all_ends = np.concatenate([*(one.ends for one in own), ends])
        again = {line: whole for one in own for line, whole in one.again.items()}
        return [*result, Found(kind, headers[order], all_ends[order], again)], kept

    def _leading(self, lines: Lines, one: Found, kind: BlockKind, starts: Positions) -> Found:
        """The same blocks; those with a loose stack right below, or in what they claim, end there."""
        if one.kind.leads_to != kind.name or not len(one.headers):
            return one
        place = np.searchsorted(starts, one.headers)
        below = np.append(starts, len(lines) + _NEAR)[place]
        led = np.isin(one.ends + lines.first, self._led_to)
        leads = (below < one.ends) | (~led & (below - one.ends < _NEAR))
        if leads.any():
            found = below[leads] + lines.first
            self._led_to = distinct(np.concatenate([self._led_to, found]))
        return replace(one, ends=np.where(leads, below, one.ends))

    def pieces(
        self, lines: Lines, found: Sequence[Found], kept: int, cut_line: int
    ) -> Iterator[Piece]:
        """The blocks that begin in the first ``kept`` lines; the input ends within ``cut_line``."""
        for one in found:
            inside = one.headers < kept
            yield from self._records(
                lines, one.kind, one.headers[inside], one.ends[inside], one.again, cut_line
            )
        self._remember(lines, kept)
        if kept:
            self.passing = self._passed >= kept

    def covered(self, lines: Lines, found: Sequence[Found]) -> Bools:
        """Which lines are of blocks, not counting others that stand in them."""
        if found:
            starts = np.concatenate([one.headers for one in found])
            ends = np.minimum(np.concatenate([one.ends for one in found]), len(lines))
            steps = np.bincount(starts, minlength=len(lines) + 1)
            steps -= np.bincount(ends, minlength=len(lines) + 1)
            inside: Bools = np.cumsum(steps)[:-1] > 0
        else:
            inside = np.zeros(len(lines), np.bool_)
        inside[: self._passed] = True
        for one in found:
            for whole in one.again.values():
                inside[list(whole.others)] = False
        return inside

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
                begun = _begun_inside(lines, kind, header)
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
    ) -> tuple[dict[str, CrashExtents], int]:
        """The blocks that lead to others, and the line from which on they are not known yet."""
        claims: dict[str, CrashExtents] = {}
        kept = len(lines)
        kinds = {kind.name: kind for kind in self._kinds}
        for kind in self._kinds:
            if kind.leads_to is None or not len(headers_of[kind.name]):
                continue
            headers = headers_of[kind.name]
            certain = self._ends(lines, kind, headers, records, {}, final)
            target, targets = kinds[kind.leads_to], headers_of[kind.leads_to]
            found = crash_extents_of(
                lines, kind, headers, certain, target, targets, records, final, cut
            )
            claims[kind.name] = found
            kept = min(kept, found.kept)
        return claims, kept

    def _ends(
        self,
        lines: Lines,
        kind: BlockKind,
        headers: Positions,
        records: Positions,
        claims: Mapping[str, CrashExtents],
        final: bool,
        cut: bool = False,
    ) -> Positions:
        """For each header the first line that is not of its block; beyond the last line if unknown."""
        if not len(headers):
            return headers
        indented = lines.indented
        body = indented.copy()
        if kind.pairs:
            body[:-1] |= indented[1:]
            body[-1] |= not final  # what comes next is not known yet
        body[lines.opening_with(kind.lone)] = True
        if kind.pair is not None:
            body[lines.opening_with([seam + b"\n" for seam in interrupted.SEAMS])] = False
        if kind.begun is not None and cut and kind.begun.match(lines.text(len(lines) - 1)):
            body[-1] = True
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
        if kind.pair is None or not len(headers):  # others may have claimed them all
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

    def _records(
        self,
        lines: Lines,
        kind: BlockKind,
        headers: Positions,
        ends: Positions,
        again: Mapping[int, interrupted.Whole],
        cut_line: int,
    ) -> Iterator[Piece]:
        if not len(headers):
            return
        self.found = self.found or kind.pair is not None
        data = lines.data
        firsts = lines.starts[headers].tolist()
        lasts = lines.ends[ends - 1].tolist()
        texts = [data[a:b] for a, b in zip(firsts, lasts, strict=True)]
        if again:
            for place in np.flatnonzero(np.isin(headers, list(again))).tolist():
                whole = again[int(headers[place])]
                texts[place] = whole.text
                if whole.torn:
                    self._rejoined.add(int(headers[place]) + lines.first, whole.text)
        if kind.leads_to is not None:
            target = next(one for one in self._kinds if one.name == kind.leads_to)
            self.quoted += sum(len(target.sign.findall(text)) for text in texts)
        cut = bool(cut_line >= 0 and ends[-1] - 1 == cut_line)
        if kind.header is not None and 0 <= cut_line == ends[-1]:  # it began like one of the block
            cut = any(lone.startswith(lines.text(cut_line)) for lone in kind.lone)
        above: Mapping[int, tuple[bytes, int]] = {}
        if kind.above:
            above = self._text_above(lines, kind, headers, ends)
        numbers = headers + lines.first
        led_to: frozenset[int] = frozenset()
        if len(self._led_to):
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
            position: ((lines.text(line) if line >= 0 else text)[:ABOVE], empty)
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
            self._above = (lines.text(line)[:ABOVE], lines.first + line)


def _begun_inside(lines: Lines, kind: BlockKind, header: re.Pattern[bytes]) -> int | None:
    """The first line that looks like one of such a block and has a line of its body right below.

    People copy some records of a profile without its first line.
    """
    if not any(b"\n" + opening in lines.data for opening, _ in kind.pieces):
        return None
    return next(
        (
            line
            for line in lines.matching(header).tolist()
            if line + 1 < len(lines) and lines.text(line + 1).startswith(kind.lone)
        ),
        None,
    )


def _leading_no_further(lines: Lines, one: Found, kind: BlockKind) -> Found:
    """The same blocks; of those that may lead to a loose stack of a kind only their first lines."""
    if one.kind.headless is None or one.kind.leads_to != kind.name:
        return one
    ends = one.ends.copy()
    headless = lines.signed(one.kind.headless, one.headers)
    ends[np.isin(one.headers, headless)] = headless + 1
    return replace(one, ends=ends)


def _bridged(body: Bools, filled: Bools, final: bool) -> Bools:
    """The same with the empty lines between two body lines as body; at the end nobody knows."""
    count = len(body)
    following = np.minimum.accumulate(np.where(filled, np.arange(count), count)[::-1])[::-1]
    behind = np.append(body, not final)[following]
    bridged: Bools = body | (~filled & behind)
    return bridged
