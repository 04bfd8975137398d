"""The summary for a terminal: verdicts first, then findings with their evidence, then what was read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from goscope.capture import Capture, Input
from goscope.diagnosis import Diagnosis
from goscope.executions import Execution, executions_of
from goscope.findings import Evidence, Finding, Site, Stretch
from goscope.profiles import ProfileSummary
from goscope.renderers.renderer import Renderer
from goscope.renderers.safe_text import safe
from goscope.renderers.trace_tables import headline

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_COLOURS = {
    "ok": "green",
    "healthy": "green",
    "idle": "green",
    "info": "cyan",
    "warning": "yellow",
    "unbalanced": "yellow",
    "suspected_leak": "yellow",
    "critical": "bold red",
    "starving": "bold red",
    "blocked": "bold red",
    "leak": "bold red",
    "thrash": "bold red",
    "pressure": "yellow",
    "heap_growth": "yellow",
    "high": "yellow",
    "unknown": "dim",
    "none": "green",
    "sigquit": "cyan",
    "recovered_http_panic": "yellow",
    "recovered_logged_stack": "yellow",
}
_FINDINGS_SHOWN = 20
_FRAMES_SHOWN = 6
_SKIPPED_SHOWN = 8
_PROFILES_SHOWN = 8
_TABLE_WORDS = {
    "sched": "SCHED line",
    "procs": "P line",
    "threads": "M line",
    "sched_goroutines": "G line",
    "gc": "gc line",
    "scav": "scav line",
    "scvg": "scvg line",
    "pacer": "pacer line",
    "pacer_ratios": "pacer line",
    "inittrace": "init line",
    "finalizers": "checkfinalizers line",
    "goroutines": "goroutine",
    "snapshots": "dump",
    "traces": "execution trace",
    "races": "data race report",
    "profiles": "profile",
    "profile": "record",
}


def render(diagnosis: Diagnosis) -> str:
    """The summary as plain text of 80 columns."""
    from rich.console import Console

    console = Console(
        file=io.StringIO(), width=80, color_system=None, highlight=False, emoji=False, markup=False
    )
    show(diagnosis, console)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def show(diagnosis: Diagnosis, console: Console) -> None:
    """Print the summary to a console."""
    from rich.text import Text

    console.print(Text.assemble("goscope: ", (diagnosis.status, _COLOURS[diagnosis.status])))
    console.print()
    _verdicts(diagnosis, console)
    for finding in diagnosis.findings[:_FINDINGS_SHOWN]:
        console.print()
        several = diagnosis.capture.processes > 1 and not finding.rule.startswith("input-")
        _finding(
            finding, console, diagnosis.capture.process_name(finding.process) if several else ""
        )
    for summary in diagnosis.profiles[:_PROFILES_SHOWN]:
        console.print()
        _profile(summary, console)
    for execution in executions_of(diagnosis.capture)[:_PROFILES_SHOWN]:
        console.print()
        _trace(execution, console)
    hidden = len(diagnosis.findings) - _FINDINGS_SHOWN
    if hidden > 0:
        console.print(Text(f"\n{hidden} more findings: --format json lists all."))
    _ignored(diagnosis, console)
    console.print()
    silent = [i for i in diagnosis.capture.inputs if not i.formats and not i.unparsed_count]
    for found in diagnosis.capture.inputs:
        if found not in silent:
            _input(found, diagnosis.capture.records(found.name), console)
    told = [i for i in silent if i.problem is not None]
    for found in told[:_SKIPPED_SHOWN]:
        console.print(Text(f"skipped {safe(found.problem or '')}", "dim"))
    if len(told) > _SKIPPED_SHOWN:
        console.print(Text(f"skipped {len(told) - _SKIPPED_SHOWN} more", "dim"))
    names = [safe(i.name, longest=60) for i in silent if i.problem is None]
    if names:
        more = ", ..." if len(names) > 4 else ""
        console.print(Text(f"nothing of the Go runtime in {', '.join(names[:4])}{more}", "dim"))


def _ignored(diagnosis: Diagnosis, console: Console) -> None:
    from rich.text import Text

    if diagnosis.ignored:
        count = len(diagnosis.ignored)
        console.print(Text(f"\n{count} finding{'s' * (count > 1)} ignored:", "dim"))
        for entry in diagnosis.ignored[:_FINDINGS_SHOWN]:
            finding = entry.finding
            console.print(
                Text(f"  {finding.rule}: {safe(finding.title)} ({safe(entry.reason)})", "dim")
            )
        if count > _FINDINGS_SHOWN:
            console.print(Text(f"  ... {count - _FINDINGS_SHOWN} more", "dim"))
    if diagnosis.settings.source is not None:
        console.print(Text(f"\nsettings of {safe(diagnosis.settings.source)}", "dim"))


def _verdicts(diagnosis: Diagnosis, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=10)
    states = [len(verdict.state) for verdict in diagnosis.verdicts.values()]
    grid.add_column(width=max(14, *states))
    grid.add_column(overflow="fold")
    for name, verdict in diagnosis.verdicts.items():
        if verdict.state == "unknown":
            words = verdict.reason + (f"; {verdict.collect}" if verdict.collect else "")
            grid.add_row(name, Text("unknown", "dim"), Text(safe(words), "dim"))
            continue
        reason = Text(safe(verdict.reason))
        reason.append(f" ({verdict.confidence.value} confidence)", "dim")
        if len(verdict.timeline) > 1:
            reason.append("\n" + _timeline(verdict.timeline, diagnosis.capture))
        if verdict.collect:
            reason.append("\nto be surer: " + safe(verdict.collect), "dim")
        usual = "bold red" if name == "crash" else ""
        grid.add_row(name, Text(verdict.state, _COLOURS.get(verdict.state, usual)), reason)
    console.print(grid)


def _timeline(stretches: tuple[Stretch, ...], capture: Capture) -> str:
    shown = stretches[:8]
    several = len({s.process for s in stretches}) > 1
    parts = [
        (safe(capture.process_name(s.process)) + " " if several else "")
        + f"{s.state} {s.start_ms / 1000:.1f} to {s.end_ms / 1000:.1f} s"
        for s in shown
    ]
    more = len(stretches) - len(shown)
    return ", ".join(parts) + (f", and {more} more" if more else "")


def _finding(finding: Finding, console: Console, process: str) -> None:
    from rich.padding import Padding
    from rich.text import Text

    style = _COLOURS[finding.severity.value]
    head = Text.assemble(
        (finding.severity.value.upper(), style),
        f" {finding.rule}",
        (f" ({finding.confidence.value} confidence)", "dim"),
        f" in {safe(process)}" if process else "",
    )
    console.print(head)
    lines = [Text(safe(finding.title), "bold"), Text(safe(finding.detail))]
    frames = finding.stack[:_FRAMES_SHOWN]
    lines += [_frame(frame, frame == finding.site) for frame in frames]
    if len(finding.stack) > len(frames):
        lines.append(Text(f"  ... {len(finding.stack) - len(frames)} more frames", "dim"))
    if finding.created_by is not None:
        lines.append(Text("started by " + _place(finding.created_by), "dim"))
    if finding.goroutines is not None and finding.goroutines.ids:
        ids = ", ".join(map(str, finding.goroutines.ids[:8]))
        more = finding.goroutines.count > 8
        lines.append(Text(f"goroutine ids: {ids}" + (", ..." if more else ""), "dim"))
    lines.append(Text("evidence: " + "; ".join(map(_evidence, finding.evidence))))
    lines.append(Text("next: " + safe(finding.advice)))
    for line in lines:
        console.print(Padding(line, (0, 0, 0, 2), expand=False))


def _profile(summary: ProfileSummary, console: Console) -> None:
    """A line for the profile and one for each of its heaviest stacks."""
    from rich.padding import Padding
    from rich.text import Text

    weight = _weight(summary.weight, summary.column) + _WEIGHED.get(summary.kind, "")
    s = "s" * (summary.stacks != 1)
    head = f"{safe(summary.kind)} profile: {weight} in {summary.stacks} stack{s} "
    console.print(Text.assemble((head, "bold"), (f"({safe(summary.source)})", "dim")))
    if summary.truncated:
        console.print(Text("  records are missing: the profile is cut", "yellow"))
    for top in summary.heaviest:
        words = [_weight(top.weight, summary.column)]
        if top.count is not None:
            words.append(f"({top.count:,} {_COUNTED[summary.column]})")
        words.append("no stack was recorded" if top.site is None else _place(top.site))
        if top.reason:
            words.append(f"in {safe(top.reason)}")
        console.print(Padding(Text(" ".join(words)), (0, 0, 0, 2), expand=False))


def _trace(execution: Execution, console: Console) -> None:
    """Two lines for an execution trace; ``goscope trace`` has its tables."""
    from rich.text import Text

    size, use = headline(execution)
    console.print(Text.assemble(("execution trace: " + size, "bold")))
    console.print(Text(f"  {use} ({safe(execution.source)})"))


def _weight(value: int, column: str) -> str:
    """A number with its unit, short: 4.6 MiB, 12.3 ms."""
    if column.endswith("_bytes"):
        unit = next((u for u in _SIZES if abs(value) >= u[1]), ("B", 1))
    elif column.endswith("_ns"):
        unit = next((u for u in _TIMES if abs(value) >= u[1]), ("ns", 1))
    else:
        return f"{value:,}"
    return f"{value} {unit[0]}" if unit[1] == 1 else f"{value / unit[1]:.1f} {unit[0]}"


_WEIGHED = {
    "goroutine": " running or waiting",
    "goroutineleak": " leaked",
    "heap": " in use",
    "allocs": " allocated",
    "mutex": " waited",
    "block": " waited",
    "cpu": " of CPU",
}
_COUNTED = {
    "inuse_bytes": "objects",
    "alloc_bytes": "objects",
    "delay_ns": "times",
    "cpu_ns": "samples",
}
_SIZES = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))
_TIMES = (("s", 10**9), ("ms", 10**6), ("µs", 10**3))


def _frame(frame: Site, blamed: bool) -> Text:
    from rich.text import Text

    return Text(("> " if blamed else "  ") + _place(frame), "bold" if blamed else "dim")


def _place(site: Site) -> str:
    place = safe(site.function or "?")
    return place if site.file is None else f"{place} {safe(site.file)}:{site.line}"


def _evidence(evidence: Evidence) -> str:
    value = (
        f"{evidence.label}: {evidence.value}{'' if evidence.unit == '%' else ' '}{evidence.unit}"
    )
    source = f" ({evidence.source})" if evidence.source else ""
    return safe(value.rstrip() + source)


def _input(found: Input, records: dict[str, int], console: Console) -> None:
    from rich.text import Text

    counts = [
        f"{records[table]} {word}{'s' * (records[table] != 1)}"
        for table, word in _TABLE_WORDS.items()
        if records.get(table)
    ]
    size = f"{found.lines} line{'s' * (found.lines != 1)}"
    if found.size and not found.lines:  # binary
        size = f"{found.size:,} bytes"
    line = f"read {safe(found.name)}: {size}, "
    console.print(Text(line + (", ".join(counts) or "nothing of the Go runtime"), "dim"))
    if found.problem is not None:
        console.print(
            Text(
                f"  not read further: {safe(found.problem.removeprefix(found.name + ': '))}",
                "yellow",
            )
        )
    if found.cut and (records.get("goroutines") or found.unparsed_count):
        console.print(Text("  the last line has no line end: the input may be cut", "yellow"))
    if found.unparsed_count:
        s = "s" * (found.unparsed_count != 1)
        console.print(Text(f"  {found.unparsed_count} record{s} not understood:", "yellow"))
        for unparsed in found.unparsed[:3]:
            text = safe(unparsed.text.decode("utf-8", "replace"), longest=60)
            expected = safe(unparsed.expected, longest=80)
            console.print(Text(f"  line {unparsed.line}: {text}\n    expected {expected}", "dim"))


RENDERER = Renderer("text", ".txt", render)
