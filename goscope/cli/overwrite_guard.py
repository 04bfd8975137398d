"""Keeps goscope from overwriting its own inputs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goscope.capture.capture import Input
    from goscope.sources.files.named_inputs import Source


def is_input(path: Path, sources: Iterable[Source], inputs: Sequence[Input]) -> bool:
    """Whether a path is the file of one of the sources, and that source held output of the Go runtime.

    ``inputs`` is what was read; files of an archive are named ``archive!file`` there. An older report that
    lies beside the logs is no such source, and may be overwritten.
    """
    try:
        there = path.stat()
    except OSError:
        return False
    for source in sources:
        with suppress(OSError, ValueError, AttributeError):
            own = os.fstat(sys.stdin.fileno()) if source.path is None else source.path.stat()
            if os.path.samestat(there, own):
                names = (i.name for i in inputs if i.formats)
                return any(n == source.name or n.startswith(f"{source.name}!") for n in names)
    return False
