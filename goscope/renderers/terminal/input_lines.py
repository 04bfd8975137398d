"""What was read, on a terminal: inputs, and findings that are no news."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from goscope.capture.capture import Capture, Input
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.renderers.quantities import plural
from goscope.renderers.safe_text import safe
from goscope.renderers.table_words import counted
from goscope.renderers.terminal.lines import wrapped

if TYPE_CHECKING:
    from rich.text import Text

_IGNORED_SHOWN = 20
_SKIPPED_SHOWN = 8
_INPUTS_SHOWN = 200
_TOGETHER = 3  # inputs from which those without a remark share a line


def input_lines(capture: Capture, width: int, *, full: bool) -> list[Text]:
    """A line per input with what was found in it, and below it what was not understood."""
    from rich.text import Text

    lines = []
    silent = [i for i in capture.inputs if not i.formats and not i.unparsed_count]
    spoken = [i for i in capture.inputs if i.formats or i.unparsed_count]
    plain = [i for i in spoken if i.problem is None and not i.unparsed_count and not i.cut]
    together = [] if len(plain) < _TOGETHER or (full and len(spoken) <= _INPUTS_SHOWN) else plain
    if together:
        held: Counter[str] = Counter()
        for found in together:
            held.update(capture.records(found.name))
        lines += _read(f"{len(together):,} inputs", together, held, width)
    named = {found.name for found in together}
    alone = [found for found in spoken if found.name not in named]
    for found in alone[:_INPUTS_SHOWN]:
        lines += _input(found, capture.records(found.name), width)
    if len(alone) > _INPUTS_SHOWN:
        text = f"{plural(len(alone) - _INPUTS_SHOWN, 'more input')}, not shown"
        lines += wrapped(Text(text, "yellow"), width)
    if capture.selected:
        kept = {name: len(capture.table(name)) for name in capture.selected}
        text = (
            f"so many that a selection was judged, {', '.join(counted(kept))}, spread over the time, with "
            "what stands out; goscope tables writes all"
        )
        lines += wrapped(Text(text, "dim"), width, 0, 2)
    told = [i for i in silent if i.problem is not None]
    for found in told[:_SKIPPED_SHOWN]:
        lines += wrapped(Text(f"skipped {safe(found.problem or '')}", "dim"), width, 0, 2)
    if len(told) > _SKIPPED_SHOWN:
        lines += wrapped(Text(f"skipped {len(told) - _SKIPPED_SHOWN:,} more", "dim"), width)
    names = [safe(i.name, longest=60) for i in silent if i.problem is None]
    if names:
        more = ", ..." if len(names) > 4 else ""
        text = f"nothing of the Go runtime in {', '.join(names[:4])}{more}"
        lines += wrapped(Text(text, "dim"), width, 0, 2)
    return lines


def _read(name: str, inputs: Sequence[Input], records: Mapping[str, int], width: int) -> list[Text]:
    from rich.text import Text

    lines = sum(one.lines for one in inputs)
    size = plural(lines, "line")
    if not lines and any(one.size for one in inputs):  # binary
        size = f"{sum(one.size for one in inputs):,} bytes"
    what = ", ".join(counted(records)) or "nothing of the Go runtime"
    return wrapped(Text(f"read {name}: {size}, {what}", "dim"), width, 0, 2)


def _input(found: Input, records: Mapping[str, int], width: int) -> list[Text]:
    from rich.text import Text

    lines = _read(safe(found.name), [found], records, width)
    if found.problem is not None:
        problem = safe(found.problem.removeprefix(found.name + ": "))
        lines += wrapped(Text(f"not read further: {problem}", "yellow"), width, 2)
    if found.cut and (records.get("goroutines") or found.unparsed_count):
        text = "the last line has no line end: the input may be cut"
        lines += wrapped(Text(text, "yellow"), width, 2)
    if found.unparsed_count:
        text = f"{plural(found.unparsed_count, 'record')} not understood:"
        lines += wrapped(Text(text, "yellow"), width, 2)
        for unparsed in found.unparsed[:3]:
            text = safe(unparsed.text.decode("utf-8", "replace"), longest=60)
            lines += wrapped(Text(f"line {unparsed.line}: {text}", "dim"), width, 2, 2)
            expected = safe(unparsed.expected, longest=80)
            lines += wrapped(Text(f"expected {expected}", "dim"), width, 4)
    return lines


def ignored_lines(diagnosis: Diagnosis, width: int, *, full: bool) -> list[Text]:
    """The findings that settings or a baseline call no news, and where the settings are from."""
    from rich.text import Text

    lines = []
    if diagnosis.ignored:
        count = len(diagnosis.ignored)
        lines += wrapped(Text(f"{plural(count, 'finding')} ignored:", "dim"), width)
        shown = diagnosis.ignored[: _IGNORED_SHOWN if full else 3]
        for entry in shown:
            finding = entry.finding
            text = f"{finding.rule}: {safe(finding.title)} ({safe(entry.reason)})"
            lines += wrapped(Text(text, "dim"), width, 2, 2)
        if count > len(shown):
            lines += wrapped(Text(f"... {count - len(shown)} more", "dim"), width, 2)
    if diagnosis.settings.source is not None:
        lines += wrapped(Text(f"settings of {safe(diagnosis.settings.source)}", "dim"), width)
    return lines
