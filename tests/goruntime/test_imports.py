"""The room stands on the standard library alone."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import goscope.goruntime

ROOM = Path(goscope.goruntime.__path__[0])


@pytest.mark.parametrize("module", sorted(path.name for path in ROOM.glob("*.py")))
def test_imports_nothing_else(module: str) -> None:
    for node in ast.walk(ast.parse((ROOM / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level <= 1
            names = [] if node.level == 1 else [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        assert all(name.partition(".")[0] in sys.stdlib_module_names for name in names)
