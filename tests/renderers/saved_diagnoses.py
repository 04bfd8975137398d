"""Diagnoses that tests of renderers look at, saved beside this file: each kind of thing that there is to show.

``python -m tests.renderers.saved_diagnoses`` writes them anew, after a change of a rule, a verdict or a table.
"""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.diagnosis.saved import SUFFIX, saved_text
from goscope.reading.capture_builder import CaptureBuilder
from tests.conftest import CAPTURES, content

FOLDER = Path(__file__).parent / "saved"
LOGS_AND_DUMPS = ("stderr.log*", "dump-[0-9].txt*")
#: The files of each, below ``fixtures/captures``, in the order in which a user would give them.
SAVED = {
    **{
        run: [f"{run}/{pattern}" for pattern in LOGS_AND_DUMPS]
        for run in (
            "go1.27/leak_receiver",
            "go1.23/cpu_starving",
            "go1.23/gc_thrash",
            "go1.19/idle_server",
            "go1.27/crowd",
            "go1.27/labels",
            "go1.27/leaked_proven",
            "go1.27/lock_cycles",
        )
    },
    "crash": ["go1.27/panic_all/panic.log*"],
    "trace": ["go1.27/trace_leak/trace.out*"],
    "several runs": ["go1.27/leak_receiver/stderr.log*", "go1.23/cpu_starving/stderr.log*"],
}
#: What the golden files of the terminal show.
RUNS = ("go1.27/leak_receiver", "go1.23/cpu_starving", "go1.19/idle_server")


def made(name: str) -> Diagnosis:
    """One of them, read from the captures."""
    builder = CaptureBuilder()
    for pattern in SAVED[name]:
        for path in sorted(CAPTURES.glob(pattern)):
            builder.read(path.name.removesuffix(".gz"), [content(path)])
    return goscope.diagnose(builder.build())


@cache
def saved(name: str) -> Diagnosis:
    """One of them, from its file."""
    return goscope.load(path_of(name))


def path_of(name: str) -> Path:
    return FOLDER / f"{name.replace('/', '-').replace(' ', '-')}{SUFFIX}.gz"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in SAVED:
        path_of(name).write_bytes(gzip.compress(saved_text(made(name)).encode(), 9, mtime=0))
        print(f"{path_of(name).stat().st_size:>8,} {path_of(name)}")
