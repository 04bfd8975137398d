"""The inputs of the benchmarks: large files made of what real programs printed.

Nothing here is invented text. Trace lines are captured lines in which numbers are exchanged for ones
that a runtime printed at the same place; the dump is a real one where a Go toolchain is at hand.
The same captures always give the same bytes, except for the real dump.
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from fixtures.capture import CAPTURES, DEFAULT_CACHE, PROGRAMS

_SEED = 20
_LINES_AT_ONCE = 20_000
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_GC = re.compile(
    r"gc [0-9]+ @[0-9.]+s (?P<percent>[0-9]+%.*?): (?P<clock>.* ms clock), (?P<cpu>.* ms cpu), "
    r"(?P<heap>.* P(?: \(forced\))?)"
)
_SCHED = re.compile(
    r"SCHED [0-9]+ms: (?P<fields>gomaxprocs=4 [^\[]*\[[^\]]*\])(?: schedticks=\[(?P<ticks>[^\]]*)\])?"
)
_DETAIL = re.compile(
    r"^SCHED [0-9]+ms(: gomaxprocs=4 [^\[\n]*\n(?:  [PMG][^\n]*\n)+)", re.MULTILINE
)
_ID = re.compile(rb"^goroutine ([0-9]+) |in goroutine ([0-9]+)$", re.MULTILINE)
_ADDRESS = re.compile(rb"0x[0-9a-f]{6,}")
_TIME = re.compile(r"^[0-9/]+ [0-9:.]+ ")


# The dump


def find_go(named: str | None = None) -> str | None:
    """A ``go`` command: the named one, that of PATH, or one that ``fixtures/capture.py`` has fetched."""
    if named:
        return named
    if found := shutil.which("go"):
        return found
    fetched = DEFAULT_CACHE.glob("toolchains/*/go/bin/go")
    newest = max(fetched, key=lambda go: _version_key(go.parents[2].name), default=None)
    return str(newest) if newest else None


def write_real_dump(path: Path, goroutines: int, go: str, *, sigquit: bool = False) -> str:
    """Build and run ``fixtures/programs/crowd``; returns the version of Go that did it.

    ``sigquit`` has it print the dump of a SIGQUIT instead, which is more than twice as long.
    """
    with _program(go, "crowd") as (crowd, version):
        count = ["-n", str(goroutines)]
        if sigquit:
            with path.open("wb") as file:
                subprocess.run([crowd, *count, "-quit"], check=False, stderr=file)
        else:
            _output([crowd, *count, "-o", str(path.resolve())], path.parent, _go_environment())
    return version


@contextlib.contextmanager
def _program(go: str, name: str) -> Iterator[tuple[str, str]]:
    """One of the fixture programs, built, and the version of Go that did it."""
    with tempfile.TemporaryDirectory() as scratch:
        environment = _go_environment()
        # The go line decides about the form of the headers, and the sources may not be written to.
        sources = Path(scratch) / "programs"
        shutil.copytree(PROGRAMS, sources)
        version = _output([go, "env", "GOVERSION"], sources, environment).removeprefix("go")
        release = ".".join(version.split(".")[:2])
        module = f"module example.com/fixtures\n\ngo {release}\n"
        (sources / "go.mod").write_text(module, encoding="utf-8")
        program = f"{scratch}/{name}"
        _output([go, "build", "-trimpath", "-o", program, f"./{name}"], sources, environment)
        yield program, version


def build_dump_parser(target: Path, go: str) -> None:
    """Build ``dump_parser``, what Go itself needs to parse a dump."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(Path(__file__).parent / "dump_parser" / "main.go", scratch)
        (Path(scratch) / "go.mod").write_text("module example.com/dump_parser\n\ngo 1.21\n")
        _output([go, "build", "-o", str(target.resolve()), "."], Path(scratch), _go_environment())


def _go_environment() -> dict[str, str]:
    environment = os.environ | {
        "GOPROXY": "off",
        "GOFLAGS": "-mod=mod",
        "GOTOOLCHAIN": "local",
        "GOENV": "off",
        "CGO_ENABLED": "0",
        "GOCACHE": str(DEFAULT_CACHE / "gocache"),
    }
    environment.pop("GOROOT", None)
    return environment


