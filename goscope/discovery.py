"""Finds the modules of a package, so that dropping a file into a room is the whole registration."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType


def modules_of(package: str, path: Iterable[str]) -> list[ModuleType]:
    """All modules of a package, imported, in the order of their names."""
    names = sorted(info.name for info in pkgutil.iter_modules(path))
    return [importlib.import_module(f"{package}.{name}") for name in names]
