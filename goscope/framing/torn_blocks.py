"""Finds the rest of a block in which other lines stand.

A crashing program prints its goroutines while other threads may still be logging, and the runtime's
own trace lines come in between. So such a block is put together again line by line: a pair of lines
that surely belongs to it, like a call and its place, goes on with it; the others stay where they
are. A line of it that is torn itself is joined with the line below if both make such a line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from goscope.framing import torn_lines as torn
from goscope.framing.lines import Lines
from goscope.framing.records import BlockKind

#: A block does not go on behind so many other lines in a row.
MOST_OTHERS = 16
#: What stands below such a line may be of something else: grep -A prints dashes between matches that are
#: apart, people put dots for what they leave out.
SEAMS = frozenset((b"--", b"...", b"[...]", b"(...)", b"[snip]", b"<snip>", b"(snip)"))
_LONGEST_LINE = 1 << 16


@dataclass(frozen=True, slots=True)
class Whole:
    """The text of a block without the other lines, and the first line behind it.

    ``within`` are whole records of one line that stood inside lines of the block, ``others`` the lines
    between its own, ``torn`` says that there are such lines, or that halves of one were joined.
    """

    text: bytes
    end: int
    within: tuple[tuple[int, bytes], ...]
    others: tuple[int, ...]
    torn: bool


def whole(
    lines: Lines,
    kind: BlockKind,
    header: int,
    end: int,
    stop: int,
    final: bool,
    accepts: Callable[[bytes], bool],
) -> Whole | None:
    """The block from ``header`` on, which seems to end before ``end``; None if that is not known yet.

    ``stop`` is the next header, or the number of lines.
    """
    walk = _Walk(lines, kind, header, end, final, accepts)
    at = end
    while at < stop:
        text = lines.text(at)
        if text in SEAMS:
            return walk.result(seam=at)
        if walk.complete or walk.others > MOST_OTHERS or not (text or walk.torn):
            return walk.result()
        walk.take(at, text)
        at += 1
    if stop < len(lines) or final or walk.complete or walk.others > MOST_OTHERS:
        return walk.result()
    return None


class _Walk:
    """What is known of a block while its lines are looked at."""

    def __init__(
        self,
        lines: Lines,
        kind: BlockKind,
        header: int,
        end: int,
        final: bool,
        accepts: Callable[[bytes], bool],
    ):
        assert kind.pair is not None
        self.others = 0
        self._kind = kind
        self._accepts = accepts
        self._first, self._second = kind.pair
        self._lines, self._header = lines, header
        self._texts = [lines.text(line) for line in range(header, end)]
        self._last = end - 1
        self._pending: bytes | None = None  # the first of a pair, whose second has not come
        self._pending_line = -1
        self._end_of_input = len(lines) - 1 if final else -1
        self._front: bytes | None = None  # of a torn line
        self._within: list[tuple[int, bytes]] = []
        self._others: set[int] = set()
        if not self._texts[0].endswith(b":") and (front := torn.front(self._texts[0])) is not None:
            self._note(header, self._texts[0])
            self._texts, self._front = [], front
        elif len(self._texts) > 1 and not self._second.match(self._texts[-1]):
            front = torn.front(self._texts[-1])
            if front is not None:  # the place of the last call
                self._note(end - 1, self._texts.pop())
                self._pending = self._texts.pop() if len(self._texts) > 1 else None
                self._front = front

    @property
    def complete(self) -> bool:
        """Whether the block has its last pair; nothing of it follows."""
        return len(self._texts) > 2 and self._texts[-2].startswith(self._kind.closing)

    @property
    def torn(self) -> bool:
        """Whether the line before was torn, so that its end may be all that is on a line."""
        return self._front is not None

    def result(self, seam: int = -1) -> Whole:
        """The block; ``seam`` is the line that ends it, if it is one that stands for what was left out."""
        placeless = len(self._texts) == 1 or self._pending_line in (self._end_of_input, seam - 1)
        if placeless and self._pending is not None and self._pending_line == self._last + 1:
            self._texts.append(self._pending)  # the place of this call is not in the text
            self._last += 1
            self._others.discard(self._last)
        others = tuple(line for line in sorted(self._others) if line <= self._last)
        plain = [self._lines.text(line) for line in range(self._header, self._last + 1)]
        torn = bool(self._within) or plain != self._texts
        return Whole(b"\n".join(self._texts), self._last + 1, tuple(self._within), others, torn)

    def take(self, line: int, text: bytes) -> None:
        if len(text) > _LONGEST_LINE:
            self.others += 1
        elif not self._continue(line, text) and not (
            self._front is not None and self._continue(line, self._front + text)
        ):
            self.others += 1
            self._others.add(line)
            self._front = self._front if text else None
            front = torn.front(text)
            if front is not None:
                self._front = front
                self._others.discard(line)
                self._note(line, text)

    def _continue(self, line: int, text: bytes) -> bool:
        """Whether a line goes on with the block."""
        if not self._texts:
            if not text.endswith(b":") or not self._kind.sign.match(text):
                return False
            self._texts.append(text)
        elif self._pending is not None and self._second.match(text):
            self._texts += [self._pending, text]
            self._others.discard(self._pending_line)
            self._pending = None
        elif self._first.match(text) and torn.front(text) is None:
            self._pending, self._pending_line = text, line
            self._others.add(line)
            self._front = None
            self.others += 1
            return True
        elif text.startswith(self._kind.unpaired):
            self._texts.append(text)
        else:
            return False
        self._front, self._last, self.others = None, line, 0
        return True

    def _note(self, line: int, text: bytes) -> None:
        within = torn.inside(text, self._accepts)
        if within is not None:
            self._within.append((line, within))
