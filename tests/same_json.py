"""Holds the JSON of every labelled capture before a change against the JSON after it.

::

    python -m tests.same_json write BEFORE.jsonl fixtures ../shared/corpus   # the old code
    python -m tests.same_json write AFTER.jsonl fixtures ../shared/corpus    # the new code
    python -m tests.same_json compare BEFORE.jsonl AFTER.jsonl               # what differs, exit code 1

A folder holds a ``labels.json``. A case is a labelled path as a person gives it, or a single file below the
folder. ``goscope analyze`` runs in a fork for each, so that nothing that was read before can matter.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

#: Files that describe captures and are none.
_ABOUT = ("labels.json", "meta.json", "README.md", "truth.json")
_MOST_SHOWN = 8


def cases_of(folder: Path) -> list[str]:
    """The paths of a folder that are read, relative to it."""
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    labelled = {str(label["path"]) for label in labels}
    roots = {Path(path).parts[0] for path in labelled}
    files = {
        str(path.relative_to(folder))
        for root in roots
        for path in (folder / root).rglob("*")
        if path.is_file() and path.name not in _ABOUT
    }
    return sorted(path for path in labelled | files if (folder / path).exists())


def outcome(folder: Path, case: str) -> dict[str, Any]:
    """What ``goscope analyze`` says about a path: its exit code, its JSON and its errors."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            try:
                os.chdir(folder)
                for file, descriptor in ((out, 1), (err, 2)):
                    os.dup2(file.fileno(), descriptor)
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                sys.argv = ["goscope", "analyze", case, "--format", "json"]
                from goscope.cli import command

                command()
            finally:
                os._exit(99)
        _, status = os.waitpid(child, 0)
        for file in (out, err):
            file.seek(0)
        said = out.read().decode()
        return {
            "exit": os.waitstatus_to_exitcode(status),
            "errors": err.read().decode().splitlines(),
            "json": json.loads(said) if said.strip() else None,
        }


def write(target: Path, folders: Sequence[Path]) -> int:
    """Write what is said about every case of the folders, a line each."""
    importlib.import_module("goscope.cli")  # what every fork needs is loaded once
    cases = [(folder, case) for folder in folders for case in cases_of(folder)]
    with target.open("w", encoding="utf-8") as lines, ThreadPoolExecutor(2) as pool:
        for (folder, case), said in zip(cases, pool.map(lambda c: outcome(*c), cases), strict=True):
            lines.write(json.dumps({"case": f"{folder.name}/{case}", **said}) + "\n")
    print(f"{len(cases)} cases")
    return 0


def compare(before: Path, after: Path) -> int:
    """Print what differs, by the place in the JSON; 1 if anything does."""
    old, new = _said(before), _said(after)
    places: Counter[str] = Counter()
    different = 0
    for case in sorted(old | new):
        found = list(_differences(old.get(case), new.get(case), ""))
        different += bool(found)
        for place, a, b in found[:_MOST_SHOWN]:
            places[place] += 1
            print(f"{case}: {place}\n    - {a}\n    + {b}")
    for place, count in places.most_common():
        print(f"{count:6} times {place}")
    print(f"{different} of {len(old | new)} cases differ")
    return int(different > 0)


def _said(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as lines:
        return {said.pop("case"): said for said in map(json.loads, lines)}


def _differences(old: Any, new: Any, place: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _differences(old.get(key), new.get(key), f"{place}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for a, b in zip(old, new, strict=True):
            yield from _differences(a, b, f"{place}[]")
    elif old != new:
        yield place, json.dumps(old)[:400], json.dumps(new)[:400]


def main(arguments: Sequence[str]) -> int:
    """Write or compare; see the module."""
    match arguments:
        case ["write", target, *folders] if folders:
            return write(Path(target), [Path(folder).resolve() for folder in folders])
        case ["compare", before, after]:
            return compare(Path(before), Path(after))
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
