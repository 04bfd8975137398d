"""A stack on a terminal: frames of the program bright, those of Go dimmed, names and files short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from goscope.analysis.goroutines.dumps import Stack
from goscope.findings.findings import Site
from goscope.goruntime.function_names import is_standard_library, short_name
from goscope.renderers.safe_text import safe

if TYPE_CHECKING:
    from rich.text import Text

_WIDEST_NAME = 48
#: What stands on top of a goroutine that waits.
_WAITING_IN = ("runtime.", "internal/poll.", "internal/sync.", "sync.", "syscall.")


def stack_lines(
    stack: Stack, *, most: int, full: bool = False, mark: Site | None = None
) -> list[Text]:
    """The frames as lines, innermost first, and the go statement.

    Of the frames of Go on top only the one that the program called is shown, and at most ``most`` in all,
    of one that waits inside of Go's own code the outermost; ``full`` shows every frame with its whole
    path. ``mark`` is the frame to point at, with its path.
    """
    from rich.text import Text

    above, frames, below = ([], list(stack.frames), 0) if full else _told(stack.frames, most)
    names = [_name(frame, full) for frame in frames]
    width = min(max(map(len, names), default=0), _WIDEST_NAME)
    pointed = mark is not None and mark in frames
    lines = []
    if above:
        lines.append(Text(f"  ... {_frames(len(above))} of Go above", "dim"))
    for frame, name in zip(frames, names, strict=True):
        point = ("> " if frame == mark else "  ") if pointed else ""
        own = bool(frame.function) and not is_standard_library(frame.function or "")
        style = "bold" if own else "dim"
        file = _file(frame, full or frame == mark)
        lines.append(Text.assemble((f"{point}{name:{width}}", style), (file, "dim")))
    if below + stack.elided:
        lines.append(Text(f"  ... {_frames(below + stack.elided)} more", "dim"))
    if stack.created_by is not None:
        made = stack.created_by
        lines.append(Text(f"created by {_name(made, full)}{_file(made, full)}", "dim"))
    for line in lines:
        line.rstrip()
    return lines


def _told(frames: Sequence[Site], most: int) -> tuple[list[Site], list[Site], int]:
    """What is left out above, the frames that are shown, and how many are left out below.

    Of a goroutine that waits inside of Go's own code the outermost frames tell what it is about:
    ``readRequest``, not the reads that it is in.
    """
    own = (i for i, f in enumerate(frames) if f.function and not is_standard_library(f.function))
    first = next(own, None)
    waits = bool(frames) and (frames[0].function or "").startswith(_WAITING_IN)
    begin = max((len(frames) - most) * waits if first is None else first - 1, 0)
    shown = list(frames[begin : begin + most])
    return list(frames[:begin]), shown, len(frames) - begin - len(shown)


def _frames(count: int) -> str:
    return f"{count} frame{'s' * (count != 1)}"


def _name(frame: Site, full: bool) -> str:
    name = frame.function or "?"
    return safe(name if full else short_name(name))


def _file(frame: Site, full: bool) -> str:
    if frame.file is None:
        return ""
    file = safe(frame.file if full else frame.file.replace("\\", "/").rpartition("/")[2])
    return f"  {file}" + ("" if frame.line is None else f":{frame.line}")
