"""``goscope goroutines``: the magnifying glass. Filters, groups and sorts goroutines."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from goscope.cli.command_inputs import read
from goscope.cli.diagnosis_options import NoColorOption
from goscope.cli.duration_options import minutes
from goscope.cli.live_options import LiveOptions
from goscope.cli.messages import on_terminal, print_error, print_result
from goscope.cli.option_groups import with_options
from goscope.errors import InputError, UsageError

if TYPE_CHECKING:
    from goscope.analysis.goroutines.listing import By, Listing
    from goscope.capture.capture import Input

_FILTER, _SHOW = "Which goroutines", "How they are shown"


class ListFormat(Enum):
    """What goes to standard output."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


class Order(Enum):
    """What comes first."""

    COUNT = "count"
    WAIT = "wait"
    GROWTH = "growth"
    NAME = "name"
    ID = "id"


@with_options(LiveOptions)
def goroutines(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="INPUT...", help="As for analyze; - or a pipe for standard input."),
    ] = None,
    states: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            "--wait-reason",
            "-s",
            help="'chan send', 'sync.*', running, waiting, leaked, locked; one of several is enough.",
            rich_help_panel=_FILTER,
        ),
    ] = None,
    least_wait: Annotated[
        str | None, typer.Option("--min-wait", help="5m, 2h.", rich_help_panel=_FILTER)
    ] = None,
    matches: Annotated[
        list[str] | None,
        typer.Option(
            "--match",
            "-m",
            metavar="REGEX",
            help="In functions, files, creator, state or labels.",
            rich_help_panel=_FILTER,
        ),
    ] = None,
    rejects: Annotated[
        list[str] | None,
        typer.Option("--not", metavar="REGEX", help="In none of them.", rich_help_panel=_FILTER),
    ] = None,
    functions: Annotated[
        list[str] | None,
        typer.Option("--function", metavar="REGEX", help="In a frame.", rich_help_panel=_FILTER),
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--file", metavar="REGEX", help="In a frame's file:line.", rich_help_panel=_FILTER
        ),
    ] = None,
    creators: Annotated[
        list[str] | None,
        typer.Option(
            "--creator",
            metavar="REGEX",
            help="In the function or file:line of the go statement.",
            rich_help_panel=_FILTER,
        ),
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="K[=V]", help="A pprof label.", rich_help_panel=_FILTER),
    ] = None,
    ids: Annotated[
        list[str] | None,
        typer.Option("--id", metavar="N[-M]", help="18, 20-30,44.", rich_help_panel=_FILTER),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            "-b",
            metavar="WHAT",
            help="signature, location, frame, creator, package, label, label=KEY, state, or none.",
            rich_help_panel=_SHOW,
        ),
    ] = "signature",
    sort: Annotated[
        Order, typer.Option(help="What comes first.", rich_help_panel=_SHOW)
    ] = Order.COUNT,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="0: all.", rich_help_panel=_SHOW)
    ] = 20,
    examples: Annotated[
        int,
        typer.Option(min=0, help="Goroutines shown of each group.", rich_help_panel=_SHOW),
    ] = 1,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", help="All frames, with their paths.", rich_help_panel=_SHOW
        ),
    ] = False,
    output_format: Annotated[
        ListFormat, typer.Option("--format", "-f", help="What goes to standard output.")
    ] = ListFormat.TEXT,
    no_color: NoColorOption = False,
    *,
    live_options: LiveOptions,
) -> None:
    """Look for goroutines: filter, group and sort them. Of several dumps all are counted.

    --by location is the innermost line of the program and the state, --by frame the function there.
    """
    from goscope.analysis.goroutines.filters import Wanted
    from goscope.analysis.goroutines.listing import By, Sort, listings

    what, _, label = by.partition("=")
    if what not in {one.value for one in By} or (label and what != By.LABEL.value):
        known = ", ".join(one.value for one in By)
        raise UsageError(f"--by {by}: there are {known}, and label=KEY")
    wanted = Wanted(
        states=tuple(states or ()),
        least_minutes=0 if least_wait is None else minutes(least_wait, "--min-wait"),
        functions=_patterns(functions, "--function"),
        files=_patterns(files, "--file"),
        creators=_patterns(creators, "--creator"),
        matches=_patterns(matches, "--match"),
        rejects=_patterns(rejects, "--not"),
        labels=tuple(_label(text) for text in labels or ()),
        ids=tuple(span for text in ids or () for span in _ids(text)),
    )
    live = live_options.live()
    if not inputs:
        if sys.stdin.isatty():
            raise UsageError("no input: give files, directories, or the address of a live program")
        inputs = ["-"]
    done = read(inputs, live)
    for error in _not_understood(done.capture.inputs):
        print_error(error)
    found = listings(
        done.capture,
        wanted,
        by=By(what),
        label=label or None,
        sort=Sort(sort.value),
        limit=limit,
        examples=max(examples, 1) if By(what) is By.NONE else examples,
    )
    if found:
        _print(found, By(what), output_format, verbose, no_color)
    else:
        raise done.nothing("no goroutine dump or profile in the input")
    done.end()


def _not_understood(inputs: Sequence[Input]) -> Iterator[InputError]:
    for one in inputs:
        if one.unparsed_count:
            words = (
                "1 record was not understood and is not counted; goscope analyze shows it"
                if one.unparsed_count == 1
                else f"{one.unparsed_count} records were not understood and are not counted; "
                "goscope analyze shows them"
            )
            yield InputError(f"{one.name}: {words}")


def _print(
    found: Sequence[Listing], by: By, output_format: ListFormat, verbose: bool, no_color: bool
) -> None:
    from goscope.renderers.json.goroutine_data import document, table

    if output_format is not ListFormat.TEXT:
        print_result((document if output_format is ListFormat.JSON else table)(found, by))
        return
    from goscope.renderers.terminal.goroutine_list import show

    print_result(on_terminal(partial(show, found, by, full=verbose), no_color=no_color))


def _patterns(texts: Sequence[str] | None, option: str) -> tuple[re.Pattern[str], ...]:
    found = []
    for text in texts or ():
        try:
            found.append(re.compile(text))
        except (re.error, OverflowError, RecursionError) as error:
            raise UsageError(f"{option} {text}: not a regular expression: {error}") from error
    return tuple(found)


def _label(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not name:
        raise UsageError(f"--label {text}: write it like key=value, or key for any value")
    return name, value if equals else None


def _ids(text: str) -> list[tuple[int, int]]:
    """The ranges of ``18,20-30``, both ends included."""
    found = []
    for word in text.split(","):
        numbers = re.fullmatch(r"\s*([0-9]{1,18})(?:-([0-9]{1,18}))?\s*", word)
        if numbers is None:
            raise UsageError(f"--id {text}: write it like 18, 20-30 or 18,20-30")
        found.append((int(numbers[1]), int(numbers[2] or numbers[1])))
    return found
