"""Measure ``goscope analyze`` on large inputs: whole processes, as ratios to anchors.

    python -m tests.benchmarks                          everything, five runs each
    python -m tests.benchmarks --only dump,gctrace
    python -m tests.benchmarks --keep DIR               keep the inputs there and use them again

Seconds differ from machine to machine and from hour to hour; ratios hold. So every round runs each
anchor and each input once, one after the other, and the medians of all rounds are compared. The
anchors are ``python -c "import pandas"`` and ``grep -c`` over the same file; of execution traces,
``go tool trace -pprof=sync`` where there is a Go toolchain. Exit status 1 means that a bar was missed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import inputs
from tests.benchmarks.measure import Run, run

DUMP_GOROUTINES = 100_000
LARGE_DUMP_GOROUTINES = 300_000
DETAIL_BLOCKS = 100_000
TRACE_LINES = 1_000_000
#: About 1 GB each.
LONG_GC_LINES = 7_200_000
LONG_SCHED_LINES = 5_900_000
LOG_BYTES = 200_000_000
#: Six events each: 20 million, about 110 MB, and 360,000, about 2 MB.
LONG_TRACE_ROUNDS = 3_300_000
SHORT_TRACE_ROUNDS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What a measurement may reach at most: a multiple of importing pandas, and MiB.

    Where Go's own tool reads the same file, also shares of its time and of its memory.
    """

    times: float
    peak_mib: float
    of_tool: float | None = None
    of_tool_memory: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An input, how it is made, the tables that must be filled from it, and its bar.

    ``make`` writes the input and returns what it was made of and the least number of records. Without
    a ``pattern`` there is nothing to grep; a ``trace`` is read by ``go tool trace`` too. One that takes
    minutes to make is measured only when it is ``asked`` for.
    """

    name: str
    make: Callable[[Path, argparse.Namespace], tuple[str, int]]
    tables: tuple[str, ...]
    pattern: str = ""
    bar: Bar | None = None
    trace: bool = False
    asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the result: medians over all rounds."""

    name: str
    megabytes: float | None
    seconds: float
    times_pandas: float
    times_grep: float | None
    peak_mib: float
    bar: Bar | None
    of_tool: float | None = None
    of_tool_memory: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the bar is missed."""
        if self.bar is None:
            return False
        pairs = (
            (self.times_pandas, self.bar.times),
            (self.peak_mib, self.bar.peak_mib),
            (self.of_tool, self.bar.of_tool),
            (self.of_tool_memory, self.bar.of_tool_memory),
        )
        return any(x is not None and most is not None and x > most for x, most in pairs)


def _make_dump(path: Path, options: argparse.Namespace) -> tuple[str, int]:
    if go := inputs.find_go(options.go):
        version = inputs.write_real_dump(path, DUMP_GOROUTINES, go)
        return f"a real dump of Go {version}", DUMP_GOROUTINES
    version = inputs.write_multiplied_dump(path, DUMP_GOROUTINES)
    made = f"no Go toolchain found: a captured dump of Go {version}, multiplied with new ids and addresses"
    return made, DUMP_GOROUTINES


def _make_large_dump(path: Path, options: argparse.Namespace) -> tuple[str, int]:
    version = inputs.write_real_dump(path, LARGE_DUMP_GOROUTINES, _go(options))
    return f"a real dump of Go {version}", LARGE_DUMP_GOROUTINES


def _make_sigquit(path: Path, options: argparse.Namespace) -> tuple[str, int]:
    version = inputs.write_real_dump(path, DUMP_GOROUTINES, _go(options), sigquit=True)
    return f"what Go {version} printed for a SIGQUIT", DUMP_GOROUTINES


def _go(options: argparse.Namespace) -> str:
    if go := inputs.find_go(options.go):
        return go
    raise RuntimeError("this input needs a Go toolchain: give --go, or leave it out with --only")


def _make_scheddetail(path: Path, options: argparse.Namespace) -> tuple[str, int]:
    version = inputs.write_scheddetail(path, DETAIL_BLOCKS)
    return f"captured scheddetail blocks of Go {version} with rising times", DETAIL_BLOCKS


def _make_crash(path: Path, options: argparse.Namespace) -> tuple[str, int]:
    return f"a captured crash of Go {inputs.write_crash(path)}", 1


def _make_gctrace(path: Path, options: argparse.Namespace) -> tuple[str, int]:
    inputs.write_gctrace(path, TRACE_LINES)
    return "captured gc lines with numbers mixed", TRACE_LINES


def _make_schedtrace(path: Path, options: argparse.Namespace) -> tuple[str, int]:
    version = inputs.write_schedtrace(path, TRACE_LINES)
    return f"captured SCHED lines of Go {version} with numbers varied", TRACE_LINES


def _make_long_gctrace(path: Path, options: argparse.Namespace) -> tuple[str, int]:
    inputs.write_gctrace(path, LONG_GC_LINES)
    return "captured gc lines with numbers mixed", LONG_GC_LINES


def _make_long_schedtrace(path: Path, options: argparse.Namespace) -> tuple[str, int]:
    version = inputs.write_schedtrace(path, LONG_SCHED_LINES)
    return f"captured SCHED lines of Go {version} with numbers varied", LONG_SCHED_LINES


def _make_log(path: Path, options: argparse.Namespace) -> tuple[str, int]:
    found = inputs.write_application_log(path, LOG_BYTES)
    return "captured application lines, one gc or SCHED line in a hundred", found


def _make_long_trace(path: Path, options: argparse.Namespace) -> tuple[str, int]:
    go = inputs.find_go(options.go)
    if go is None:
        raise RuntimeError("no Go toolchain found to make a trace with; leave it out with --only")
    return f"a real trace of Go {inputs.write_trace(path, LONG_TRACE_ROUNDS, go)}", 1


def _make_short_trace(path: Path, options: argparse.Namespace) -> tuple[str, int]:
    if go := inputs.find_go(options.go):
        return f"a real trace of Go {inputs.write_trace(path, SHORT_TRACE_ROUNDS, go)}", 1
    return (
        f"no Go toolchain found: the largest captured trace, of Go {inputs.write_captured_trace(path)}",
        1,
    )


CASES = (
    Case(
        name="dump",
        make=_make_dump,
        tables=("goroutines",),
        pattern="^goroutine ",
        bar=Bar(times=2, peak_mib=200),
    ),
    Case(
        name="dump-300k",
        make=_make_large_dump,
        tables=("goroutines",),
        pattern="^goroutine ",
        bar=Bar(times=4, peak_mib=250),
    ),
    Case(
        name="sigquit",
        make=_make_sigquit,
        tables=("goroutines",),
        pattern="^goroutine ",
        bar=Bar(times=4, peak_mib=250),
    ),
    Case(
        name="gctrace",
        make=_make_gctrace,
        tables=("gc",),
        pattern="^gc ",
        bar=Bar(times=5, peak_mib=450),
    ),
    Case(
        name="schedtrace",
        make=_make_schedtrace,
        tables=("sched",),
        pattern="^SCHED ",
        bar=Bar(times=5, peak_mib=450),
    ),
    Case(
        name="scheddetail",
        make=_make_scheddetail,
        tables=("sched",),
        pattern="^SCHED ",
        bar=Bar(times=5, peak_mib=450),
    ),
    Case(
        name="long-gctrace",
        make=_make_long_gctrace,
        tables=("gc",),
        pattern="^gc ",
        bar=Bar(times=36, peak_mib=500),
        asked=True,
    ),
    Case(
        name="long-schedtrace",
        make=_make_long_schedtrace,
        tables=("sched",),
        pattern="^SCHED ",
        bar=Bar(times=30, peak_mib=450),
        asked=True,
    ),
    Case(
        name="log",
        make=_make_log,
        tables=("gc", "sched"),
        pattern="^(gc|SCHED) ",
        bar=Bar(times=2, peak_mib=200),
    ),
    Case(
        name="crash",
        make=_make_crash,
        tables=("crashes",),
        pattern="^(panic|fatal error|SIG)",
        bar=Bar(times=1.5, peak_mib=200),
    ),
    Case(
        name="trace",
        make=_make_long_trace,
        tables=("traces",),
        bar=Bar(times=40, peak_mib=3000, of_tool=1, of_tool_memory=0.5),
        trace=True,
    ),
    Case(
        name="short-trace",
        make=_make_short_trace,
        tables=("traces",),
        bar=Bar(times=1.5, peak_mib=200),
        trace=True,
    ),
)
HELP = "help"
LIGHT = "import typer, rich"
PANDAS = (sys.executable, "-c", "import pandas")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # who installs goscope has it compiled
    options = _parse(arguments)
    if importlib.util.find_spec("goscope.__main__") is None:
        print("benchmarks: goscope has no command line yet", file=sys.stderr)
        return 2
    chosen = [case for case in CASES if case.name in options.only]
    try:
        with _folder(options.keep) as folder:
            files = {case.name: _prepare(case, folder, options) for case in chosen}
            rows = _measure(chosen, files, folder / "grep.out", options)
    except RuntimeError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    print(_table(rows))
    return int(any(row.missed for row in rows))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [*(case.name for case in CASES), HELP]
    usual = [name for name in names if not any(c.asked and c.name == name for c in CASES)]

    def some(text: str) -> list[str]:
        if unknown := set(text.split(",")) - set(names):
            raise argparse.ArgumentTypeError(
                f"no {', '.join(unknown)}; there are {','.join(names)}"
            )
        return text.split(",")

    parser.add_argument(
        "--only", type=some, default=usual, metavar="NAME,...", help=", ".join(names)
    )
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="rounds (default: 5)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the inputs in this folder")
    parser.add_argument(
        "--go", metavar="PATH", help="the go command that builds the dumped program"
    )
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is None:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)
    else:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept


def _prepare(case: Case, folder: Path, options: argparse.Namespace) -> Path:
    """The input file, made unless it is there, and read once with its result checked."""
    path, note = folder / f"{case.name}.txt", folder / f"{case.name}.json"
    if not (path.exists() and note.exists()):
        made, least = case.make(path, options)
        note.write_text(json.dumps({"made": made, "least": least}), encoding="utf-8")
    origin = json.loads(note.read_text(encoding="utf-8"))
    print(f"{case.name}: {origin['made']}", flush=True)
    output = folder / f"{case.name}.diagnosis.json"
    _succeed(run(_analyze(path), output), case.name)
    (read,) = json.loads(output.read_text(encoding="utf-8"))["inputs"]
    rows = sum(read["records"][table] for table in case.tables)
    if rows < origin["least"] or read["unparsed"]["count"]:
        raise RuntimeError(
            f"{case.name}: {rows} records read of {origin['least']}, unparsed: {read['unparsed']}"
        )
    return path


def _measure(
    cases: Sequence[Case], files: dict[str, Path], scratch: Path, options: argparse.Namespace
) -> list[Row]:
    commands: dict[str, Sequence[str]] = {"import pandas": PANDAS}
    for case in cases:
        commands[case.name] = _analyze(files[case.name])
        if case.trace and (go := inputs.find_go(options.go)):
            commands[f"go tool {case.name}"] = _go_tool(go, files[case.name])
            _succeed(
                run(commands[f"go tool {case.name}"]), "go tool trace"
            )  # builds it, if need be
        if case.pattern and (grep := shutil.which("grep")):
            commands[f"grep {case.name}"] = (grep, "-cE", case.pattern, str(files[case.name]))
    if HELP in options.only:
        commands[LIGHT] = (sys.executable, "-c", LIGHT)
        commands[HELP] = (sys.executable, "-m", "goscope", "--help")
    go = inputs.find_go(options.go)
    dumps = [case.name for case in cases if "goroutines" in case.tables]
    if go is not None and dumps:
        inputs.build_dump_parser(scratch.with_name("dump_parser"), go)
        parser = str(scratch.with_name("dump_parser"))
        commands |= {f"a Go parser, {name}": (parser, str(files[name])) for name in dumps}
    for command in (PANDAS, *commands.values()):  # and leave the bytecode that pip would have left
        run(command)
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(options.runs):
        for name, command in commands.items():
            # GNU grep stops at the first line that fits if it finds that nobody reads its output.
            output = scratch if name.startswith("grep ") else Path(os.devnull)
            runs[name].append(_succeed(run(command, output), name))
    seconds = {name: statistics.median(r.seconds for r in found) for name, found in runs.items()}
    peaks = {name: statistics.median(r.peak_mib for r in found) for name, found in runs.items()}
    bars = {case.name: case.bar for case in cases}
    return [
        Row(
            name=name,
            megabytes=files[name].stat().st_size / 1e6 if name in files else None,
            seconds=seconds[name],
            times_pandas=seconds[name] / seconds["import pandas"],
            times_grep=seconds[name] / grepped
            if (grepped := seconds.get(f"grep {name}"))
            else None,
            peak_mib=peaks[name],
            bar=bars.get(name),
            of_tool=seconds[name] / asked if (asked := seconds.get(f"go tool {name}")) else None,
            of_tool_memory=peaks[name] / held if (held := peaks.get(f"go tool {name}")) else None,
        )
        for name in commands
        if not name.startswith("grep ")
    ]


def _analyze(path: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "goscope", "analyze", str(path), "--format", "json")


def _go_tool(go: str, path: Path) -> tuple[str, ...]:
    return ("env", "GOTOOLCHAIN=local", "GOENV=off", go, "tool", "trace", "-pprof=sync", str(path))


def _succeed(done: Run, name: str) -> Run:
    if done.status:
        raise RuntimeError(f"{name} ended with status {done.status}\n{done.errors[-2000:]}")
    return done


def _table(rows: Sequence[Row]) -> str:
    lines = [
        "| input | MB | seconds | x import pandas | x grep | peak MiB | bar |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        size = "" if row.megabytes is None else f"{row.megabytes:.1f}"
        grep = "" if row.times_grep is None else f"{row.times_grep:.0f}"
        bar = ""
        if row.bar is not None:
            outcome = "missed" if row.missed else "met"
            tool = ""
            if row.of_tool is not None and row.of_tool_memory is not None:
                tool = f" ({row.of_tool:.2f} of the time and {row.of_tool_memory:.2f} of the memory of go tool)"
            bar = f"{row.bar.times:g}x, {row.bar.peak_mib:g} MiB: {outcome}{tool}"
        lines.append(
            f"| {row.name} | {size} | {row.seconds:.3f} | {row.times_pandas:.2f} | {grep} "
            f"| {row.peak_mib:.0f} | {bar} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