def write_multiplied_dump(path: Path, goroutines: int) -> str:
    """Repeat the goroutines of a captured dump under new ids and addresses; returns its Go version."""
    version = versions()[-1]
    text = read_capture(version, "crowd", "dump-1.txt")
    main, *blocks = text.rstrip(b"\n").split(b"\n\n")
    with path.open("wb") as file:
        file.write(main + b"\n")
        written = 1
        for copy in itertools.count():
            kept = blocks[: goroutines - written]
            if not kept:
                return version
            file.write(b"\n" + _renumbered(b"\n\n".join(kept), copy) + b"\n")
            written += len(kept)
    raise AssertionError


def _renumbered(text: bytes, copy: int) -> bytes:
    """Other ids (the main goroutine stays 1) and other addresses, alike where they were alike."""
    step, shift = 1_000_003 * copy, copy * 0x5A0C0

    def new_id(match: re.Match[bytes]) -> bytes:
        old = match[1] or match[2]
        if old == b"1":
            return match[0]
        return match[0].replace(old, b"%d" % (int(old) + step))

    def new_address(match: re.Match[bytes]) -> bytes:
        return b"0x%x" % (int(match[0], 16) + shift)

    return _ADDRESS.sub(new_address, _ID.sub(new_id, text))


# The traces


def write_gctrace(path: Path, lines: int) -> None:
    """As many gc lines of one process."""
    _write(path, gc_lines(lines))


def write_schedtrace(path: Path, lines: int) -> str:
    """As many SCHED lines of one process with four Ps; returns the Go version whose lines they are."""
    _write(path, sched_lines(versions()[-1], lines))
    return versions()[-1]


def write_scheddetail(path: Path, blocks: int) -> str:
    """Captured scheddetail blocks of programs with four Ps, with rising times; returns their Go version."""
    version = versions()[-1]
    captured = _DETAIL.findall("\n".join(_trace_lines(version)) + "\n")
    chosen = random.Random(_SEED)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for number in range(blocks):
            file.write(f"SCHED {number * 100}ms" + chosen.choice(captured))
    return version


def write_crash(path: Path) -> str:
    """A captured crash text of about 5 KB; returns its Go version."""
    version = versions()[-1]
    crashes = sorted((CAPTURES / f"go{version}" / "crashes").glob("*.log"))
    path.write_bytes(min(crashes, key=lambda f: abs(f.stat().st_size - 5000)).read_bytes())
    return version


def write_application_log(path: Path, size: int, *, every: int = 100) -> int:
    """A log of about ``size`` bytes in which one line of ``every`` is a trace line; returns their number."""
    version = versions()[-1]
    text = read_capture(version, "app_log", "stderr.log").decode()
    logged = [_TIME.sub("", line) for line in text.splitlines() if _TIME.match(line)]
    traces = _alternate(gc_lines(size), sched_lines(version, size))
    chosen = random.Random(_SEED)
    written = found = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for number in itertools.count(1):
            if written >= size:
                return found
            if number % every:
                line = f"{_clock(number)} {chosen.choice(logged)}\n"
            else:
                line, found = next(traces) + "\n", found + 1
            written += len(line)
            file.write(line)
    raise AssertionError


def gc_lines(count: int) -> Iterator[str]:
    """gc lines with rising cycle and time; each part of a line is from another captured line.

    Times are mixed number by number, heap sizes stay together, so that they remain possible.
    """
    lines = itertools.chain(*map(_trace_lines, versions()))  # the form is one since Go 1.18
    captured = [m for m in map(_GC.fullmatch, lines) if m]
    clocks = _Mixer([m["clock"] for m in captured])
    cpus = _Mixer([m["cpu"] for m in captured])
    chosen = random.Random(_SEED)
    seconds = 0.0
    for cycle in range(1, count + 1):
        seconds += 0.001 * chosen.randint(4, 400)
        head, tail = chosen.choice(captured), chosen.choice(captured)
        clock, cpu = clocks.line(chosen), cpus.line(chosen)
        yield f"gc {cycle} @{seconds:.3f}s {head['percent']}: {clock}, {cpu}, {tail['heap']}"


