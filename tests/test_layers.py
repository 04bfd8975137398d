"""An import never points upward."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import goscope

ROOT = Path(goscope.__path__[0])

#: From the ground up; a room may import what stands on lower floors, and what is on none of its own.
FLOORS = (
    "errors redaction whole_files discovery goruntime",
    "tables findings",
    "sources traces",
    "framing",
    "log_wrappers parsing",
    "formats",
    "capture",
    "reading",
    "analysis/goroutines",
    "analysis/waits analysis/crashes",
    "analysis/scheduler analysis/gc analysis/series analysis/traces",
    "rules",
    "diagnosis",
    "explain exports",
    "renderers",
    "cli",
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms.split()}
MOST_ON_TOP = 25


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def room_of(parts: Sequence[str]) -> str:
    """The room of a module, given as its parts below goscope; "" for goscope itself."""
    if not parts or parts[0] in ("__init__", "__main__"):
        return ""
    if parts[0] == "analysis" and len(parts) > 1 and parts[1] != "__init__":
        return "/".join(parts[:2])
    return parts[0]


def parts_of(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT).with_suffix("").parts


def imported(path: Path) -> list[tuple[str, bool]]:
    """The names that a module imports, made absolute, and whether it does so when it is loaded."""
    package = ("goscope", *path.relative_to(ROOT).parts[:-1])
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lazy = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    lazy |= {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for node in ast.walk(branch)
    }
    names: list[tuple[str, bool]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [(alias.name, id(node) not in lazy) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            names += [(f"{module}.{alias.name}", id(node) not in lazy) for alias in node.names]
    return names


def upward(path: Path) -> list[str]:
    """Imports of a module that point to a higher floor, or to another room of its own."""
    room = room_of(parts_of(path))
    if room in ("", "analysis"):
        return []  # goscope itself offers what all floors hold, and loads it when it is asked for
    found = []
    for name, _ in imported(path):
        top, *parts = name.split(".")
        other = room_of(parts)
        if (
            top == "goscope"
            and other not in ("", room)
            and FLOOR_OF.get(other, -1) >= FLOOR_OF[room]
        ):
            found.append(name)
    return found


def test_every_module_stands_on_a_floor() -> None:
    rooms = {room_of(parts_of(path)) for path in modules()} - {"", "analysis"}
    assert rooms == set(FLOOR_OF)


def test_the_top_level_can_be_read_at_a_glance() -> None:
    names = [path.name for path in ROOT.iterdir() if path.name != "__pycache__"]
    assert len(names) <= MOST_ON_TOP


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downward(path: Path) -> None:
    assert upward(path) == []


def test_goscope_itself_imports_nothing_when_loaded() -> None:
    eager = [
        name for name, now in imported(ROOT / "__init__.py") if now and name.startswith("goscope")
    ]
    assert eager == []


def test_an_upward_import_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    (tmp_path / "framing").mkdir()
    module = tmp_path / "framing" / "lines.py"
    module.write_text(
        "import goscope.capture.capture\nfrom goscope import tables, formats\nfrom ..cli import app\n"
        "def f():\n    from goscope.parsing.text_shapes import Piece\n"
    )
    assert upward(module) == [
        "goscope.capture.capture",
        "goscope.formats",
        "goscope.cli.app",
        "goscope.parsing.text_shapes.Piece",
    ]


@pytest.mark.parametrize("path", sorted((ROOT / "rules").glob("*.py")), ids=lambda path: path.name)
def test_rules_know_no_pandas(path: Path) -> None:
    assert not [name for name, _ in imported(path) if name.split(".")[0] == "pandas"]


def loaded_by(module: str) -> set[str]:
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent
    )
    return set(run.stdout.split())


def test_reading_loads_no_pandas() -> None:
    assert loaded_by("goscope.capture.capture") & {"pandas", "plotly", "rich"} == set()


def test_the_command_line_loads_no_pandas() -> None:
    assert loaded_by("goscope.cli") & {"pandas", "plotly", "pyarrow", "lark"} == set()


def test_no_two_classes_have_one_name() -> None:
    places: dict[str, list[str]] = {}
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
