"""Reads whatever a caller has, paths, texts or open files, into a capture."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, TextIO, cast

from goscope.capture.capture import Capture
from goscope.errors import ForeignInput, GoscopeError, InputError
from goscope.formats import HEAD, is_known_binary
from goscope.reading.capture_builder import CaptureBuilder
from goscope.reading.two_processes import TwoProcessReader
from goscope.sources.files.foreign_files import ENOUGH, resembles
from goscope.sources.files.input_streams import InputStream, is_plain, streams_of
from goscope.sources.files.named_inputs import CHUNK, Source, sources_of
from goscope.sources.files.tar import BLOCK
from goscope.sources.live.pages import ProfilePage, program_of


class Progress(Protocol):
    """Is told how reading goes on."""

    def opens(self, source: Source) -> None:
        """A source is about to be opened. A pipe may let one wait, here or for its first byte."""

    def arrived(self) -> None:
        """Bytes of it came, or there are none to wait for."""

    def read(self, name: str, done: int, size: int | None) -> None:
        """So many bytes of an input were read, of so many where that is known."""


class _Unseen:
    def opens(self, source: Source) -> None: ...

    def arrived(self) -> None: ...

    def read(self, name: str, done: int, size: int | None) -> None: ...


_UNSEEN = _Unseen()


def read_sources(
    sources: Sequence[Source],
    pages: Iterable[ProfilePage | GoscopeError] = (),
    *,
    meanwhile: Callable[[], None] = lambda: None,
    progress: Progress = _UNSEEN,
    spans: bool = False,
    most_rows: int | None = None,
) -> tuple[Capture, list[GoscopeError]]:
    """Read all sources, then the pages of live programs.

    Those that fail are reported, and what they gave before is kept. ``meanwhile`` is called when this
    process would wait for another one that reads too. ``spans`` asks for the tables that hold each single
    span of an execution trace; of trace lines a table keeps at most ``most_rows``.
    """
    builder = CaptureBuilder(spans=spans, most_rows=most_rows)
    builder.meanwhile = meanwhile
    failed: list[GoscopeError] = [
        error for source in sources for error in _read(source, builder, progress)
    ]
    for page in pages:
        if isinstance(page, GoscopeError):
            failed.append(page)
        else:
            failed += read_page(page, builder)
    return builder.build(), failed


def read_page(page: ProfilePage, builder: CaptureBuilder) -> Iterator[InputError]:
    """Read a page of a live program; what is wrong with it."""
    program = page.program or None
    try:
        found = builder.read(page.name, _pieces(page.content), program=program)
    except InputError as error:  # a binary page that is damaged, or of a version that is not read
        yield InputError(f"{page.name}: {page.problem}") if page.problem else error
        return
    if page.problem is not None:
        builder.explain(f"{page.name}: {page.problem}")
        if not page.by_go:
            yield InputError(f"{page.name}: {page.problem}")
    elif not found.formats:
        kind = resembles(page.content[:ENOUGH])
        what = "this is no profile of Go" if kind is None else f"this is {kind.what}"
        builder.explain(f"{page.name}: {what}")
        yield InputError(f"{page.name}: {what}")


def _read(
    source: Source, builder: CaptureBuilder, progress: Progress = _UNSEEN
) -> Iterator[InputError]:
    """Read all texts of a source; what is wrong with it. What nobody asked for may be of another kind."""
    progress.opens(source)
    try:
        for stream in source.streams(progress.arrived):
            try:
                read_stream(stream, builder, progress)
            except ForeignInput as error:
                if stream.named:
                    yield error
            except InputError as error:
                yield error
    except InputError as error:
        yield error
    progress.arrived()


def read_stream(stream: InputStream, builder: CaptureBuilder, progress: Progress = _UNSEEN) -> None:
    """Read one text.

    Raises:
        ForeignInput: it is none, or no such text as could hold anything of Go.
        InputError: it cannot be read on.
    """
    halves = TwoProcessReader(stream, builder)
    program = None if stream.path is None else program_of(stream.path)
    chunks = _reported(stream.name, halves, progress)
    found = builder.read(stream.name, chunks, halves.rest, program=program)
    if found.formats or found.unparsed_count:
        return
    if stream.blank:
        builder.explain(
            f"{stream.name}: nothing but NUL bytes: a log that was truncated while it was written"
        )
    elif (kind := stream.resembles) is not None:
        error = kind.refusal(stream.name)
        builder.explain(str(error))
        raise error


def _reported(name: str, halves: TwoProcessReader, progress: Progress) -> Iterator[bytes]:
    done = 0
    for chunk in halves.chunks():
        yield chunk
        done += len(chunk)
        progress.read(name, done, halves.size)


def read_inputs(
    inputs: Iterable[str | bytes | bytearray | memoryview | Path | BinaryIO | TextIO],
    pages: Iterable[ProfilePage | GoscopeError] = (),
    *,
    spans: bool = True,
) -> Capture:
    """What :func:`goscope.read` does: read the inputs, then the pages of live programs."""
    builder = CaptureBuilder(spans=spans)
    for number, given in enumerate(inputs, 1):
        if isinstance(given, Path) or (isinstance(given, str) and "\n" not in given):
            sources, missing = sources_of([str(given)])
            if missing:
                raise missing[0]
            for source in sources:
                for error in _read(source, builder):
                    raise error
        elif isinstance(given, str):
            text = _encoded(given)
            builder.read(f"text {number}", _pieces(text if text.endswith(b"\n") else text + b"\n"))
        elif isinstance(given, bytes | bytearray | memoryview):
            _read_open(f"text {number}", io.BytesIO(_whole(bytes(given))), builder)
        elif hasattr(given, "read"):
            name = getattr(given, "name", None)
            _read_open(name if isinstance(name, str) else f"stream {number}", given, builder)
        else:
            kind = type(given).__name__
            raise TypeError(
                f"goscope.read takes paths, addresses, texts, bytes and open files, no {kind}"
            )
    for page in pages:
        if isinstance(page, GoscopeError):
            raise page
        for problem in read_page(page, builder):
            raise problem
    return builder.build()


def _pieces(text: bytes) -> Iterator[bytes]:
    for start in range(0, len(text), CHUNK):
        yield text[start : start + CHUNK]


def _whole(text: bytes) -> bytes:
    """The same with a line end: a text in hand is whole; only a file may be cut."""
    head = text[: max(HEAD, BLOCK)]
    plain = is_plain(head) and not is_known_binary(head)
    return text + b"\n" if plain and not text.endswith(b"\n") else text


def _read_open(name: str, file: BinaryIO | TextIO, builder: CaptureBuilder) -> None:
    """Read an open file, which gives bytes or characters."""
    if isinstance(file.read(0), str):
        builder.read(name, _characters(cast(TextIO, file)))
        return
    for stream in streams_of(name, cast(BinaryIO, file), None, named=True):
        read_stream(stream, builder)


def _characters(file: TextIO) -> Iterator[bytes]:
    while data := file.read(CHUNK):
        yield _encoded(data)


def _encoded(text: str) -> bytes:
    """As UTF-8; what is no character (Python's escapes for odd bytes) becomes a question mark."""
    return text.encode("utf-8", "replace")
