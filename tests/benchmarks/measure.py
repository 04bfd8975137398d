"""Run a command once: how long it took, the most memory it held, how it ended.

The operating system reports a child's peak memory as at least what its parent held when it was
started. So the measuring is done by this file as a small program of its own, which imports nothing
large: ``python measure.py OUTPUT COMMAND...`` runs the command with its standard output in OUTPUT and
prints one JSON object.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command: wall clock seconds, peak resident memory in MiB, exit status."""

    seconds: float
    peak_mib: float
    status: int
    errors: str


def run(command: Sequence[str], output: Path = Path(os.devnull)) -> Run:
    """Run a command to its end in a process of its own."""
    watcher = [sys.executable, "-I", "-S", __file__, str(output)]
    done = subprocess.run([*watcher, *command], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    found = json.loads(done.stdout.splitlines()[-1])
    return Run(found["seconds"], found["peak_mib"], found["status"], done.stderr)


def _watch(output: str, command: Sequence[str]) -> None:
    """What the small program does; the command's standard error goes where ours goes."""
    target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    begin = time.perf_counter()
    child = os.posix_spawnp(
        command[0], list(command), os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, target, 1)]
    )
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - begin
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    result = {
        "seconds": seconds,
        "peak_mib": usage.ru_maxrss * unit / 2**20,
        "status": os.waitstatus_to_exitcode(status),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    _watch(sys.argv[1], sys.argv[2:])
