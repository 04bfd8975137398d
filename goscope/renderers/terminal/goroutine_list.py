"""What ``goscope goroutines`` shows on a terminal: groups with their stacks, or goroutines one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from goscope.analysis.goroutines.listing import By, Example, GoroutineGroup, Listing
from goscope.redaction import labels_without_credentials
from goscope.renderers.safe_text import safe
from goscope.renderers.terminal.lines import put
from goscope.renderers.terminal.stack_lines import stack_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_FRAMES_SHOWN = 8
_DUMPS_SHOWN = 6
_STATES_SHOWN = 4
_LONGEST_LABELS = 120


def show(found: Sequence[Listing], by: By, console: Console, *, full: bool = False) -> None:
    """Print the listings; ``full`` shows all frames with their paths."""
    from rich.text import Text

    for number, listing in enumerate(found):
        if number:
            console.print()
        if len(found) > 1:
            put(console, Text(safe(listing.name), "bold underline"))
        put(console, Text(_heading(listing), "bold"))
        if not any(listing.matched):
            put(console, Text(f"there are: {_counted(listing.states, 12)}", "dim"))
        for group in listing.groups:
            console.print()
            head, *lines = _group(group, by, listing, full)
            put(console, head, hang=4)
            for line in lines:
                put(console, line, indent=4, hang=2)
        if listing.omitted:
            console.print()
            put(console, Text(_omitted(listing, by), "dim"))


def _omitted(listing: Listing, by: By) -> str:
    groups, inside = listing.omitted, listing.omitted_goroutines
    s = "s" * (groups != 1)
    if by is By.NONE:
        return f"{groups:,} more goroutine{s}: --limit 0 shows all"
    return (
        f"{groups:,} more group{s} with {inside:,} goroutine{'s' * (inside != 1)}: "
        "--limit 0 shows all"
    )


def _heading(listing: Listing) -> str:
    matched, total = listing.matched[-1], listing.totals[-1]
    of = f"{matched:,} of {total:,}" if matched != total else f"{total:,}"
    words = f"{of} goroutine{'s' * (total != 1)} in {safe(listing.sources[-1])}"
    if len(listing.sources) > 1:
        words += f", the last of {len(listing.sources)} dumps: {_over_dumps(listing.matched)}"
    return words + (" (a profile: without ids and times)" if listing.of_profile else "")


def _over_dumps(counts: Sequence[int]) -> str:
    shown = [f"{count:,}" for count in counts[-_DUMPS_SHOWN:]]
    return ("... " if len(counts) > _DUMPS_SHOWN else "") + " -> ".join(shown)


def _group(group: GoroutineGroup, by: By, listing: Listing, full: bool) -> Iterator[Text]:
    """Its heading, and the lines below it."""
    from rich.text import Text

    if by is By.NONE:
        for example in group.examples:
            yield Text(_example(example), "bold cyan")
            yield from _stack(example, full)
        return
    count = f"{group.count:,}"
    if len(set(group.counts)) > 1:
        count += f" ({_over_dumps(group.counts)})"
    if by is By.SIGNATURE:
        yield Text.assemble(
            (count, "bold"), "  ", (_counted(group.states, 1), "cyan"), _marks(group)
        )
    else:
        yield Text.assemble((count, "bold"), "  ", (safe(group.name), "bold cyan"), _marks(group))
        states = _counted(group.states, _STATES_SHOWN)
        s = "s" * (group.stacks != 1)
        yield Text(f"{states}; {group.stacks} different stack{s}")
    previous = None
    for example in group.examples:
        if len(group.examples) > 1 or by is not By.SIGNATURE:
            yield Text(_example(example), "cyan")
        if example.stack != previous:
            yield from _stack(example, full)
        previous = example.stack
    if group.ids:
        more = ", ..." if group.count > len(group.ids) else ""
        yield Text(f"ids: {', '.join(map(str, group.ids))}{more}", "dim")
    for labels in group.labels if by is By.SIGNATURE else ():
        yield Text(f"labels: {safe(labels, longest=_LONGEST_LABELS)}", "dim")


def _stack(example: Example, full: bool) -> list[Text]:
    return stack_lines(example.stack, most=_FRAMES_SHOWN, full=full)


def _marks(group: GoroutineGroup) -> str:
    words = []
    if group.wait_minutes is not None:
        least, most = group.wait_minutes
        words.append(f"waiting {least} to {most} min" if least != most else f"waiting {most} min")
    words += [f"{group.leaked:,} leaked"] * bool(group.leaked)
    words += [f"{group.locked:,} locked to a thread"] * bool(group.locked)
    return "".join(f", {word}" for word in words)


def _counted(states: Sequence[tuple[str, int]], most: int) -> str:
    if len(states) == 1 or most == 1:
        return safe(states[0][0] or "state not known") if states else "none"
    shown = [f"{count:,} {safe(state or 'state not known')}" for state, count in states[:most]]
    return ", ".join(shown) + (f", {len(states) - most} more" if len(states) > most else "")


def _example(example: Example) -> str:
    words = [safe(example.state or "state not known")]
    if example.wait_minutes is not None:
        words.append(f"{example.wait_minutes} min")
    words += ["leaked"] * example.leaked + ["locked to a thread"] * example.locked
    name = f"{example.count:,} goroutines" if example.id is None else f"goroutine {example.id}"
    labels = ", ".join(
        f"{key}={value}" for key, value in labels_without_credentials(example.labels).items()
    )
    shown = f"  {safe(labels, longest=_LONGEST_LABELS)}" if labels else ""
    return f"{name} [{', '.join(words)}]{shown}  {safe(example.source)}"
