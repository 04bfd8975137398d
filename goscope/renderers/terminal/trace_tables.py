"""The analyses of an execution trace as tables for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.traces.executions import Execution, Function, Latency
from goscope.analysis.traces.go_tool_trace import Analysis, Profile
from goscope.findings.findings import Site
from goscope.goruntime.function_names import is_standard_library
from goscope.renderers.quantities import duration
from goscope.renderers.safe_text import safe
from goscope.renderers.terminal.lines import wrapped

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

#: The lines of a row, and dim ones below them.
_Row: TypeAlias = tuple[list[str], list[str]]

_WIDTH = 80
_NUMBER = 9
_FUNCTIONS_SHOWN = 15
_LATENCIES_SHOWN = 15
_STACKS_SHOWN = 5
_REASONS_SHOWN = 3


def headline(execution: Execution) -> tuple[str, str]:
    """What a trace says in two lines: its size, and where the time of the Ps went."""
    total = execution.total
    ps = execution.duration_ns * execution.procs
    parts = [
        f"{total(column) / ps * 100:.1f}% {word}"
        for column, word in (
            ("proc_running_ns", "running"),
            ("proc_idle_ns", "idle"),
            ("proc_syscall_ns", "in system calls"),
        )
    ]
    cycles = total("gc_cycles")
    return (
        f"{duration(execution.duration_ns)}, {execution.procs} Ps, {total('goroutines'):,} goroutines, "
        f"{total('events'):,} events",
        f"the Ps were {', '.join(parts)}; {cycles} GC cycle{'s' * (cycles != 1)}",
    )


def trace_lines(execution: Execution, width: int) -> list[Text]:
    """Two lines for the summary."""
    from rich.text import Text

    size, use = headline(execution)
    lines = wrapped(Text(f"execution trace: {size}", "bold"), width)
    return lines + wrapped(f"{use} ({safe(execution.source)})", width, 2)


def show(analyses: Sequence[Analysis], console: Console) -> None:
    """Print the tables of all traces."""
    from rich.text import Text

    for analysis in analyses:
        console.print()
        console.print(Text(f"trace {safe(analysis.execution.source)}", "bold"))
        _print(console, _functions(analysis))
        _print(console, _latencies(analysis))
        for profile in analysis.profiles:
            if profile.count:
                _print(console, _profile(profile))
        _print(console, _annotations(analysis))


def _print(console: Console, lines: Iterable[Text]) -> None:
    for line in lines:
        console.print(line, soft_wrap=True)


def _row(name: str, numbers: Sequence[str]) -> list[str]:
    """A name and numbers; a name that is too long gets a line of its own."""
    from rich.cells import cell_len

    room = _WIDTH - _NUMBER * len(numbers)
    right = "".join(f"{number:>{_NUMBER}}" for number in numbers)
    shown = safe(name, longest=240)
    if cell_len(shown) < room:
        return [shown + " " * (room - cell_len(shown)) + right]
    return [*_folded(shown), " " * room + right]


def _folded(text: str) -> list[str]:
    """Text over as many lines as it needs, with room for an indent of 2."""
    from rich.cells import chop_cells

    return chop_cells(text, _WIDTH - 2)


def _table(title: str, heads: Sequence[str], rows: Iterable[_Row]) -> Iterable[Text]:
    """A title with the heads of the columns, then rows, each with dim lines below it."""
    from rich.text import Text

    yield Text("")
    for line in _row(title, heads):
        yield Text(line, "bold")
    for lines, below in rows:
        for line in lines:
            yield Text(line)
        for line in below:
            yield Text(line, "dim")


def _functions(analysis: Analysis) -> Iterable[Text]:
    from rich.text import Text

    shown = [f for f in analysis.functions if not f.system][:_FUNCTIONS_SHOWN]
    heads = ("count", "running", "wait P", "blocked", "syscall")
    yield from _table(
        "Goroutines by function",
        heads,
        ((_row(_name(f.name), _function(f)), _blocked(analysis, f)) for f in shown),
    )
    hidden = len(analysis.functions) + analysis.functions_left_out - len(shown)
    if hidden:
        yield Text(f"{hidden} more, those of the runtime among them: --json has them", "dim")


def _function(f: Function) -> tuple[str, ...]:
    return (
        f"{f.goroutines:,}",
        duration(f.exec_ns),
        duration(f.sched_wait_ns),
        duration(f.block_ns),
        duration(f.all_syscall_ns),
    )


def _blocked(analysis: Analysis, function: Function) -> list[str]:
    reasons = [
        f"{safe(reason) or 'unknown'} {duration(ns)}"
        for reason, _, ns in analysis.blocks(function)[:_REASONS_SHOWN]
    ]
    if function.first_wait_ns:
        reasons.append(f"first run after {duration(function.first_wait_ns)}")
    return _listed(reasons)


def _listed(parts: Sequence[str]) -> list[str]:
    """Parts in as few lines as they fit into; none is broken."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + 2 + len(part) < _WIDTH:
            lines[-1] += f", {part}"
        else:
            if lines:
                lines[-1] += ","
            lines.append(f"  {part}")
    return lines


