"""A user's code, checked by ``mypy --strict`` against an installed wheel: the types are in it.

The mistake at the end is ignored. Were goscope untyped, mypy would see none, and call the remark unused.
"""

from __future__ import annotations

import goscope
from goscope.findings.findings import Finding


def worst(*paths: str) -> Finding | None:
    """The first finding in these files."""
    diagnosis = goscope.diagnose(goscope.read(*paths))
    return diagnosis.findings[0] if diagnosis.findings else None


def cycles(path: str) -> int:
    """How many GC cycles a log shows."""
    return len(goscope.read(path).table("gc"))


WRONG: str = goscope.read().processes  # type: ignore[assignment]
