"""Captures of real programs that are shipped, for those who want to see what goscope does.

They are a few of ``fixtures/captures``; in the wheel they lie in the package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LOG_AND_DUMPS = ("stderr.log.gz", "dump-1.txt*", "dump-2.txt*", "dump-3.txt*")


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A capture: the program that printed it, what that does, and which of its files are read."""

    program: str
    about: str
    files: tuple[str, ...] = _LOG_AND_DUMPS

    def paths(self) -> list[Path]:
        """The files, the log first, then the dumps, oldest first."""
        folder = _folder() / self.program
        return [path for pattern in self.files for path in sorted(folder.glob(pattern))]


#: By the name that the user gives.
DEMONSTRATIONS: Mapping[str, Demonstration] = {
    "leak": Demonstration(
        "leak_receiver", "goroutines that send to a channel from which nobody receives any more"
    ),
    "blocked": Demonstration(
        "stuck_handlers", "a web server whose handlers wait for each other's locks"
    ),
    "starving": Demonstration(
        "cpu_starving", "more goroutines that compute than there are processors"
    ),
    "gc": Demonstration("gc_thrash", "a garbage collector that has too little room"),
    "crash": Demonstration("crashes", "a panic over a nil pointer", ("nil_deref.log",)),
}


def _folder() -> Path:
    installed = Path(__file__).parents[1] / "captures"
    if installed.is_dir():
        return installed
    return Path(__file__).parents[2] / "fixtures" / "captures" / "go1.27"
