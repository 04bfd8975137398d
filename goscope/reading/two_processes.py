"""Reads a large file in two processes, a half each.

The second half starts at a line that opens a record: nothing above it belongs to what stands below, so
both halves can be read apart, and the second is put behind the first. A fork knows all that was loaded
and compiled already; what it read comes back through memory that both share, without a copy. Where
there is no fork or one processor, where the input is no plain file, or if the other process fails, one
process reads it all.
"""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from goscope.formats import is_known_binary
from goscope.framing.crash_extent import REACH_BYTES
from goscope.framing.lines import NEWLINE
from goscope.reading.capture_builder import CaptureBuilder
from goscope.reading.input_reading import Rest
from goscope.sources.files.byte_ranges import part_of, same_bytes, size_of
from goscope.sources.files.input_streams import InputStream

#: A smaller file is read before a second process pays.
WORTH_IT = 8 << 20
#: The second process starts a little later, and has to send what it read.
_OURS = 0.52
#: How far behind the middle a record is looked for.
_WINDOW = 4 << 20
_MOST_TRIES = 100


class TwoProcessReader:
    """One text, read by this process and, where it pays, by a second one."""

    def __init__(self, stream: InputStream, builder: CaptureBuilder, *, least: int = WORTH_IT):
        self._stream = stream
        self._builder = builder
        self._least = least
        self._rest: Rest | None = None
        #: The bytes that this process has to read, None where that is not known.
        self.size: int | None = None

    def chunks(self) -> Iterator[bytes]:
        """What this process has to read.

        Raises:
            InputError: the text cannot be read; what was yielded before is good.
        """
        chunks = self._stream.chunks(is_known_binary)
        first = next(chunks, b"")
        yield first
        path = self._stream.path
        end = 0 if path is None else size_of(path)  # of a file that grows, what was there at first
        middle = self._middle(first, end)
        if path is not None:
            self.size = middle or end
        if path is None or middle is None:
            yield from chunks
            return
        asked, told = os.pipe()
        child, memory = _fork(lambda: self._read_rest(path, middle, end, (asked, told)))
        os.close(asked)
        try:
            read = len(first)
            try:
                for chunk in part_of(path, read, middle):
                    read += len(chunk)
                    yield chunk
                _tell(told, self._builder.counts())
            finally:
                os.close(told)
            self._builder.meanwhile()
        except BaseException:
            os.kill(child, signal.SIGKILL)  # nobody wants its half any more
            raise
        finally:
            ended_well = _wait(child)
        whole = read == middle  # else it was truncated meanwhile, and this is its end
        if ended_well and whole:
            self._rest = _received(memory)
            return
        os.close(memory)
        if whole:
            yield from part_of(path, middle, end)

    def rest(self) -> Rest | None:
        """What the second process read of the rest, after the last of the chunks."""
        return self._rest

    def _read_rest(self, path: Path, middle: int, end: int, pipe: tuple[int, int]) -> Rest:
        """What the other process does."""
        asked, told = pipe
        os.close(told)
        return self._builder.another().rest(
            self._builder.input_name,
            part_of(path, middle, end),
            stream=self._builder.stream,
            counts_above=lambda: _hear(asked),
            lines_above=lambda: sum(map(_lines, part_of(path, 0, middle))),
        )

    def _middle(self, first: bytes, size: int) -> int | None:
        """Where the second half of so many bytes starts; None if one process reads it all."""
        path, openings = self._stream.path, self._builder.openings
        if path is None or not openings or not _can_fork():
            return None
        if size < self._least or not same_bytes(path, first):  # compressed, or in another encoding
            return None
        middle = max(len(first), int(size * _OURS))
        finder = self._builder.finder
        opening, introduced = finder.boundary(openings), finder.introduction
        first_byte = max(0, middle - REACH_BYTES)
        window = b"".join(part_of(path, first_byte, middle + _WINDOW))
        at = middle - first_byte
        for _ in range(_MOST_TRIES):
            found = opening.search(window, at)
            if found is None:
                break
            start = window.index(b"\n", found.start()) + 1
            start += window[start : start + 1] == b"\n"
            above = introduced.search(window, max(0, start - REACH_BYTES), start)
            if above is None:
                return first_byte + start
            at = max(start, above.end() + REACH_BYTES)
        return None


def _lines(piece: bytes) -> int:
    """How many lines end in it; ``bytes.count`` takes three times as long."""
    return int(np.count_nonzero(np.frombuffer(piece, np.uint8) == NEWLINE))


def _can_fork() -> bool:
    """Whether a second process pays and is safe: another thread's lock would stay locked in it."""
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
        return False
    with suppress(OSError):
        return len(list(Path("/proc/self/task").iterdir())) == 1
    return False


def _fork(read: Callable[[], Rest]) -> tuple[int, int]:
    """Start a process that reads; its id, and the file in memory that its result goes to."""
    memory = os.memfd_create("goscope")
    child = os.fork()
    if child:
        return child, memory
    status = 1
    with suppress(BaseException):
        _send(read(), memory)
        status = 0
    os._exit(status)


def _tell(told: int, counts: Mapping[str, Mapping[int, int]]) -> None:
    """Tell the other process how much was read, or nothing if it is gone."""
    with suppress(BrokenPipeError):
        os.write(told, pickle.dumps(counts))


def _hear(asked: int) -> Mapping[str, Mapping[int, int]]:
    """What the first process tells; nothing if it ended before."""
    with os.fdopen(asked, "rb") as file:
        said = file.read()
    return dict(pickle.loads(said)) if said else {}


def _wait(child: int) -> bool:
    _, status = os.waitpid(child, 0)
    return status == 0


_SIZE = struct.Struct("<Q")


def _send(rest: Rest, memory: int) -> None:
    """Write the result: the number of arrays, the size of each and of the rest, the bytes of all."""
    arrays: list[pickle.PickleBuffer] = []
    objects = pickle.dumps(rest, protocol=5, buffer_callback=arrays.append)
    pieces = [memoryview(objects), *(array.raw() for array in arrays)]
    with os.fdopen(memory, "wb") as file:
        file.write(_SIZE.pack(len(pieces)))
        for piece in pieces:
            file.write(_SIZE.pack(piece.nbytes))
        for piece in pieces:
            file.write(piece)


def _received(memory: int) -> Rest:
    """The result of the other process; its arrays stay where it wrote them."""
    with os.fdopen(memory, "rb") as file:
        shared = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    (count,) = _SIZE.unpack_from(shared)
    sizes = [_SIZE.unpack_from(shared, _SIZE.size * (1 + n))[0] for n in range(count)]
    at = _SIZE.size * (1 + count)
    pieces = []
    for size in sizes:
        pieces.append(shared[at : at + size])
        at += size
    rest = pickle.loads(pieces[0], buffers=pieces[1:])
    assert isinstance(rest, Rest)
    return rest
