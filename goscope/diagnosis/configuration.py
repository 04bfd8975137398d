"""Reads the settings of a file: ``goscope.toml``, or ``[tool.goscope]`` in ``pyproject.toml``.

    disable = ["gc-long-pause"]

    [rules.leak-long-wait]
    after_minutes = 10

    [[ignore]]
    rule = "leak-*"
    site = "github.com/x/y.*"
    reason = "the pool of y is as large as the machine has disks"

The file is looked for in the working directory and those above it; the nearest one holds alone. A name or
value that is not known is an error, with the name that was probably meant: a threshold that nobody
reads is worse than none.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from goscope.errors import UsageError, reason_of
from goscope.findings.settings import Ignore, Settings, Threshold
from goscope.rules import all_rules
from goscope.rules.rule import Rule
from goscope.whole_files import read_small

_KEYS = ("rules", "disable", "ignore")
_IGNORE_KEYS = ("rule", "site", "reason")


def read_settings(path: Path | None = None, *, start: Path | None = None) -> Settings:
    """The settings of a file; without one, of the nearest one from ``start`` upward, or the defaults.

    Raises:
        UsageError: the file is missing, is not TOML, or says what goscope does not know.
    """
    if path is not None:
        if path.name == "pyproject.toml":
            return _settings(_tool_of(_toml(path)) or {}, path)
        return _settings(_toml(path), path)
    for folder in _upward(start):
        own, project = folder / "goscope.toml", folder / "pyproject.toml"
        if _is_file(own):
            return _settings(_toml(own), own)
        if _is_file(project):
            found = _tool_of(_toml(project, ours=False))
            if found is not None:
                return _settings(found, project)
    return Settings()


def _upward(start: Path | None) -> tuple[Path, ...]:
    try:
        start = (start or Path.cwd()).absolute()
    except OSError:  # the working directory was deleted
        return ()
    return (start, *start.parents)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder that may not be looked into
        return False


def _toml(path: Path, *, ours: bool = True) -> dict[str, Any]:
    """A file's content. A pyproject.toml that happens to lie around may be broken: it is not ours."""
    try:
        return tomllib.loads(read_small(path))
    except OSError as error:
        if not ours:
            return {}
        raise UsageError(f"{path}: {reason_of(error)}") from error
    except (ValueError, RecursionError) as error:
        if not ours:
            return {}
        raise UsageError(f"{path}: not TOML: {error}") from error


def _tool_of(document: Mapping[str, Any]) -> Any | None:
    tool = document.get("tool")
    return tool.get("goscope") if isinstance(tool, dict) else None


def _settings(document: Any, path: Path) -> Settings:
    if not isinstance(document, dict):
        raise UsageError(f"{path}: tool.goscope is a table, with {', '.join(_KEYS)}")
    for key in document:
        _known(key, _KEYS, f"{path}: there is no setting {key}")
    thresholds = _thresholds(document.get("rules", {}), path)
    # What an option of the command line sets has one place, so that the option can override it.
    by_option = {
        option: thresholds[rule.name].pop(name)
        for rule in all_rules()
        for name, option in rule.options.items()
        if name in thresholds.get(rule.name, {})
    }
    found = Settings(
        thresholds={rule: values for rule, values in thresholds.items() if values},
        disable=tuple(_disabled(document.get("disable", []), path)),
        ignore=tuple(_ignores(document.get("ignore", []), path)),
        source=str(path),
    )
    return replace(found, **by_option)  # type: ignore[arg-type]


def _thresholds(tables: Any, path: Path) -> dict[str, dict[str, Threshold]]:
    if not isinstance(tables, dict):
        raise UsageError(f"{path}: rules is a table of tables: [rules.{all_rules()[0].name}]")
    rules = {rule.name: rule for rule in all_rules()}
    found = {}
    for name, values in tables.items():
        _known(name, rules, f"{path}: [rules.{name}]: no rule is called {name}")
        if not isinstance(values, dict):
            raise UsageError(f"{path}: rules.{name} is a table: [rules.{name}]")
        found[name] = {
            key: _threshold(rules[name], key, value, f"{path}: [rules.{name}]")
            for key, value in values.items()
        }
    return found


def _threshold(rule: Rule, key: str, value: Any, where: str) -> Threshold:
    defaults = rule.defaults()
    if not defaults:
        raise UsageError(f"{where}: {rule.name} has no thresholds")
    _known(key, defaults, f"{where}: {rule.name} has no threshold {key}")
    whole = isinstance(defaults[key], int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        kind = "a whole number" if whole else "a number"
        raise UsageError(f"{where}: {key} = {value!r}: it has to be {kind}, as {defaults[key]} is")
    least = 1 if key.endswith("_minutes") else 0
    most = 1 if key.endswith("_share") else math.inf
    if not least <= value <= most or not math.isfinite(value):
        span = f"between {least} and {most}" if most == 1 else f"{least} or more"
        raise UsageError(f"{where}: {key} = {value!r}: it has to be {span}")
    return value if whole else float(value)


def _disabled(patterns: Any, path: Path) -> Iterable[str]:
    if not isinstance(patterns, list):
        raise UsageError(f'{path}: disable is a list of rules: disable = ["{all_rules()[0].name}"]')
    for pattern in patterns:
        _pattern(pattern, f"{path}: disable")
        yield pattern


def _ignores(entries: Any, path: Path) -> Iterable[Ignore]:
    if not isinstance(entries, list):
        raise UsageError(f"{path}: ignore is a list of tables, each with {', '.join(_IGNORE_KEYS)}")
    for number, entry in enumerate(entries, 1):
        where = f"{path}: ignore, entry {number}"
        if not isinstance(entry, dict):
            raise UsageError(f"{where}: a table with {', '.join(_IGNORE_KEYS)}")
        for key, value in entry.items():
            _known(key, _IGNORE_KEYS, f"{where}: there is no {key}")
            if not isinstance(value, str):
                raise UsageError(f"{where}: {key} = {value!r}: it has to be a text")
        if not entry.get("reason", "").strip():
            raise UsageError(f"{where}: it needs a reason, for those who read it in a year")
        if "rule" not in entry and "site" not in entry:
            raise UsageError(
                f"{where}: it needs a rule or a site; to switch rules off, use disable"
            )
        if "rule" in entry:
            _pattern(entry["rule"], where)
        yield Ignore(entry.get("rule", "*"), entry.get("site", "*"), entry["reason"].strip())


def _pattern(pattern: Any, where: str) -> None:
    """See that a pattern means a rule that there is."""
    names = [rule.name for rule in all_rules()]
    if not isinstance(pattern, str):
        raise UsageError(f"{where}: {pattern!r}: the name of a rule is a text")
    if not any(fnmatchcase(name, pattern) for name in names):
        _known(pattern, names, f"{where}: no rule is called {pattern}")


def _known(name: str, names: Iterable[str], message: str) -> None:
    names = list(names)
    if name in names:
        return
    near = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names[:12])}"
    more = ", ..." if not near and len(names) > 12 else ""
    raise UsageError(f"{message}; {hint}{more}")
