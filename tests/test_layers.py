"""An import never points upward."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import goscope

ROOT = Path(goscope.__path__[0])

FLOORS: tuple[frozenset[str], ...] = (
    frozenset(
        {
            "allocation",
            "credentials",
            "errors",
            "goruntime",
            "notebook",
            "small_files",
            "unparsed",
            "whole_files",
        }
    ),
    frozenset(
        {
            "tables",
            "table_builder",
            "numerals",
            "demonstrations",
            "discovery",
            "sources",
        }
    ),
    frozenset({"reduction", "traces"}),
    frozenset({"framing"}),
    frozenset({"bounds"}),
    frozenset({"engine"}),
    frozenset({"formats"}),
    frozenset(
        {
            "clocks",
            "origins",
            "processes",
            "programs",
            "crashes",
            "intervals",
            "capture",
            "table_links",
        }
    ),
    frozenset({"reading"}),
    frozenset({"following"}),
    frozenset({"findings"}),
    frozenset({"baseline"}),
    frozenset({"settings"}),
    frozenset({"stacks", "transitions"}),
    frozenset({"connections"}),
    frozenset({"waiting", "growth_alive", "crash_reports", "executions"}),
    frozenset({"stuck"}),
    frozenset({"locks", "structure", "progress"}),
    frozenset({"relief"}),
    frozenset({"profiles"}),
    frozenset({"signatures"}),
    frozenset({"scheduling", "collecting", "thread_counts"}),
    frozenset({"heap_trend", "gc_verdict", "threads_verdict", "trace_verdicts"}),
    frozenset({"source_links", "timeline", "trends", "stack_groups", "trace_analysis"}),
    frozenset({"goroutines", "selection", "goroutine_groups"}),
    frozenset({"trace_views"}),
    frozenset({"rules"}),
    frozenset({"diagnosis", "configuration", "topics"}),
    frozenset({"comparison", "watching"}),
    frozenset({"renderers", "exports", "pprof_export"}),
    frozenset({"cli"}),
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def room_of(path: Path) -> str:
    """The room of a module: the package below goscope, or the module itself; "" for goscope."""
    first = path.relative_to(ROOT).parts[0].removesuffix(".py")
    return "" if first in ("__init__", "__main__") else first


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
    """Imports of a module that point to a higher floor."""
    room = room_of(path)
    if not room:
        return []  # goscope itself offers what all floors hold, and loads it when it is asked for
    found = []
    for name, _ in imported(path):
        parts = name.split(".")
        if parts[0] != "goscope":
            continue
        other = parts[1] if len(parts) > 1 else ""
        if FLOOR_OF.get(other, 0) > FLOOR_OF.get(room, len(FLOORS)):
            found.append(name)
    return found


def test_every_module_stands_on_a_floor() -> None:
    rooms = {room_of(path) for path in modules()} - {""}
    assert rooms - set(FLOOR_OF) == set()
    assert {"capture", "formats", "framing", "engine", "tables", "goruntime"} <= rooms


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
        "import goscope.capture\nfrom goscope import tables, formats\nfrom ..cli import app\n"
        "def f():\n    from goscope.engine.text_shapes import Piece\n"
    )
    assert upward(module) == [
        "goscope.capture",
        "goscope.formats",
        "goscope.cli.app",
        "goscope.engine.text_shapes.Piece",
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
    assert loaded_by("goscope.capture") & {"pandas", "plotly", "rich"} == set()


@pytest.mark.skipif(not (ROOT / "cli").is_dir(), reason="goscope.cli is not built yet")
def test_the_command_line_loads_no_pandas() -> None:
    assert loaded_by("goscope.cli") & {"pandas", "plotly", "pyarrow", "lark"} == set()
