"""Files of other kinds: what they are, and what to give goscope instead.

Binary files are told by their first bytes and refused. Pages and documents that came in place of a dump
(an error page saved by curl) are text: they are read, and only named if nothing of Go was in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from goscope.errors import ForeignInput

#: So many bytes tell all kinds apart; a pipe is waited for until it gave them.
ENOUGH = 16
#: Of a text, so many are kept to say what it looks like.
HEAD = 4096

_RUN = "run the program with GODEBUG=schedtrace=1000 and give its stderr"
_FETCH = "fetch /debug/pprof/goroutine?debug=2 and give that"


@dataclass(frozen=True, slots=True)
class ForeignKind:
    """What a file is, and what to do instead of giving it to goscope."""

    what: str
    instead: str

    def refusal(self, name: str) -> ForeignInput:
        """The error for an input of this kind."""
        return ForeignInput(f"{name}: this is {self.what}; {self.instead}")


def refuse_foreign(name: str, first: bytes) -> None:
    """Let text pass.

    Raises:
        ForeignInput: it is no text.
    """
    for recognise in _BINARY:
        kind = recognise(first)
        if kind is not None:
            raise kind.refusal(name)


def resembles(head: bytes) -> ForeignKind | None:
    """What a text in which nothing of Go was found looks like, by its first bytes; None if like a log."""
    for recognise in _TEXTUAL:
        kind = recognise(head)
        if kind is not None:
            return kind
    return None


# ---- binary -----------------------------------------------------------------------------------------

_NO_TEXT = "it holds no text of the Go runtime"

#: What files start with: the offset, the bytes, what it is, what to do.
_MAGIC = (
    (0, b"PERFILE2", "data of perf, not text", "give perf script to other tools; " + _RUN),
    (0, b"\xd4\xc3\xb2\xa1", "a packet capture (pcap), not text", _NO_TEXT),
    (0, b"\xa1\xb2\xc3\xd4", "a packet capture (pcap), not text", _NO_TEXT),
    (0, b"\x0a\x0d\x0d\x0a", "a packet capture (pcapng), not text", _NO_TEXT),
    (0, b"\x89PNG\r\n", "a PNG image, not text", "give the text, not a picture of it"),
    (0, b"\xff\xd8\xff", "a JPEG image, not text", "give the text, not a picture of it"),
    (0, b"GIF8", "a GIF image, not text", "give the text, not a picture of it"),
    (8, b"WEBP", "a WebP image, not text", "give the text, not a picture of it"),
    (0, b"%PDF-", "a PDF document, not text", "give the text that it was made from"),
    (0, b"SQLite format 3\0", "a SQLite database, not text", _NO_TEXT),
    (0, b"JAVA PROFILE ", "a heap dump of Java, not text", _NO_TEXT),
    (0, b"MDMP", "a Windows minidump, not text", "have the next crash print: GOTRACEBACK=all"),
    (0, b"\0asm", "a WebAssembly binary, not text", _RUN),
    (0, b"!<arch>\n", "an archive of object files, not text", _RUN),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive, not text", "unpack it first: 7z x"),
    (0, b"Rar!\x1a\x07", "a RAR archive, not text", "unpack it first: unrar x"),
    (0, b"\x04\x22\x4d\x18", "data packed by lz4, not text", "unpack it first: lz4 -d"),
    (0, b"\x1f\x9d", "data packed by compress, not text", "unpack it first: uncompress"),
    (0, b"\x5d\x00\x00", "data packed by lzma, not text", "unpack it first: xz -d"),
)


def _by_magic(first: bytes) -> ForeignKind | None:
    for offset, magic, what, instead in _MAGIC:
        if first.startswith(magic, offset):
            return ForeignKind(what, instead)
    return None


_CORE = (
    "goscope reads no memory images: look at it with dlv core, or have the next crash print all "
    "goroutines (GOTRACEBACK=all)"
)
_ELF_CORE = (b"\x04\x00", b"\x00\x04")  # in either byte order, as the fields below
_MACH_CORE = (b"\x04\x00\x00\x00", b"\x00\x00\x00\x04")


def _elf(first: bytes) -> ForeignKind | None:
    if not first.startswith(b"\x7fELF"):
        return None
    if first[16:18] in _ELF_CORE:
        return ForeignKind("an ELF core file, not text", _CORE)
    return ForeignKind("an ELF binary, not text", _RUN)


_MACH = (
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
)
_MOST_ARCHITECTURES = (
    30  # Java's class files share the first bytes, with a version of 45 or more behind
)


def _mach(first: bytes) -> ForeignKind | None:
    if first.startswith(_MACH):
        if first[12:16] in _MACH_CORE:
            return ForeignKind("a Mach-O core file, not text", _CORE)
        return ForeignKind("a Mach-O binary, not text", _RUN)
    if first.startswith(b"\xca\xfe\xba\xbe"):
        if int.from_bytes(first[4:8], "big") < _MOST_ARCHITECTURES:
            return ForeignKind("a Mach-O binary, not text", _RUN)
        return ForeignKind("a Java class file, not text", _NO_TEXT)
    return None


def _windows(first: bytes) -> ForeignKind | None:
    if first.startswith(b"MZ") and b"\0" in first[:64]:
        return ForeignKind("a Windows executable, not text", _RUN)
    return None


_HEAP = rb"go(1\.[0-9]{1,3}) heap dump\n"


def _of_go(first: bytes) -> ForeignKind | None:
    if not first.startswith(b"go"):
        return None
    heap = re.match(_HEAP, first)
    if heap is not None:
        return ForeignKind("what debug.WriteHeapDump wrote, not text", "for goscope " + _FETCH)
    return None


_BOMS = (b"\xff\xfe", b"\xfe\xff")
_TEXT_CONTROLS = b"\t\n\r\x0b\x0c\x1b"
#: Of a text at most one byte in thirteen is another control character; of random bytes one in ten.
_MOST_ODD = 13


def _odd(first: bytes) -> ForeignKind | None:
    head = first[:HEAD].lstrip(b"\x00")  # a log that was truncated in place starts with NULs
    if not head or head.startswith(_BOMS):
        return None
    odd = sum(head.count(code) for code in range(32) if code not in _TEXT_CONTROLS)
    if odd > len(head) // _MOST_ODD:
        return ForeignKind(
            "binary data, not text", "give what the program printed on stderr, or a dump"
        )
    return None


_BINARY: tuple[Callable[[bytes], ForeignKind | None], ...] = (
    _by_magic,
    _elf,
    _mach,
    _windows,
    _of_go,
    _odd,
)

# ---- textual ----------------------------------------------------------------------------------------

_HTML = rb"(?is)\s*(?:<\?xml[^>]{0,200}\?>\s*|<!--.{0,2000}?-->\s*){0,3}<(?:!doctype\s+html|html|head|body)\b"
_TITLE = rb"(?is)<title[^>]{0,200}>([^<]{1,200})</title>"
_AGAIN = (
    "a server sent it in place of a dump: log in, check the URL, and fetch it again with curl -f"
)


def _html(head: bytes) -> ForeignKind | None:
    if re.match(_HTML, head) is None:
        return None
    found = re.search(_TITLE, head)
    title = "" if found is None else " ".join(found[1].decode("utf-8", "replace").split())[:80]
    if title.startswith("/debug/pprof"):
        return ForeignKind("the index page of /debug/pprof/", _FETCH)
    return ForeignKind(f"an HTML page ({title})" if title else "an HTML page", _AGAIN)


#: Whole answers of Go's servers (net/http, net/http/pprof) and of proxies in front of them.
_ANSWER = (
    rb"(?i)(?:[45][0-9]{2} [a-z' -]{3,60}|unknown profile|unauthorized|forbidden|not found|bad gateway"
    rb"|bad request|method not allowed|internal server error|service unavailable|no healthy upstream"
    rb"|upstream connect error.{0,300}|client sent an http request to an https server\.?)"
)
_LONGEST_ANSWER = 500


def _answer(head: bytes) -> ForeignKind | None:
    text = head.strip()
    if len(text) > _LONGEST_ANSWER or re.fullmatch(_ANSWER, text) is None:
        return None
    said = text.decode("utf-8", "replace")
    return ForeignKind(
        f"a server's answer ({said}), not a dump",
        "is net/http/pprof imported, and is it the right port? " + _FETCH,
    )


_STATUS = rb"HTTP/[0-9.]{1,3} ([45][0-9]{2}[^\r\n]{0,60})"


def _headers(head: bytes) -> ForeignKind | None:
    found = re.match(_STATUS, head)
    if found is None:
        return None
    return ForeignKind(f"a server's answer ({found[1].decode('latin-1')}), not a dump", _AGAIN)


_XML = rb"\s*<\?xml\b"
#: A log of JSON has an object on each line, with a message in it.
_JSON_LOG = rb'\s*\{[^\n]*"(?:msg|message|MESSAGE|log|level|severity|time|ts)"'
_JSON = rb'\s*(?:\{\s*(?:"|\})|\[\s*(?:[{"]|-?[0-9.]{1,20}\s*,|\]\s*\Z))'


def _document(head: bytes) -> ForeignKind | None:
    if re.match(_XML, head) is not None:
        return ForeignKind("an XML document", _AGAIN)
    if re.match(_JSON, head) is None or re.match(_JSON_LOG, head) is not None:
        return None
    if b'"goscope.diagnosis/' in head:
        return ForeignKind("a report of goscope", "give what it was made from")
    if b'"cmdline"' in head and b'"memstats"' in head:
        return ForeignKind("the variables of /debug/vars", _FETCH)
    return ForeignKind(
        "a JSON document that is no log of a Go program",
        "give the program's stderr, or " + _FETCH.removesuffix(" and give that"),
    )


_TEXTUAL: tuple[Callable[[bytes], ForeignKind | None], ...] = (_html, _answer, _headers, _document)
