"""goscope: the doctor for running Go programs.

For notebooks::

    import goscope

    capture = goscope.read("stderr.log", "dump-1.txt", "dump-2.txt")
    capture.sched          # a DataFrame, a row per SCHED line
    goscope.diagnose(capture).verdicts["scheduler"].state
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO, TextIO

    from goscope.capture.capture import Capture
    from goscope.diagnosis.diagnosis import Diagnosis
    from goscope.rules.rule import Settings

__version__ = "0.1.0"
__all__ = ["__version__", "diagnose", "read"]


def read(
    *inputs: str | bytes | bytearray | memoryview | Path | BinaryIO | TextIO, spans: bool = True
) -> Capture:
    """Read inputs, in order, into a :class:`~goscope.capture.capture.Capture` of DataFrames.

    An input is a path, a text (a string that holds a line end), bytes, or an open file; what is packed, an
    archive or UTF-16 is unpacked. Several dumps of one program are given oldest first. Of an execution
    trace, the tables ``trace_goroutine_spans``, ``trace_proc_spans`` and ``trace_heap`` hold each single
    span; without ``spans`` they stay empty, which saves a gigabyte for a trace of 100 MB.

    Raises:
        InputError: a path does not exist, or an input cannot be read or is of another kind.
        TypeError: an input is none of these.
    """
    from goscope.reading.inputs import read_inputs

    return read_inputs(inputs, spans=spans)


def diagnose(capture: Capture, settings: Settings | None = None) -> Diagnosis:
    """Run all rules over a capture; see :class:`~goscope.diagnosis.diagnosis.Diagnosis`."""
    from goscope.diagnosis.diagnosis import diagnose as run

    return run(capture, settings)
