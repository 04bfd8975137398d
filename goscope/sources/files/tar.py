"""The files in a tar archive, without reading them.

Python's own module is made for archives that one trusts: it reads extended headers of any size into
memory and searches them with expressions that a hostile one keeps busy for hours. Finding files takes
little: a header of 512 bytes before each (POSIX pax, GNU and the old form), numbers in octal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from goscope.sources.files.compressed import UnreadableData

BLOCK = 512
_LONGEST_NAME = 1 << 16  # of GNU's long names and of all pax fields of a file
_FILES = b"0\x007"
_GLOBAL_PAX, _PAX, _LONG_NAME, _LONG_LINK = b"g", b"x", b"L", b"K"
_OTHERS = {
    b"1": "a link to another file of the archive",
    b"2": "a link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a named pipe",
    b"S": "a sparse file",
}
_DIRECTORY = b"5"
_WITHOUT_DATA = b"123456"  # whatever size the header says


@dataclass(frozen=True, slots=True)
class Entry:
    """A file: its name, where its bytes are, when it was changed; or why it is none that can be read."""

    name: str
    offset: int
    size: int
    changed: float
    refusal: str | None


def is_tar(head: bytes) -> bool:
    """Whether a file starts with the header of a tar archive: its checksum is right."""
    return len(head) >= BLOCK and any(head[:BLOCK]) and _sum_is_right(head[:BLOCK])


def entries(file: BinaryIO) -> Iterator[Entry]:
    """The files of an archive, in its order.

    Raises:
        Unreadable: the archive ends early or is damaged; what was yielded before is good.
    """
    size = file.seek(0, 2)
    position = 0
    extra: dict[str, str] = {}
    while position < size:
        file.seek(position)
        header = file.read(BLOCK)
        if not any(header):
            return  # zeros end an archive
        if len(header) < BLOCK or not _sum_is_right(header):
            raise UnreadableData("the archive ends early or is damaged")
        kind = header[156:157]
        length = _number(header[124:136])
        start = position + BLOCK
        if kind in (_PAX, _LONG_NAME, _GLOBAL_PAX, _LONG_LINK):
            data = file.read(min(length, _LONGEST_NAME))
            if kind == _LONG_NAME:
                extra["path"] = _text(data)
            elif kind == _PAX:
                extra |= _pax(data)
        else:
            if kind == b"S":
                start += BLOCK * _sparse_headers(file, header)
            said = extra.get("size", "")
            length = int(said) if said.isdecimal() and len(said) < 20 else length
            name = extra.get("path") or _name(header)
            refusal = None if kind in _FILES else _OTHERS.get(kind, "no plain file")
            if any(key.startswith("GNU.sparse") for key in extra):
                refusal = _OTHERS[b"S"]
            if kind != _DIRECTORY and not name.endswith("/"):
                yield Entry(name, start, length, _changed(header, extra), refusal)
            extra = {}
            if kind in _WITHOUT_DATA:
                length = 0
        position = start + -(-length // BLOCK) * BLOCK
    if position > size:
        raise UnreadableData("the archive ends early or is damaged")


def _sum_is_right(header: bytes) -> bool:
    """The sum of all bytes, with spaces in place of the sum itself."""
    said = header[148:156].strip(b" \0")
    if not said or not all(48 <= code < 56 for code in said):
        return False
    return int(said, 8) == sum(header[:148]) + sum(header[156:]) + 8 * 32


def _number(field: bytes) -> int:
    """A number in octal, or GNU's form for large ones.

    Raises:
        Unreadable: it is neither, or negative.
    """
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not all(48 <= code < 56 for code in digits):
        raise UnreadableData("the archive ends early or is damaged")
    return int(digits or b"0", 8)


def _name(header: bytes) -> str:
    name = header[:100].partition(b"\0")[0]
    if header[257:263] == b"ustar\0":
        prefix = header[345:500].partition(b"\0")[0]
        name = prefix + b"/" + name if prefix else name
    return _text(name)


def _text(name: bytes) -> str:
    return name.partition(b"\0")[0].decode("utf-8", "replace")


def _changed(header: bytes, extra: dict[str, str]) -> float:
    try:
        return float(extra.get("mtime") or _number(header[136:148]))
    except (ValueError, OverflowError, UnreadableData):
        return 0.0


def _pax(data: bytes) -> dict[str, str]:
    """The fields of an extended header, each as ``LENGTH KEY=VALUE`` and a line end."""
    fields: dict[str, str] = {}
    at = 0
    while at < len(data):
        digits, _, _ = data[at : at + 20].partition(b" ")
        if not digits.isdigit() or not len(digits) < int(digits) <= len(data) - at:
            break
        end = at + int(digits)
        key, _, value = data[at + len(digits) + 1 : end - 1].partition(b"=")
        fields[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        at = end
    return fields


def _sparse_headers(file: BinaryIO, header: bytes) -> int:
    """How many further headers the map of an old GNU sparse file has."""
    count = 0
    more = header[482]
    while more:
        block = file.read(BLOCK)
        if len(block) < BLOCK:
            break
        more, count = block[504], count + 1
    return count
