"""Tells the instances of a program apart by where their files lie: a folder per pod, a node in an archive.

The folder of a file counts before its name. A folder or a name that says a time, or what kind of file it is,
tells moments and files of one instance apart, and no instances.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

#: A time in a name: a date with or without a time, a time, or seconds or milliseconds since 1970.
_TIME = (
    r"(?:(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d(?:[-_.T ]?[0-2]\d[-_.:h]?[0-5]\d(?:[-_.:m]?[0-5]\d)?)?Z?"
    r"|[0-2]\d[-_:.][0-5]\d[-_:.][0-5]\d|1[0-9]{9}(?:[0-9]{3})?)"
)
#: What says a moment, or a kind of file, with or without a number.
_WORDS = """
    after before captures? crash debug=?[0-3]? dumps? earlier first gc gctrace go goroutineleak goroutines?
    heap last later logs? new now old out output panic pprof profiles? sched schedtrace scheddetail sigquit
    stacks? stderr stdout then threads? traces?
"""
#: Of two moments the earlier and the later one.
_RANKS = dict.fromkeys("before earlier first old then".split(), 0) | dict.fromkeys(
    "after last later new now".split(), 1
)
_KIND = rf"(?:{'|'.join(_WORDS.split())})\d*"
_MOMENT_FOLDER = re.compile(rf"(?:{_TIME}|{_KIND})(?:[-_.](?:{_TIME}|{_KIND}|\d+))*", re.IGNORECASE)
_SUFFIXES = re.compile(
    r"(?:\.(?:gz|zst|xz|bz2|txt|log|out|err|pb|pprof|prof|json|dump|trace|dmp|stderr|stdout))+(?:\.\d+)?$",
    re.IGNORECASE,
)
_PACKED = re.compile(r"\.(?:gz|zst|xz|bz2)$")
#: The end of a name that says a moment or a kind of file.
_TELLING = re.compile(rf"(?:^|[-_. ])(?:{_KIND}|{_TIME})(?:[-_. ]\d+)?$", re.IGNORECASE)
_LEADING = re.compile(rf"{_KIND}[-_. ](?=.)", re.IGNORECASE)
_NUMBER = re.compile(r"[-_. ]\d+$")
_SAFE = "[bcdfghjklmnpqrstvwxz2456789]"  # ``rand.SafeEncodeString`` of Kubernetes
#: A pod of a deployment, or what says that it is one of many.
_ONE_OF_MANY = re.compile(
    rf"-{_SAFE}{{8,10}}-{_SAFE}{{5}}$"
    r"|(?<![^\W\d_])(?:pod|node|host|instance|replica)s?[-_.]?\w"
    r"|(?<![\d.])\d{1,3}(?:[.]\d{1,3}){3}(?![\d.])",
    re.IGNORECASE,
)


def instances_of(names: Sequence[str]) -> list[str]:
    """The instance of each input, as short as tells them apart; "" where they are all of one."""
    paths = [name.replace("\\", "/") for name in names]
    folders = [_folder(path) for path in paths]
    if len(set(folders)) > 1:
        return _shortened(folders) if _alike(paths, folders) else [""] * len(names)
    stems = [_stem(path.rpartition("/")[2]) for path in paths]
    if None in stems:
        stems = _numbered_stems(paths)
    if None in stems or len(set(stems)) < 2:
        return [""] * len(names)
    return [stem or "" for stem in stems]


def moments_of_names(names: Sequence[str]) -> list[tuple[int, ...]] | None:
    """What orders names that differ only in numbers, times and words like "before"; None for others."""
    parts = [re.split(r"(\d+|[^\W\d_]+)", _PACKED.sub("", name.lower())) for name in names]
    ranks = [[int(p) if p.isdecimal() else _RANKS.get(p) for p in found] for found in parts]
    shapes = {
        tuple(part if rank is None else 0 for part, rank in zip(found, known, strict=True))
        for found, known in zip(parts, ranks, strict=True)
    }
    if len(shapes) > 1:
        return None
    return [tuple(rank for rank in known if rank is not None) for known in ranks]


def _numbered_stems(paths: Sequence[str]) -> list[str | None]:
    """What stands before the numbers of dumps (dump-a-1, dump-a-2, dump-b-1), or the whole names of pods.

    One name before all numbers may be that of one program that was dumped several times, or of several.
    """
    whole = [_SUFFIXES.sub("", path.rpartition("/")[2]) for path in paths]
    bare = [_LEADING.sub("", name) for name in whole]
    numbered = [_NUMBER.sub("", name) for name in bare]
    if len(set(numbered)) > 1 and all(a != b for a, b in zip(bare, numbered, strict=True)):
        return [*numbered]
    return [name if _ONE_OF_MANY.search(name) else None for name in bare]


def _folder(path: str) -> str:
    """The folder of a file without parts that say a time or a kind of file."""
    parts = [part for part in re.split(r"[/!]", path)[:-1] if part]
    while parts and _MOMENT_FOLDER.fullmatch(parts[-1]):
        parts.pop()
    return "/".join(parts)


def _alike(paths: Sequence[str], folders: Sequence[str]) -> bool:
    """Whether each folder holds a file that is called like one in another folder, but for numbers.

    A log here and a dump there may well be of one program.
    """
    owners: dict[str, set[str]] = {}
    for path, folder in zip(paths, folders, strict=True):
        name = re.sub(r"\d+", "0", _SUFFIXES.sub("", path.rpartition("/")[2]))
        owners.setdefault(name, set()).add(folder)
    shared = [held for held in owners.values() if len(held) > 1]
    return set().union(*shared) == set(folders)


def _stem(name: str) -> str | None:
    """What stands in a name before a time, a kind of file or the number of a dump; None if nothing does."""
    stem = _SUFFIXES.sub("", name)
    if not _TELLING.search(stem):
        return None
    shorter = _TELLING.sub("", stem)
    while _TELLING.search(shorter):
        shorter = _TELLING.sub("", shorter)
    return shorter or None


def _shortened(folders: Sequence[str]) -> list[str]:
    """The folders without what they all begin with; a number alone says nothing, so it keeps its parent."""
    parts = {folder: folder.split("/") for folder in folders}
    common = 0
    while len({tuple(p[: common + 1]) for p in parts.values()}) == 1:
        common += 1
    if any(p[-1].isdigit() for p in parts.values()):
        common = max(0, min(common, min(map(len, parts.values())) - 1) - 1)
    return ["/".join(parts[folder][common:]) or folder for folder in folders]
