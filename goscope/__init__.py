"""goscope: the doctor for running Go programs.

For notebooks::

    import goscope

    capture = goscope.read("stderr.log", "dump-1.txt", "dump-2.txt")  # or "localhost:6060"
    capture.sched          # a DataFrame, a row per SCHED line
    diagnosis = goscope.diagnose(capture)
    diagnosis.verdicts["scheduler"].state
    diagnosis.findings_frame()
    diagnosis.save("report.html")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO, TextIO

    from goscope.capture.capture import Capture
    from goscope.diagnosis.comparison import Comparison
    from goscope.diagnosis.diagnosis import Diagnosis
    from goscope.errors import (
        ForeignInput,
        GoscopeError,
        InputError,
        NothingRecognised,
        UsageError,
    )
    from goscope.findings.findings import Finding, Verdict
    from goscope.findings.settings import Settings

__version__ = "0.1.0"
__all__ = [
    "Capture",
    "Comparison",
    "Diagnosis",
    "Finding",
    "ForeignInput",
    "GoscopeError",
    "InputError",
    "NothingRecognised",
    "Settings",
    "UsageError",
    "Verdict",
    "__version__",
    "diagnose",
    "diff",
    "load",
    "read",
    "render",
    "write",
]

#: Where the classes stand that this package offers; nothing is loaded before it is asked for.
_CLASSES = {
    "Capture": "goscope.capture.capture",
    "Comparison": "goscope.diagnosis.comparison",
    "Diagnosis": "goscope.diagnosis.diagnosis",
    "Finding": "goscope.findings.findings",
    "ForeignInput": "goscope.errors",
    "GoscopeError": "goscope.errors",
    "InputError": "goscope.errors",
    "NothingRecognised": "goscope.errors",
    "Settings": "goscope.findings.settings",
    "UsageError": "goscope.errors",
    "Verdict": "goscope.findings.findings",
}


def __getattr__(name: str) -> object:
    """The public classes, imported when they are used."""
    from importlib import import_module

    if name not in _CLASSES:
        raise AttributeError(f"module 'goscope' has no attribute {name!r}")
    return getattr(import_module(_CLASSES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def read(
    *inputs: str | bytes | bytearray | memoryview | Path | BinaryIO | TextIO,
    spans: bool = True,
    snapshots: int = 3,
    interval: float = 2.0,
) -> Capture:
    """Read inputs, in order, into a :class:`~goscope.capture.capture.Capture` of DataFrames.

    An input is a path, the address of a live program (``http://host:6060``, ``localhost:6060``,
    ``unix:///path``), a text (a string that holds a line end), bytes, or an open file; what is packed, an
    archive or UTF-16 is unpacked. Several dumps of one program are given oldest first. Live programs are
    asked after everything else was read; ``snapshots`` are taken ``interval`` seconds apart. Of an
    execution trace, the tables ``trace_goroutine_spans``, ``trace_proc_spans`` and ``trace_heap`` hold each
    single span; without ``spans`` they stay empty, which saves a gigabyte for a trace of 100 MB.

    Raises:
        InputError: a path does not exist, a program does not answer, or an input cannot be read or is of
            another kind.
        UsageError: an address is none.
        TypeError: an input is none of these.
    """
    from goscope.reading.inputs import read_inputs
    from goscope.sources.live.addresses import names_program

    addresses = [
        text
        for text in inputs
        if isinstance(text, str) and "\n" not in text and names_program(text)
    ]
    if not addresses:
        return read_inputs(inputs, spans=spans)
    from goscope.sources.live.pages import HttpAccess, SnapshotPlan
    from goscope.sources.live.program_pages import pages_of_all  # loads httpx

    others = [given for given in inputs if given not in addresses]
    plan = SnapshotPlan(snapshots=snapshots, interval=interval)
    return read_inputs(others, pages_of_all(addresses, HttpAccess(), plan), spans=spans)


def diagnose(capture: Capture, settings: Settings | None = None) -> Diagnosis:
    """Run all rules over a capture; see :class:`~goscope.diagnosis.diagnosis.Diagnosis`."""
    from goscope.diagnosis.engine import diagnose as run

    return run(capture, settings)


def diff(before: Diagnosis, after: Diagnosis) -> Comparison:
    """The goroutines that are new, grown, shrunk and gone, by stack, and the verdicts that changed."""
    from goscope.diagnosis.comparison import compare

    return compare(before, after, ("before", "after"))


def render(diagnosis: Diagnosis, name: str) -> str:
    """The report that a renderer makes: text, html, markdown, json, sarif, junit, github, saved.

    Raises:
        UsageError: no renderer has this name.
    """
    from goscope.renderers import renderer_named

    return renderer_named(name).render(diagnosis)


def write(diagnosis: Diagnosis, path: str | Path) -> None:
    """Write the report that the suffix of the path asks for; see :meth:`Diagnosis.save`."""
    from pathlib import Path as AnyPath

    from goscope.renderers import renderer_for
    from goscope.renderers.files import write_text

    write_text(AnyPath(path), renderer_for(AnyPath(path)).render(diagnosis))


def load(path: str | Path) -> Diagnosis:
    """Read a diagnosis that ``diagnosis.save("x.goscope.json")`` wrote; it may be packed with gzip.

    Raises:
        InputError: it cannot be read, or is no such file.
    """
    from pathlib import Path as AnyPath

    from goscope.diagnosis.saved import load as load_saved

    return load_saved(AnyPath(path))
