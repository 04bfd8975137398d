"""``goscope analyze``: read, diagnose, print."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goscope.cli.messages import complain, tell
from goscope.errors import InputError, NothingRecognised, UsageError

if TYPE_CHECKING:
    from goscope.capture import Input
    from goscope.diagnosis import Diagnosis
    from goscope.renderers.renderer import Renderer
    from goscope.rules.rule import Settings


class Format(Enum):
    """What goes to standard output."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    GITHUB = "github"
    JUNIT = "junit"


class FailOn(Enum):
    """The severity from which findings set the exit code to 1."""

    NEVER = "never"
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


def analyze(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT...",
            help="Files, archives, directories, globs, or - for standard input. Dumps: oldest first.",
        ),
    ] = None,
    output_format: Annotated[
        Format, typer.Option("--format", "-f", help="What goes to standard output.")
    ] = Format.TEXT,
    outputs: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="Write a report; its suffix picks the form: .html .md .json .sarif .xml .txt",
        ),
    ] = None,
    leak_after: Annotated[
        str | None,
        typer.Option(
            help="Wait time from which a goroutine looks leaked: 5m, 90m, 2h.",
            show_default="5m",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="Settings: goscope.toml, or [tool.goscope] in pyproject.toml, looked for from here upward."
        ),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Findings of this file are known, and no news.")
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option(help="Write the findings as a baseline; then none of them fails.")
    ] = None,
    source_url: Annotated[
        str | None,
        typer.Option(
            help="Link places in reports: 'https://.../{file}#L{line}', 'vscode://file/{file}:{line}'."
        ),
    ] = None,
    source_root: Annotated[
        str | None,
        typer.Option(
            help="What file names start with that the repository does not have: /build/app."
        ),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 1 if there are findings of this severity or worse.")
    ] = FailOn.NEVER,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 4 if a record was not understood.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours.")] = False,
) -> None:
    """Read schedtrace, scheddetail, gctrace, goroutine dumps and profiles, and say what is wrong.

    Exit codes: 0 read and diagnosed; 1 findings at or above --fail-on; 2 wrong usage;
    3 nothing of the Go runtime in the input; 4 an input could not be read.
    """
    from goscope.reading import read_sources
    from goscope.source_links import source_links
    from goscope.sources.files import sources_of

    links = source_links(source_url, source_root)
    settings = _settings(config, leak_after, baseline)
    writers = [(path, _renderer(path)) for path in outputs or ()]
    if not inputs:
        if sys.stdin.isatty():
            raise UsageError(
                "no input: give files, directories, or pipe a program's stderr into it"
            )
        inputs = ["-"]
    sources, failed = sources_of(inputs)
    capture, unreadable = read_sources(sources)
    failed += unreadable
    for error in failed:
        complain(error)
    if not capture.recognised:
        if failed:
            raise typer.Exit(InputError.exit_code)
        raise NothingRecognised(_nothing(capture.inputs))

    from dataclasses import replace

    from goscope.diagnosis import diagnose

    diagnosis = replace(diagnose(capture, settings), links=links)
    pages = [(path, renderer.render(diagnosis)) for path, renderer in writers]
    if write_baseline is not None:
        pages.append((write_baseline, _baseline(diagnosis)))
    for path, page in pages:
        try:
            _write(path, page)
        except InputError as error:
            complain(error)
            failed.append(error)
    if not quiet:
        _print(diagnosis, output_format, no_color)
    if failed:
        raise typer.Exit(InputError.exit_code)
    if strict and any(i.unparsed_count for i in capture.inputs):
        raise InputError("--strict: there are records that were not understood")
    if fail_on is not FailOn.NEVER and write_baseline is None:
        from goscope.findings import Severity

        bar = Severity(fail_on.value).rank
        if any(f.severity.rank >= bar for f in diagnosis.findings):
            raise typer.Exit(1)


def _settings(config: Path | None, leak_after: str | None, baseline: Path | None) -> Settings:
    """What the file of settings says, and the options that go before it."""
    from dataclasses import replace

    from goscope.baseline import read_baseline
    from goscope.configuration import read_settings

    settings = read_settings(config)
    if leak_after is not None:
        settings = replace(settings, leak_after_minutes=_minutes(leak_after))
    if baseline is not None:
        settings = replace(settings, baseline=read_baseline(baseline))
    return settings


def _baseline(diagnosis: Diagnosis) -> str:
    """All findings as a baseline, those of the one that was given included, but none that settings ignore."""
    from dataclasses import replace

    from goscope.baseline import baseline_text

    own = replace(diagnosis.settings, baseline=None)
    still = [i.finding for i in diagnosis.ignored if own.why_ignored(i.finding) is None]
    return baseline_text([*diagnosis.findings, *still])


def _minutes(text: str) -> int:
    """A duration in Go's form as whole minutes, the unit in which dumps give wait times."""
    parts = re.fullmatch(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?", text)
    if parts is None or not text:
        raise UsageError(f"--leak-after {text}: not a duration; write it like 5m, 90m or 2h")
    hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    total = hours * 60 + minutes + seconds // 60
    if total < 1:
        raise UsageError(
            f"--leak-after {text}: Go prints wait times from one minute on; use 1m or more"
        )
    return total


def _renderer(path: Path) -> Renderer:
    from goscope.renderers import all_renderers

    fitting = [r for r in all_renderers() if path.name.lower().endswith(r.suffix)]
    if fitting:
        return max(fitting, key=lambda renderer: len(renderer.suffix))
    known = " ".join(renderer.suffix for renderer in all_renderers())
    raise UsageError(f"-o {path}: no report has the suffix {path.suffix!r}; there are {known}")


def _nothing(inputs: Sequence[Input]) -> str:
    if not inputs:
        return "nothing to read"
    what = inputs[0].name if len(inputs) == 1 else f"{len(inputs)} inputs"
    if len(inputs) == 1 and inputs[0].problem is not None:
        return inputs[0].problem
    if not any(found.size for found in inputs):
        return (
            f"{what}: empty; was the program run with GODEBUG=schedtrace=1000 and its stderr kept?"
        )
    return (
        f"{what}: nothing of the Go runtime in it; goscope reads schedtrace, scheddetail and gctrace "
        "lines (GODEBUG=schedtrace=1000,gctrace=1, on stderr), goroutine dumps (pprof debug=2) and profiles"
    )


def _write(path: Path, text: str) -> None:
    """Write a report under a temporary name and move it, so that no half of one is left behind."""
    import os
    import tempfile

    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{path}: cannot be written: {reason}") from error


def _print(diagnosis: Diagnosis, output_format: Format, no_color: bool) -> None:
    if output_format is Format.JSON:
        from goscope.renderers.json_contract import render

        tell(render(diagnosis))
    elif output_format is not Format.TEXT:
        from goscope.renderers import all_renderers

        tell(next(r for r in all_renderers() if r.name == output_format.value).render(diagnosis))
    else:
        from rich.console import Console

        from goscope.renderers.terminal import show

        console = Console(highlight=False, emoji=False, markup=False, no_color=no_color or None)
        with console.capture() as shown:  # rich would end the process if the reader went away
            show(diagnosis, console)
        tell(shown.get())
