"""Reads whatever a caller has, paths, texts or open files, into a capture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

from goscope.capture import Capture, CaptureBuilder
from goscope.errors import InputError
from goscope.halves import Halves
from goscope.sources.files import CHUNK, Source, sources_of


def read_sources(sources: Sequence[Source]) -> tuple[Capture, list[InputError]]:
    """Read all sources; those that fail are reported, and what they gave before is kept."""
    builder = CaptureBuilder()
    failed: list[InputError] = []
    for source in sources:
        halves = Halves(source, builder)
        try:
            builder.read(source.name, halves.chunks(), halves.rest)
        except InputError as error:
            if source.named:
                failed.append(error)
    return builder.build(), failed


def read_inputs(inputs: Iterable[str | bytes | Path | BinaryIO | TextIO]) -> Capture:
    """What :func:`goscope.read` does."""
    builder = CaptureBuilder()
    for number, given in enumerate(inputs, 1):
        if isinstance(given, Path) or (isinstance(given, str) and "\n" not in given):
            sources, missing = sources_of([str(given)])
            if missing:
                raise missing[0]
            for source in sources:
                try:
                    builder.read(source.name, source.chunks())
                except InputError:
                    if source.named:
                        raise
        elif isinstance(given, str | bytes):
            text = _encoded(given) if isinstance(given, str) else given
            if not text.endswith(b"\n"):
                text += b"\n"  # a text in hand is whole; only a file may be cut
            builder.read(f"text {number}", _pieces(text))
        else:
            name = getattr(given, "name", None)
            builder.read(name if isinstance(name, str) else f"stream {number}", _stream(given))
    return builder.build()


def _pieces(text: bytes) -> Iterator[bytes]:
    for start in range(0, len(text), CHUNK):
        yield text[start : start + CHUNK]


def _stream(stream: BinaryIO | TextIO) -> Iterator[bytes]:
    while data := stream.read(CHUNK):
        yield _encoded(data) if isinstance(data, str) else data


def _encoded(text: str) -> bytes:
    """As UTF-8; what is no character (Python's escapes for odd bytes) becomes a question mark."""
    return text.encode("utf-8", "replace")
