"""A user's code, checked by ``mypy --strict`` against an installed wheel: the types are in it.

The mistake at the end is ignored. Were goscope untyped, mypy would see none, and call the remark unused.
"""

from __future__ import annotations

import goscope


def worst(*paths: str) -> goscope.Finding | None:
    """The first finding in these files."""
    diagnosis = goscope.diagnose(goscope.read(*paths), goscope.Settings(leak_after_minutes=10))
    return diagnosis.findings[0] if diagnosis.findings else None


def cycles(path: str) -> int:
    """How many GC cycles a log shows."""
    return len(goscope.read(path).table("gc"))


def kept(diagnosis: goscope.Diagnosis, path: str) -> goscope.Verdict:
    """A verdict of a diagnosis that was saved and read again."""
    diagnosis.save(path)
    try:
        return goscope.load(path).verdicts["scheduler"]
    except goscope.InputError:
        return diagnosis.verdicts["scheduler"]


WRONG: str = goscope.read().processes  # type: ignore[assignment]
