"""The order of snapshots that were found: in a directory, by a pattern, in an archive.

Arguments given one by one keep their order; what was *found* has none, and goscope gives it one:

1. Names that all hold a point in time, a date (``dump-2026-11-23T21:33.txt``,
   ``goroutine_20261123_213300.txt``) or Unix time (``1795469580.txt``), go by that time.
2. Otherwise names go by their letters, and the numbers in them by value: ``dump-2`` before ``dump-10``,
   ``dump`` before ``dump-2``.
3. Names that differ in no number (``before.txt``, ``after.txt``) hold no order, so the time of the last
   change decides.

Each folder is put in order for itself, a folder before those below it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

_DATE = (
    r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])"
    r"(?:(?:[Tt _.-]|at|T-)?([01]\d|2[0-3])[-_:.h]?([0-5]\d)(?:[-_:.m]?([0-5]\d)(?:[.,](\d{1,9}))?)?)?(?!\d)"
)
#: Unix time in seconds, milli-, micro- or nanoseconds, from 2001 to 2096.
_UNIX = r"(?<!\d)([1-3]\d{9})(\d{3}|\d{6}|\d{9})?(?!\d)"
_NUMBER = re.compile(r"(\d+)")
_SUFFIX = re.compile(r"\.(?:[A-Za-z]+|bz2)\Z")


def in_order(
    items: Sequence[T], name: Callable[[T], str], changed: Callable[[T], float]
) -> list[T]:
    """The items in the order that the module describes; ``changed`` is when each was last changed."""
    folders: dict[str, list[T]] = {}
    for item in sorted(items, key=name):
        folders.setdefault(name(item).rpartition("/")[0], []).append(item)
    ordered: list[T] = []
    for folder in sorted(folders, key=lambda f: ([_natural(p) for p in f.split("/") if p], f)):
        ordered += _in_folder(folders[folder], lambda i: name(i).rpartition("/")[2], changed)
    return ordered


def _in_folder(
    items: Sequence[T], name: Callable[[T], str], changed: Callable[[T], float]
) -> list[T]:
    names = [name(item) for item in items]
    times = _times(names)
    if times is not None:
        keys: list[tuple[object, ...]] = [(time,) for time in times]
    elif len({tuple(_NUMBER.findall(one)) for one in names}) == 1:
        keys = [(changed(item),) for item in items]
    else:
        keys = [() for _ in items]
    ranked = sorted(
        range(len(items)), key=lambda at: (*keys[at], _natural(_stem(names[at])), names[at])
    )
    return [items[at] for at in ranked]


def _times(names: Sequence[str]) -> list[tuple[str, ...]] | None:
    """The points in time that the names hold, as texts that sort; None unless all hold the same sort."""
    for pattern in (_DATE, _UNIX):
        found = [list(re.finditer(pattern, name)) for name in names]
        if all(found):
            parts = [[part or "" for part in matches[-1].groups()] for matches in found]
            return [(*time[:-1], time[-1].ljust(9, "0")) for time in parts]
    return None


def _stem(name: str) -> str:
    """The name without ``.txt``, ``.log.gz`` and the like."""
    for _ in range(3):
        name = _SUFFIX.sub("", name) or name
    return name


def _natural(text: str) -> list[tuple[int, int, str]]:
    parts = _NUMBER.split(text)
    return [
        (0, int(part[:400]), "") if part.isdecimal() else (1, 0, part) for part in parts if part
    ]
