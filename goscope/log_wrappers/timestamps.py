"""The time stamps that wrappers put before a line, as nanoseconds since 1970 in UTC.

A stamp counts only if it says its year: of ``Nov 23 22:00:00``, ``I1123 22:00:00`` and ``22:00:00``
nobody knows which, and a guess would be wrong every January. A stamp without a zone is taken as UTC.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np

from goscope.framing.lines import Positions

#: What a line without a known time has; earlier than any real time.
NEVER = np.iinfo(np.int64).min
_SECOND = 10**9

#: ISO 8601 and RFC 3339, and as Go's log package, logging libraries and databases write it.
ISO = (
    rb"(?:19|20)[0-9]{2}[-/][01][0-9][-/][0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
    rb"(?:[.,][0-9]{1,9})?(?: ?(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})(?![0-9A-Za-z]))?"
)
_PARTS = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?",
    re.ASCII,
)
_NUMBER = re.compile(r"\d{9,19}(?:\.\d{1,9})?", re.ASCII)
# Seconds, milli-, micro- and nanoseconds since 1970 are told apart by their size, until the year 2262.
_LATEST = 2**63 // _SECOND
_UNITS = ((_LATEST, _SECOND), (_LATEST * 10**3, 10**6), (_LATEST * 10**6, 10**3), (2**63, 1))

Stamp = bytes | int | float | None


def nanoseconds(stamps: Sequence[Stamp]) -> Positions:
    """Each stamp as nanoseconds, :data:`NEVER` where it is none."""
    if not stamps or (stamps[0] is None and stamps.count(None) == len(stamps)):
        return np.broadcast_to(np.int64(NEVER), len(stamps))
    same = _all_alike(stamps)
    return np.array([one(stamp) for stamp in stamps], np.int64) if same is None else same


def one(stamp: Stamp) -> int:
    """One stamp as nanoseconds, :data:`NEVER` if it is none."""
    if isinstance(stamp, bytes):
        text = stamp.decode("ascii", "replace")
        found = _PARTS.fullmatch(text)
        if found is not None:
            fraction = int((found[7] or "0").ljust(9, "0"))
            seconds = _seconds(found[1], found[2], found[3], found[8])
            if seconds is not None and int(found[4]) < 24:
                clock = int(found[4]) * 3600 + int(found[5]) * 60 + int(found[6])
                return (seconds + clock) * _SECOND + fraction
            return NEVER
        if not _NUMBER.fullmatch(text):
            return NEVER
        whole, _, rest = text.partition(".")
        if int(whole) >= 2**63 - _SECOND:
            return NEVER
        unit = _unit(int(whole))
        return int(whole) * unit + int((rest or "0").ljust(9, "0")) * unit // _SECOND
    if isinstance(stamp, float):
        if not 10**8 <= stamp < 2**63 - 1024:  # nor NaN
            return NEVER
        return round(stamp * 10**6) * 1000 if stamp < _LATEST else int(stamp) * _unit(int(stamp))
    if isinstance(stamp, int) and 10**8 <= stamp < 2**63:  # True and False are too small
        return stamp * _unit(stamp)
    return NEVER


def _unit(number: int) -> int:
    return next(unit for most, unit in _UNITS if number < most - 1)


_FARTHEST = 2**63 // _SECOND - 2 * 86_400  # with a clock of any zone it still fits


@lru_cache(maxsize=1024)
def _seconds(year: str, month: str, day: str, zone: str | None) -> int | None:
    """The start of a day in a zone, in seconds; None of days that are far from 1970 (292 years)."""
    offset = timedelta()
    if zone is not None and zone[0] in "+-":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        offset = -offset if zone[0] == "-" else offset
    try:
        start = datetime(int(year), int(month), int(day), tzinfo=UTC) - offset
    except (ValueError, OverflowError):
        return None
    seconds = int(start.timestamp())
    return seconds if abs(seconds) < _FARTHEST else None


_DIGITS = "0000-00-00T00:00:00"


def _all_alike(stamps: Sequence[Stamp]) -> Positions | None:
    """The same for stamps that are equally long and of one day and zone, all at once."""
    first = stamps[0] if len(stamps) else None
    if len(stamps) < 16 or not isinstance(first, bytes) or len(first) < len(_DIGITS):
        return None
    try:
        joined = b"".join(stamps)  # type: ignore[arg-type]
    except TypeError:
        return None
    size = len(first)
    if len(joined) != size * len(stamps) or set(map(len, stamps)) != {size}:  # type: ignore[arg-type]
        return None
    matrix = np.frombuffer(joined, np.uint8).reshape(len(stamps), size)
    found = _PARTS.fullmatch(first.decode("ascii", "replace"))
    if found is None or one(first) == NEVER:
        return None
    begin, end = found.span(7)
    vary = np.zeros(size, np.bool_)  # the digits of the clock and of the fraction
    vary[[11, 12, 14, 15, 17, 18]] = True
    vary[begin:end] = begin >= 0
    if not (matrix[:, ~vary] == matrix[0, ~vary]).all():
        return None
    digits = matrix[:, vary].astype(np.int64) - ord("0")
    if ((digits < 0) | (digits > 9)).any():
        return None
    weights = np.array([36000, 3600, 600, 60, 10, 1], np.int64) * _SECOND
    if begin >= 0:
        weights = np.concatenate((weights, 10 ** np.arange(8, 8 - (end - begin), -1)))
    day = _seconds(found[1], found[2], found[3], found[8])
    assert day is not None
    return np.asarray(day * _SECOND + digits @ weights, np.int64)
