"""Real input made hostile: cut, flipped, doubled, reordered, joined with other input, packed."""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable

import zstandard

from tests.conftest import CAPTURES, content

#: Of a capture, so much: enough for several records of everything.
_SIZE = 12_000
_TEXTS = (
    "go1.27/labels/dump-*.txt*",
    "go1.27/leaked_proven/goroutineleak.txt*",
    "go1.27/synctest_bubble/*.txt*",
    "go1.19/panic_all/panic.log",
    "go1.27/idle_server/sigquit.log*",
    "go1.27/crashes/*",
    "go1.27/gc_siblings/stderr.log*",
    "go1.23/cpu_starving/stderr.log*",
    "go1.27/blocked_mutex/stderr.log*",
    "go1.27/profiles/*debug1*",
    "go1.27/leak_receiver/dump-debug1.txt*",
    "go1.27/self_dump/*.log*",
)
_PROFILES = ("go1.27/profiles/*.pb.gz", "go1.22/profiles/*.pb.gz")

#: What the formats are made of, and what breaks programs.
_WORDS: tuple[bytes, ...] = tuple(
    b"\n|\r\n|\0|\xff\xfe|\xc2\x9b|\xe2\x80\xae|\xed\xa0\x80|\x1b]8;;http://x\x1b\\|\x1b[2J|goroutine |goroutine 1 [running]:\n"
    b"|[originating from goroutine 1]:\n|created by | in goroutine |...|(...)| (leaked)|{|}|{\"a\": \"\\xff\"}|{a: \"\\ud800\"}"
    b"|99999999999999999999999|-1|0|+Inf|NaN|1e400| minutes|\t| |:|@|SCHED |SCHED 0ms:|gc 1 @|[1 2 3]|  P0:|  M0:|  G1:"
    b"|panic: |fatal error: |[recovered]|signal SIGSEGV|==================\n|WARNING: DATA RACE\n|goroutine profile: total "
    b"|heap profile: |#\t0x|# labels: {\"|--- FAIL: |FAIL\t|exit status 2\n|{\"log\":\"|\",\"stream\":\"stderr\"}\n|</script>|=cmd|`|\\|"
    .replace(b"|\\|", b"|\\").split(b"|")
)  # fmt: skip


@functools.cache
def seeds() -> tuple[bytes, ...]:
    """The beginnings of real captures of every format, text and binary."""
    paths = [p for pattern in _TEXTS for p in sorted(CAPTURES.glob(pattern)) if p.is_file()]
    texts = [content(path)[:_SIZE] for path in paths if path.suffix != ".json"]
    profiles = [content(p) for pattern in _PROFILES for p in sorted(CAPTURES.glob(pattern))]
    return (*texts, *(profile for profile in profiles if len(profile) < 4 * _SIZE))


def mutant(rng: random.Random) -> bytes:
    """One hostile input."""
    data = rng.choice(seeds())
    if rng.random() < 0.2:
        data = _wrapped(rng, data)
    for _ in range(rng.choice((0, 1, 1, 2, 3, 6))):
        data = rng.choice(_MUTATIONS)(rng, data)
    while rng.random() < 0.1:
        data = rng.choice(_PACKINGS)(data)
        if rng.random() < 0.7:
            data = rng.choice((_flip, _cut, _remove))(rng, data)
    return data


def _span(rng: random.Random, data: bytes) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 2, 8, 60, 400, 3000)))


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3, 20)) if data else 0):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _cut(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] if rng.random() < 0.7 else data[at:]


def _remove(rng: random.Random, data: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + data[end:]


def _double(rng: random.Random, data: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + data[start:end] * rng.choice((2, 3, 30)) + data[end:]


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(_WORDS) * rng.choice((1, 1, 2, 50)) + data[at:]


def _lines(rng: random.Random, data: bytes) -> bytes:
    """Lines in another order, doubled or gone."""
    lines = data.splitlines(keepends=True)
    for _ in range(rng.choice((1, 5, 40)) if lines else 0):
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[i] = rng.choice((lines[j], lines[j] + lines[i], b""))
    return b"".join(lines)


def _join(rng: random.Random, data: bytes) -> bytes:
    """A part of another capture in the middle."""
    other = rng.choice(seeds())
    at, (start, end) = rng.randrange(len(data) + 1), _span(rng, other)
    return data[:at] + other[start : end + 2000] + data[at:]


def _numbers(rng: random.Random, data: bytes) -> bytes:
    """Other numbers, such as fit into no column."""
    digits = [i for i in range(len(data)) if data[i : i + 1].isdigit()]
    for at in sorted(rng.sample(digits, min(len(digits), 4)), reverse=True):
        data = data[:at] + b"9" * rng.choice((0, 5, 18, 19, 20, 40, 400)) + data[at:]
    return data


def _wrapped(rng: random.Random, data: bytes) -> bytes:
    prefix = rng.choice(
        (b"app-1  | ", b"2026-11-23T21:33:16.123Z stderr F ", b"> ", b"# ", b"    ")
    )
    return b"".join(prefix + line for line in data.splitlines(keepends=True))


_MUTATIONS = (_flip, _cut, _remove, _double, _insert, _insert, _lines, _join, _numbers)


def _tar(data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in ("a/dump-1.txt", "../../dump-2.txt"):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return file.getvalue()


def _zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("dump-1.txt", (2026, 11, 23, 0, 0, 0)), data)
        archive.writestr(zipfile.ZipInfo("../dump-2.txt", (2026, 11, 23, 0, 0, 0)), data)
    return file.getvalue()


_PACKINGS: tuple[Callable[[bytes], bytes], ...] = (
    lambda data: gzip.compress(data, 1, mtime=0),
    lambda data: zstandard.compress(data, 1),
    lambda data: lzma.compress(data, preset=0),
    lambda data: bz2.compress(data, 1),
    _tar,
    _zip,
)
