"""Finds what the modules of a package define: dropping a file into a room is the whole registration."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from types import ModuleType


def modules_of(package: str, path: Iterable[str]) -> list[ModuleType]:
    """All modules of a package, imported, in the order of their names."""
    names = sorted(info.name for info in pkgutil.iter_modules(path))
    return [importlib.import_module(f"{package}.{name}") for name in names]


def modules_defining(name: str, package: str, path: Iterable[str]) -> Iterator[ModuleType]:
    """The modules of a package and of the packages in it that define a name.

    A package that defines it itself is one of them, and its modules are not looked at.
    """
    for module in modules_of(package, path):
        if hasattr(module, name):
            yield module
        elif hasattr(module, "__path__"):
            yield from modules_defining(name, module.__name__, module.__path__)
