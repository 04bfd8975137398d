"""The page of the documentation that says what is read in which layouts and wrappers.

::

    python -m tests.log_wrappers.layout_page          # writes docs/layouts.md anew
"""

from __future__ import annotations

from pathlib import Path

from tests.log_wrappers.layouts import TRANSFORMATIONS, Transformation
from tests.log_wrappers.wrappers import WRAPPERS

PAGE = Path(__file__).parents[2] / "docs" / "layouts.md"

_HEAD = """# What is read in which layout

Every format that goscope reads, it reads in the layouts and wrappers of this page too. The lists are those of the
tests: `tests/log_wrappers` applies each to real captures, and compares the records and the verdicts with those of
the plain text. `python -m tests.log_wrappers.layout_page` writes the page.

Nothing of Go is lost in silence. What only Go prints and what is in no record, such as a goroutine's header without
its frames, counts as not understood: in the report, in JSON (`unparsed`), and for `--strict`. In the part of a log
that is longer than 1 MiB, this holds for what stands at the start of its line.

## Pasted texts

People and tools change a text when they paste it. Such layouts are looked for in texts of at most 512 KiB, alone
and within one another.

| layout | what is read |
| --- | --- |
"""

_WRAPPED = """
## Logs

Log shippers put something before every line, or each line into an object. What stands there is learned from the log,
of any size; these are the ones that are tested, and names that start with "invented" stand for those that nobody has
seen yet.

"""


def page() -> str:
    """The text of the page."""
    layouts = "".join(f"| {one.name} | {_read(one)} |\n" for one in TRANSFORMATIONS)
    wrappers = "".join(f"* {one.name}\n" for one in WRAPPERS)
    return _HEAD + layouts + _WRAPPED + wrappers


def _read(one: Transformation) -> str:
    if one.loses:
        return "what is left; the rest is counted"
    if one.unless != Transformation.__dataclass_fields__["unless"].default:
        return "all, unless nothing in the text tells the layout"
    return "all"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