def sched_lines(version: str, count: int, *, interval_ms: int = 100) -> Iterator[str]:
    """SCHED lines with rising time and schedticks; the rest of a line is that of a captured one."""
    captured = [m for m in map(_SCHED.fullmatch, _trace_lines(version)) if m]
    chosen = random.Random(_SEED)
    ticks = [0] * 4
    for sample in range(count):
        line = chosen.choice(captured)
        text = f"SCHED {sample * interval_ms + chosen.randint(0, 3)}ms: {line['fields']}"
        if sample == 0:
            text = f"SCHED 0ms: {line['fields']}"
        if line["ticks"] is not None:
            ticks = [tick + chosen.randint(0, 300) for tick in ticks]
            text += f" schedticks=[ {' '.join(map(str, ticks))} ]"
        yield text


class _Mixer:
    """Makes new texts out of texts of one form, number by number."""

    def __init__(self, texts: Sequence[str]):
        self._forms = [_NUMBER.split(text) for text in texts]
        numbers = [_NUMBER.findall(text) for text in texts]
        self._seen: dict[int, list[list[str]]] = {}
        for found in numbers:
            places = self._seen.setdefault(len(found), [[] for _ in found])
            for place, number in zip(places, found, strict=True):
                place.append(number)

    def line(self, chosen: random.Random) -> str:
        form = chosen.choice(self._forms)
        places = self._seen[len(form) - 1]
        numbers = [place[int(chosen.random() * len(place))] for place in places]
        return "".join(itertools.chain(*zip(form, [*numbers, ""], strict=True)))


# The execution traces


def write_trace(path: Path, rounds: int, go: str) -> str:
    """A trace of a program that passes a number to and fro, six events a round; returns the Go version."""
    with _program(go, "trace_old") as (program, version):
        _output([program, str(path.resolve()), str(rounds)], path.parent, _go_environment())
    return version


def write_captured_trace(path: Path) -> str:
    """The largest captured trace; returns the Go version whose it is."""
    found = {v: read_capture(v, "trace_gc", "trace.out") for v in versions() if _has_trace(v)}
    version = max(found, key=lambda v: len(found[v]))
    path.write_bytes(found[version])
    return version


def _has_trace(version: str) -> bool:
    return any((CAPTURES / f"go{version}" / "trace_gc").glob("trace.out*"))


# The captures


def versions() -> list[str]:
    """The Go versions that there are captures of, oldest first."""
    found = [folder.name.removeprefix("go") for folder in CAPTURES.glob("go*")]
    return sorted(found, key=_version_key)


def read_capture(version: str, program: str, name: str) -> bytes:
    """A captured file, whether it is stored compressed or not."""
    plain = CAPTURES / f"go{version}" / program / name
    if plain.exists():
        return plain.read_bytes()
    return gzip.decompress(plain.with_name(f"{name}.gz").read_bytes())


@cache
def _trace_lines(version: str) -> list[str]:
    """Every line that the programs of one Go version wrote to standard error."""
    programs = sorted(p.parent.name for p in CAPTURES.glob(f"go{version}/*/stderr.log*"))
    texts = (read_capture(version, program, "stderr.log").decode() for program in programs)
    return [line for text in texts for line in text.splitlines()]


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall("[0-9]+", version))


# Writing


def _write(path: Path, lines: Iterable[str]) -> None:
    rest = iter(lines)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        while some := list(itertools.islice(rest, _LINES_AT_ONCE)):
            file.write("\n".join(some) + "\n")


def _alternate(*sources: Iterator[str]) -> Iterator[str]:
    for source in itertools.cycle(sources):
        yield next(source)


def _clock(number: int) -> str:
    """A time stamp as Go's log package prints it, 250 microseconds after the one before."""
    seconds, rest = divmod(number * 250, 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"2026/11/24 {hour:02}:{minute:02}:{second:02}.{rest:06}"


def _output(command: Sequence[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, check=False, cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()
