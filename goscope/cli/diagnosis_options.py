"""What the commands that judge a program share: their options, and what follows when all is read.

Settings, reports, the summary, the exit code. A command reads a capture in its own way and hands it over.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goscope.cli.duration_options import minutes
from goscope.cli.messages import on_terminal, print_error, print_note, print_result
from goscope.cli.overwrite_guard import is_input
from goscope.errors import GoscopeError, InputError, NothingRecognised, UsageError

if TYPE_CHECKING:
    from goscope.capture.capture import Capture, Input
    from goscope.diagnosis.diagnosis import Diagnosis
    from goscope.findings.source_links import SourceLinks
    from goscope.renderers.renderer import Renderer
    from goscope.rules.rule import Settings
    from goscope.sources.files.named_inputs import Source


class OutputFormat(Enum):
    """What goes to standard output."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    GITHUB = "github"
    JUNIT = "junit"
    SAVED = "saved"


class FailOn(Enum):
    """The severity from which findings set the exit code to 1."""

    NEVER = "never"
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


FormatOption = Annotated[
    OutputFormat, typer.Option("--format", "-f", help="What goes to standard output.")
]
OutputsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        help="Write a report; its suffix picks the form: .html .md .json .sarif .xml .txt .goscope.json",
    ),
]
LeakAfterOption = Annotated[
    str | None,
    typer.Option(
        help="Wait time from which a goroutine looks leaked: 5m, 90m, 2h.", show_default="5m"
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        help="Settings: goscope.toml, or [tool.goscope] in pyproject.toml, looked for from here upward."
    ),
]
BaselineOption = Annotated[
    Path | None, typer.Option(help="Findings of this file are known, and no news.")
]
SourceUrlOption = Annotated[
    str | None,
    typer.Option(
        help="Link places in reports: 'https://.../{file}#L{line}', 'vscode://file/{file}:{line}'."
    ),
]
SourceRootOption = Annotated[
    str | None,
    typer.Option(help="What file names start with that the repository does not have: /build/app."),
]
FailOnOption = Annotated[
    FailOn, typer.Option(help="Exit with 1 if there are findings of this severity or worse.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show all evidence, stacks and groups.")
]
NoColorOption = Annotated[bool, typer.Option("--no-color", help="No colours.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisOptions:
    """How a capture is judged and shown; made before anything is read, so that a wrong call fails first.

    Raises:
        UsageError: an option is wrong.
    """

    settings: Settings
    links: SourceLinks
    writers: tuple[tuple[Path, Renderer], ...] = ()
    output_format: OutputFormat = OutputFormat.TEXT
    write_baseline: Path | None = None
    fail_on: FailOn = FailOn.NEVER
    strict: bool = False
    quiet: bool = False
    no_color: bool = False
    verbose: bool = False
    tables_of_traces: bool = False

    def diagnosis(self, capture: Capture) -> Diagnosis:
        """What is to be said about a capture."""
        from goscope.diagnosis.engine import diagnose

        return replace(diagnose(capture, self.settings), links=self.links)

    def finish(
        self,
        capture: Capture,
        failed: Sequence[GoscopeError],
        sources: Sequence[Source] = (),
        *,
        aside: bool = False,
    ) -> None:
        """Judge what was read, write and print it; ends with the exit code that it deserves.

        ``sources`` is where it was read from, so that no report is written over it. ``aside`` prints the
        summary to standard error: standard output is the program's.

        Raises:
            NothingRecognised: there is nothing of the Go runtime in it.
            InputError: --strict, and a record was not understood.
        """
        failed = list(failed)
        if not capture.recognised:
            if failed:
                raise typer.Exit(InputError.exit_code)
            raise NothingRecognised(_nothing(capture.inputs))
        self.report(self.diagnosis(capture), failed, sources, aside=aside)

    def report(
        self,
        diagnosis: Diagnosis,
        failed: Sequence[GoscopeError] = (),
        sources: Sequence[Source] = (),
        *,
        aside: bool = False,
    ) -> None:
        """Write and print a diagnosis; the parameters and errors are those of :meth:`finish`."""
        failed = [*failed, *self.write(diagnosis, sources)]
        if not self.quiet:
            self.show(diagnosis, aside=aside)
        if failed:
            raise typer.Exit(InputError.exit_code)
        if self.strict and any(i.unparsed_count for i in diagnosis.capture.inputs):
            raise InputError("--strict: there are records that were not understood")
        if self.fails(diagnosis):
            raise typer.Exit(1)

    def leave(self, capture: Capture) -> None:
        """Write the reports and set the exit code when the reader of standard output has closed it."""
        if not capture.recognised or not (self.writers or self.write_baseline or self.may_fail):
            return
        diagnosis = self.diagnosis(capture)
        if self.write(diagnosis):
            raise typer.Exit(InputError.exit_code)
        if self.fails(diagnosis):
            raise typer.Exit(1)

    @property
    def may_fail(self) -> bool:
        """Whether findings may set the exit code."""
        return self.fail_on is not FailOn.NEVER and self.write_baseline is None

    def write(self, diagnosis: Diagnosis, sources: Sequence[Source] = ()) -> list[InputError]:
        """Write the reports, but over no source; what cannot be written has been complained of."""
        from goscope.renderers.files import write_text

        failed = []
        pages = [(path, renderer.render(diagnosis)) for path, renderer in self.writers]
        if self.write_baseline is not None:
            pages.append((self.write_baseline, _baseline(diagnosis)))
        for path, page in pages:
            try:
                if is_input(path, sources, diagnosis.capture.inputs):
                    raise InputError(
                        f"{path}: not written, for it is one of the inputs; give another name"
                    )
                write_text(path, page)
            except InputError as error:
                print_error(error)
                failed.append(error)
        return failed

    def fails(self, diagnosis: Diagnosis) -> bool:
        """Whether a finding is at or above the severity of --fail-on."""
        if not self.may_fail:
            return False
        from goscope.findings.findings import Severity

        bar = Severity(self.fail_on.value).rank
        return any(f.severity.rank >= bar for f in diagnosis.findings)

    def show(self, diagnosis: Diagnosis, *, aside: bool = False) -> None:
        """Print a diagnosis to standard output; with ``aside`` the summary goes to standard error."""
        if self.output_format is OutputFormat.JSON:
            from goscope.renderers.json.json_contract import render

            print_result(render(diagnosis))
        elif self.output_format is not OutputFormat.TEXT:
            from goscope.renderers import renderer_named

            print_result(renderer_named(self.output_format.value).render(diagnosis))
        else:
            (print_note if aside else print_result)(self.summary(diagnosis, aside=aside))

    def summary(self, diagnosis: Diagnosis, *, aside: bool = False) -> str:
        """The summary for the terminal that standard output or standard error goes to."""
        from goscope.renderers.terminal.summary import PAGE, show

        stream = sys.stderr if aside else sys.stdout
        height = shutil.get_terminal_size().lines if stream.isatty() else PAGE
        shown = partial(show, diagnosis, full=self.verbose, height=height)
        text = on_terminal(shown, no_color=self.no_color, aside=aside)
        return text + self._tables(diagnosis, aside=aside) if self.tables_of_traces else text

    def _tables(self, diagnosis: Diagnosis, *, aside: bool) -> str:
        from goscope.analysis.traces.go_tool_trace import analyses_of
        from goscope.renderers.terminal.trace_tables import show

        shown = partial(show, analyses_of(diagnosis.capture))
        return on_terminal(shown, no_color=self.no_color, aside=aside)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """The options of every command that judges a program: by which settings, and where it says so."""

    output_format: FormatOption = OutputFormat.TEXT
    outputs: OutputsOption = None
    leak_after: LeakAfterOption = None
    config: ConfigOption = None
    baseline: BaselineOption = None
    source_url: SourceUrlOption = None
    source_root: SourceRootOption = None
    fail_on: FailOnOption = FailOn.NEVER
    quiet: QuietOption = False
    no_color: NoColorOption = False
    verbose: VerboseOption = False

    def resolved(
        self,
        *,
        write_baseline: Path | None = None,
        strict: bool = False,
        tables_of_traces: bool = False,
    ) -> DiagnosisOptions:
        """The options, understood; with those that not every command has.

        Raises:
            UsageError: an option is wrong.
        """
        from goscope.findings.source_links import source_links

        for option, path in (("--write-baseline", write_baseline), ("--baseline", self.baseline)):
            if path is not None and os.path.realpath(path) in map(
                os.path.realpath, self.outputs or ()
            ):
                raise UsageError(f"-o {path}: this is the file of {option}; give another name")
        return DiagnosisOptions(
            links=source_links(self.source_url, self.source_root),
            settings=_settings(self.config, self.leak_after, self.baseline),
            writers=tuple((path, _renderer(path)) for path in self.outputs or ()),
            output_format=self.output_format,
            write_baseline=write_baseline,
            fail_on=self.fail_on,
            strict=strict,
            quiet=self.quiet,
            no_color=self.no_color,
            verbose=self.verbose,
            tables_of_traces=tables_of_traces,
        )


def _settings(config: Path | None, leak_after: str | None, baseline: Path | None) -> Settings:
    """What the file of settings says, and the options that go before it."""
    from goscope.diagnosis.configuration import read_settings
    from goscope.findings.baseline import read_baseline

    settings = read_settings(config)
    if leak_after is not None:
        settings = replace(settings, leak_after_minutes=minutes(leak_after, "--leak-after"))
    if baseline is not None:
        settings = replace(settings, baseline=read_baseline(baseline))
    return settings


def _baseline(diagnosis: Diagnosis) -> str:
    """All findings as a baseline, those of the one that was given included, but none that settings ignore."""
    from goscope.findings.baseline import baseline_text

    own = replace(diagnosis.settings, baseline=None)
    still = [i.finding for i in diagnosis.ignored if own.why_ignored(i.finding) is None]
    return baseline_text([*diagnosis.findings, *still])


def _renderer(path: Path) -> Renderer:
    from goscope.renderers import renderer_for

    try:
        return renderer_for(path)
    except UsageError as error:
        raise UsageError(f"-o {error}") from None


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
    holding = next((found for found in inputs if found.unparsed), None)
    if holding is not None:
        first = holding.unparsed[0]
        count = sum(found.unparsed_count for found in inputs)
        records = "a record" if count == 1 else f"{count:,} records"
        return (
            f"{what}: {records} of the Go runtime, and none could be understood; at "
            f"{holding.name}:{first.line} goscope expected {first.expected}"
        )
    return (
        f"{what}: nothing of the Go runtime in it; goscope reads schedtrace, scheddetail and gctrace "
        "lines (GODEBUG=schedtrace=1000,gctrace=1, on stderr), goroutine dumps (pprof debug=2) and profiles"
    )
