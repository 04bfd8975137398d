"""Reads the output of a running program while it comes, and may be asked for what was read so far."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Callable, Iterable, Iterator

from goscope.capture.capture import Capture
from goscope.errors import InputError
from goscope.formats import is_known_binary
from goscope.reading.capture_builder import CaptureBuilder
from goscope.reading.inputs import read_page, read_stream
from goscope.reading.limits import Limits
from goscope.sources.files.compressed import decompressor_for
from goscope.sources.files.foreign_files import ENOUGH, resembles
from goscope.sources.files.input_streams import streams_of
from goscope.sources.live.pages import ProfilePage
from goscope.sources.live.program_stream import LiveStream, OutputSieve
from goscope.tables.row_selection import MOST_ROWS

#: How often, in seconds and in bytes, old samples are thinned.
_THINNED_EVERY = 5.0
_THINNED_AFTER = 16 << 20


class Following:
    """A stream that is read to its end; ``stream`` hears wishes meanwhile.

    ``pass_on`` gets what the application wrote (with ``keep`` everything), at once. ``limits`` is what
    is kept in memory, None for all. ``begun`` is called at the first byte, or the end.
    """

    def __init__(
        self,
        name: str,
        descriptor: int,
        pass_on: Callable[[bytes], None],
        *,
        keep: bool = False,
        limits: Limits | None = None,
        asked: Callable[[], None] = lambda: None,
        ended: Callable[[], bool] = lambda: False,
        pressed: Callable[[], bool] = lambda: False,
        begun: Callable[[], None] = lambda: None,
    ):
        self._name = name
        self._begun = begun
        self._builder = CaptureBuilder(most_rows=None if limits is None else MOST_ROWS)
        self._limits = limits
        self._sift = _Opening(_All() if keep else self._builder.sieve())
        self._head = b""
        self.stream = LiveStream(
            descriptor, self._sift, pass_on, asked=asked, ended=ended, pressed=pressed
        )

    def read(self) -> list[InputError]:
        """Read the stream to its end; what went wrong."""
        chunks = self.stream.chunks()
        first = next(chunks, b"")
        self._begun()
        chunks = itertools.chain([first], chunks)
        if self._sift.withheld:
            return list(self._unpacked(chunks))
        try:
            found = self._builder.read(self._name, self._thinned(chunks))
        except InputError as error:
            return [error]
        if not (found.formats or found.unparsed_count):
            kind = resembles(self._head)
            if kind is not None:
                refusal = kind.refusal(self._name)
                self._builder.explain(str(refusal))
                return [refusal]
        return []

    def add(self, pages: Iterable[ProfilePage]) -> list[InputError]:
        """Read pages of the same program, after the stream; what is wrong with them."""
        return [error for page in pages for error in read_page(page, self._builder)]

    def capture(self) -> Capture:
        """What was read so far."""
        return self._builder.build()

    def _thinned(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        size, last = 0, time.monotonic()
        for chunk in chunks:
            if len(self._head) < ENOUGH:
                self._head += chunk[:ENOUGH]
            yield chunk
            size += len(chunk)
            if self._limits is not None and (
                size > _THINNED_AFTER or time.monotonic() - last > _THINNED_EVERY
            ):
                self._builder.thin(self._limits)
                size, last = 0, time.monotonic()

    def _unpacked(self, chunks: Iterator[bytes]) -> Iterator[InputError]:
        """A packed or binary file was piped in: nothing of it is a line of an application."""
        with io.BufferedReader(_Chunks(chunks)) as file:
            try:
                for text in streams_of(self._name, file, None, named=True):
                    try:
                        read_stream(text, self._builder)
                    except InputError as error:
                        yield error
            except InputError as error:
                yield error


class _All:
    """Lets everything pass."""

    def feed(self, data: bytes) -> bytes:
        return data

    def rest(self) -> bytes:
        return b""

    def end(self) -> bytes:
        return b""


class _Opening:
    """Sifts what is text, and withholds all of a stream that starts like a packed or binary file."""

    def __init__(self, sift: OutputSieve):
        self._sift = sift
        self._begun = False
        self.withheld = False

    def feed(self, data: bytes) -> bytes:
        if not self._begun:
            self._begun, self.withheld = True, _is_binary(data)
        return b"" if self.withheld else self._sift.feed(data)

    def rest(self) -> bytes:
        return b"" if self.withheld else self._sift.rest()

    def end(self) -> bytes:
        return b"" if self.withheld else self._sift.end()


def _is_binary(first: bytes) -> bool:
    """Whether this is how a packed or binary file starts; its first byte may have come alone."""
    return (
        first[:1] in (b"\x1f", b"\xfd", b"\x7f")
        or b"\0" in first[:64]
        or decompressor_for(first) is not None
        or is_known_binary(first)
    )


class _Chunks(io.RawIOBase):
    """Chunks as a file."""

    def __init__(self, chunks: Iterator[bytes]):
        self._chunks = chunks
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        while not self._left:
            try:
                self._left = next(self._chunks)
            except StopIteration:
                return 0
        size = min(len(view), len(self._left))
        view[:size] = self._left[:size]
        self._left = self._left[size:]
        return size
