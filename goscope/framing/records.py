"""How a format says what its records look like.

An *opening* is the literal that a line must start with, where ``#`` stands for any digit:
``b"SCHED #"``, ``b"  P#"``. Openings are compared for all lines at once, so they may be loose; the
*sign* is the pattern that makes such a line a record rather than an application line that happens
to start alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineKind:
    """A record that is one line, which a book may have continued on the next.

    ``name`` is the start rule in the grammar. ``continuation`` matches the rest of a wrapped line,
    ``complete`` the end of a record that certainly lost nothing when the input ends without a line
    end. ``last`` are the bytes that a whole record may end with; a line that ends otherwise may be
    torn. ``rest`` matches what only the end of such a record looks like: a line like that shows
    that one was torn. ``rest_ends`` are the last two bytes that it may have. An ``inner`` one belongs
    to a record above.
    """

    name: str
    openings: tuple[bytes, ...]
    sign: re.Pattern[bytes]
    complete: re.Pattern[bytes]
    last: bytes
    continuation: re.Pattern[bytes] | None = None
    rest: re.Pattern[bytes] | None = None
    rest_ends: tuple[bytes, ...] = ()
    inner: bool = False


@dataclass(frozen=True, slots=True)
class BlockKind:
    """A record of several lines: an opening line, then pairs of a line and an indented line.

    ``lone`` are the openings of body lines that may stand without an indented line below them.
    Where no literal opens a block, as with numbers, ``header`` matches its first line, anchored at both
    ends, and each such line contains one of the ``guards``, given with the bytes that the line may then
    start with (none: any). Such lines count from the first line that matches the sign on; it starts with
    an opening or contains ``mark``.
    The other fields say where a kind differs from that:

    * ``words``: literals that open a block as well, anywhere in a line and without a sign;
    * ``pairs``: whether a line above an indented one belongs to the body, or only the indented one;
    * ``gaps``: whether the body goes on behind empty lines;
    * ``quoted``: whether a quotation's prefix may be learned from it;
    * ``told``: whether a live stream passes it on to the reader as well;
    * ``above``: whether the block is handed on with the text line that stands right above it;
    * ``leads_to``: the name of a kind that such a block introduces. Any text between belongs to
      the introducing block, also what looks like a record of that kind (a *false* one), if within
      :data:`goscope.framing.crash_extent.REACH` lines a record comes whose first lines match ``begins``;
    * ``headless``: first lines of blocks with ``leads_to`` below which the first record of the other kind
      has no first line of its own;
    * ``begins``: what the first lines of a record look like, also where the text ends in them.

    ``pair`` are the patterns of two lines that surely belong to such a record, wherever they stand;
    with it, a record is put together again when other lines stand inside
    (:mod:`goscope.framing.torn_blocks`). ``unpaired`` starts a line that belongs to it alone,
    ``closing`` the first line of the last pair, ``begun`` the first line of a pair in which the input ends.
    ``pieces`` are openings, and signs, of lines that nobody but Go prints: where one stands in no record, a
    record was lost.
    """

    name: str
    openings: tuple[bytes, ...]
    sign: re.Pattern[bytes]
    lone: tuple[bytes, ...] = ()
    header: re.Pattern[bytes] | None = None
    guards: tuple[tuple[bytes, bytes], ...] = ()
    mark: bytes = b""
    words: tuple[bytes, ...] = ()
    pairs: bool = True
    gaps: bool = False
    quoted: bool = True
    told: bool = False
    above: bool = False
    leads_to: str | None = None
    headless: re.Pattern[bytes] | None = None
    begins: re.Pattern[bytes] | None = None
    pair: tuple[re.Pattern[bytes], re.Pattern[bytes]] | None = None
    unpaired: bytes = b"..."
    closing: bytes = b"created by "
    begun: re.Pattern[bytes] | None = None
    pieces: tuple[tuple[bytes, re.Pattern[bytes]], ...] = ()

    @property
    def introduces(self) -> bool:
        """Whether what stands below such a line may belong to it, records of other kinds as well."""
        return self.leads_to is not None or self.gaps
