"""What is taken of a live program: its pages, which of them, how it may be reached, where they are saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

#: What the name of a folder with the pages of one program ends with.
SUFFIX = ".program"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAccess:
    """How programs may be reached: headers, certificates, seconds without a byte, bytes per answer."""

    headers: tuple[tuple[str, str], ...] = ()
    ca: Path | None = None
    insecure: bool = False
    certificate: Path | None = None
    key: Path | None = None
    timeout: float = 30.0
    most_bytes: int = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotPlan:
    """How many snapshots, how many seconds apart; from how many goroutines on only counts are taken.

    ``trace_seconds``: for how long an execution trace is taken, 0 for none. Without snapshots nothing else
    is asked for.
    """

    snapshots: int = 3
    interval: float = 2.0
    full: bool = False
    bearable: int = 5_000
    leak_profile: bool = True
    trace_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """One answer: the name that it goes by, its bytes, and why there are not more of them.

    ``program`` is the label of the program, ``file`` the name under which the page is saved. ``by_go``
    says that Go itself cut the answer: that is worth a warning, and no failure.
    """

    name: str
    content: bytes
    problem: str | None = None
    program: str = ""
    file: str = ""
    by_go: bool = False


def program_of(path: Path) -> str | None:
    """The program that a saved page was taken from, by its folder; None if it is no such folder."""
    folder = path.parent.name
    if not folder.endswith(SUFFIX):
        return None
    number, dash, name = folder.removesuffix(SUFFIX).partition("-")
    return unquote(name) if dash and number.isdecimal() else None
