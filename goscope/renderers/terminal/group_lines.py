"""Stack groups on a terminal: how many goroutines in which state, and their stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goscope.analysis.goroutines.listing import GoroutineGroup, Listing
from goscope.renderers.safe_text import safe
from goscope.renderers.terminal.lines import wrapped
from goscope.renderers.terminal.stack_lines import stack_lines

if TYPE_CHECKING:
    from rich.text import Text

_FRAMES_SHOWN = 4
_DUMPS_SHOWN = 6


def heading(found: Listing, name: str, width: int) -> list[Text]:
    """How many goroutines, in how many groups, of which dump."""
    from rich.text import Text

    groups = found.present
    s = "s" * (found.totals[-1] != 1)
    text = f"{found.totals[-1]:,} goroutine{s} in {groups:,} group{'s' * (groups != 1)}"
    gone = len(found.groups) + found.omitted - groups
    text += f", {gone:,} gone" if gone else ""
    of = f" of {len(found.sources)} dumps" if len(found.sources) > 1 else ""
    where = f" ({name}last{of}: {safe(found.sources[-1])})" if of or name else ""
    return wrapped(Text.assemble((text, "bold"), (where, "dim")), width)


def group_lines(group: GoroutineGroup, width: int, *, full: bool) -> list[Text]:
    """A group: the count over the dumps, the state, the stack; ``full`` shows all frames and paths."""
    from rich.text import Text

    count = f"{group.count:,}"
    if len(set(group.counts)) > 1:
        shown = [f"{one:,}" for one in group.counts[-_DUMPS_SHOWN:]]
        count = ("... " if len(group.counts) > _DUMPS_SHOWN else "") + " -> ".join(shown)
    words = ""
    if group.wait_minutes is not None:
        least, most = group.wait_minutes
        words += f", {least} to {most} min" if least != most else f", {most} min"
    words += f", {group.leaked:,} leaked" if group.leaked else ""
    words += f", {group.locked:,} locked to a thread" if group.locked else ""
    head = Text.assemble((count, "bold"), "  ", (safe(group.state), "cyan"), words)
    lines = wrapped(head, width, 0, 4)
    for line in stack_lines(group.stack, most=_FRAMES_SHOWN, full=full):
        lines += wrapped(line, width, 4, 2)
    return lines
