"""What CPU the system gave a program that goscope ran: its own time, the quota of the cgroup, the CPUs.

Linux alone tells of quotas. Both hierarchies are read: ``cpu.stat`` and ``cpu.max`` of version 2,
``cpu.stat`` with ``cpu.cfs_quota_us`` of version 1 (Documentation/admin-guide/cgroup-v2.rst,
scheduler/sched-bwc.rst).
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

_HIERARCHIES = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class CpuUse:
    """What a program used and was refused, from its start to its end.

    ``used_s``: CPU time of the program and its children, in seconds of one CPU; ``wall_s``: how long it ran.
    ``periods``: in how many periods the quota was enforced, ``throttled`` in how many of these it was used
    up; 0 where there is none. ``quota``: in CPUs, 0 where there is none. ``cpus``: on how many it may run.
    """

    wall_s: float
    used_s: float
    periods: int = 0
    throttled: int = 0
    quota: float = 0.0
    cpus: int = 0

    @property
    def throttled_share(self) -> float:
        """In which share of the periods the quota was used up, so that all its threads stood still."""
        return self.throttled / self.periods if self.periods else 0.0


class CpuMeter:
    """Measures from when it is made. The child has the cgroup and the CPUs of goscope itself."""

    def __init__(self) -> None:
        self._folder = _cgroup()
        self._began, self._used = time.monotonic(), _used()
        self._periods, self._throttled = _enforced(self._folder)

    def read(self) -> CpuUse:
        """What was used since; children have to be waited for."""
        periods, throttled = _enforced(self._folder)
        return CpuUse(
            time.monotonic() - self._began,
            _used() - self._used,
            periods - self._periods,
            throttled - self._throttled,
            _quota(self._folder),
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 0,
        )


def _used() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _cgroup() -> Path | None:
    """The folder of the cgroup that limits the CPU; inside of a container it is that of the mount."""
    for line in _text(Path("/proc/self/cgroup")).splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        for top in (_HIERARCHIES / (controllers or "."), _HIERARCHIES / "cpu"):
            for folder in (top / path.lstrip("/"), top):
                if "nr_throttled" in _text(folder / "cpu.stat"):
                    return folder
    return None


def _enforced(folder: Path | None) -> tuple[int, int]:
    """How many periods there were so far, and in how many the quota was used up."""
    if folder is None:
        return 0, 0
    pairs = (line.split() for line in _text(folder / "cpu.stat").splitlines())
    known = {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}
    return known.get("nr_periods", 0), known.get("nr_throttled", 0)


def _quota(folder: Path | None) -> float:
    if folder is None:
        return 0.0
    words = _text(folder / "cpu.max").split() or [
        _text(folder / "cpu.cfs_quota_us").strip(),
        _text(folder / "cpu.cfs_period_us").strip(),
    ]
    numbers = [int(word) for word in words if word.isdigit()]
    return numbers[0] / numbers[1] if len(numbers) > 1 and numbers[1] else 0.0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
