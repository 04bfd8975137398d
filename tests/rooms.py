"""The table of rooms in CONTRIBUTING.md, made of the docstrings of the packages.

::

    python -m tests.rooms          # writes it anew

The rooms come from the top floor down (``tests/test_layers.py`` lists the floors), with those inside of them
below. What is there is the first paragraph of the docstring.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.test_layers import FLOORS, ROOT

CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"
BEGIN, END = "<!-- made by python -m tests.rooms -->\n", "<!-- end of what it makes -->\n"


def what_is_there(path: Path) -> str:
    """The first paragraph of the docstring of a module or package."""
    file = path / "__init__.py" if path.is_dir() else path
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(said.partition("\n\n")[0].split())


def rooms() -> Iterator[Path]:
    """The rooms from the top floor down, each followed by those inside of it."""
    seen: set[Path] = set()
    for floor in reversed(FLOORS):
        for name in floor.split():
            top = ROOT / name.partition("/")[0]
            room = top if top.is_dir() else top.with_suffix(".py")
            if room not in seen:
                seen.add(room)
                yield room
                yield from sorted(file.parent for file in room.glob("**/*/__init__.py"))


def table() -> str:
    """The table as Markdown."""
    lines = ["| room | what is there |", "| --- | --- |"]
    for room in rooms():
        path = room.relative_to(ROOT).as_posix() + ("/" if room.is_dir() else "")
        lines.append(f"| `{path}` | {what_is_there(room)} |")
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """A text with the table where it belongs."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    assert found, f"no table between {BEGIN.strip()} and {END.strip()}"
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    CONTRIBUTING.write_text(with_table(CONTRIBUTING.read_text("utf-8")), encoding="utf-8")