def _latencies(analysis: Analysis) -> Iterable[Text]:
    heads = ("waits", "median", "90 %", "99 %", "longest")
    shown = analysis.of_kind("sched")[:_LATENCIES_SHOWN]
    if not shown:
        return
    later = {found.name: found for found in analysis.of_kind("sched_later")}
    rows: list[_Row] = []
    for found in shown:
        of_later = later.get(found.name)
        below = []
        if of_later is None:
            below = ["  all of them first runs"]
        elif of_later.count != found.count:
            below = _row("  without the first", _latency(of_later))
        rows.append((_row(_name(found.name), _latency(found)), below))
    yield from _table("Waits for a P", heads, rows)


def _latency(found: Latency) -> tuple[str, ...]:
    times = (found.p50_ns, found.p90_ns, found.p99_ns, found.max_ns)
    return (f"{found.count:,}", *map(duration, times))


def _profile(profile: Profile) -> Iterable[Text]:
    from rich.text import Text

    title = f"{profile.kind}: {profile.meaning}"
    whole = _numbers(profile.count, profile.ns)
    rows: list[_Row] = [(_row("all", whole), [])]
    for heavy in profile.heaviest[:_STACKS_SHOWN]:
        frames = telling_frames(heavy.stack)
        name = _name(frames[-1].function if frames else None)
        below = [line for frame in frames for line in _frame(frame)]
        rows.append((_row(name, _numbers(heavy.count, heavy.ns)), below))
    yield from _table(title, ("count", "time")[: len(whole)], rows)
    if profile.stacks > _STACKS_SHOWN:
        yield Text(f"{profile.stacks - _STACKS_SHOWN} more stacks", "dim")


def telling_frames(stack: Stack) -> tuple[Site, ...]:
    """The frame on top, where it happened, and the program's own; or the start function without one."""
    frames = stack.frames
    own = stack.user_frame
    if own is None or (own.function and is_standard_library(own.function)):
        own = frames[-1] if frames else None
    return frames[:1] if not frames or own == frames[0] or own is None else (frames[0], own)


def _numbers(count: int, ns: int | None) -> tuple[str, ...]:
    return (f"{count:,}",) if ns is None else (f"{count:,}", duration(ns))


def _frame(frame: Site) -> list[str]:
    parts = [_name(frame.function)]
    if frame.file is not None:
        parts.append(f"{safe(frame.file)}:{frame.line}")
    if len(" ".join(parts)) <= _WIDTH - 4:
        return ["  " + " ".join(parts)]
    return [f"  {line}" for part in parts for line in _folded(part)]


def _annotations(analysis: Analysis) -> Iterable[Text]:
    heads = ("count", "median", "90 %", "99 %", "longest")
    for kind, title in (("task", "User tasks"), ("region", "User regions")):
        shown = analysis.of_kind(kind)[:_LATENCIES_SHOWN]
        if shown:
            rows: list[_Row] = [(_row(_name(found.name), _latency(found)), []) for found in shown]
            yield from _table(title, heads, rows)


def _name(name: str | None) -> str:
    return safe(name) if name else "(no stack was recorded)"
