"""Recognises files that are no output of the Go runtime, and says what to give goscope instead.

Binary files are recognised by their first bytes and refused. Documents that came in place of a dump (an error
page saved by curl), and what other tools print about programs, are text: they are read, and named only if
nothing of the Go runtime was found in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from goscope.errors import ForeignInput

#: Bytes that suffice to recognise every binary kind; a pipe is read until it gave as many.
ENOUGH = 16
#: Bytes of a text that are kept to name its kind if nothing of Go is in it.
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
    """Refuse binary files, by their first bytes.

    Raises:
        ForeignInput: it is one.
    """
    for pattern, what, instead in _BINARY:
        if re.match(pattern, first, re.DOTALL):
            raise ForeignKind(f"{what}, not text", instead).refusal(name)
    head = first[:HEAD].lstrip(b"\x00")  # a log that was truncated in place starts with NULs
    odd = sum(head.count(code) for code in range(32) if code not in _TEXT_CONTROLS)
    if odd > len(head) // _MOST_ODD and not head.startswith(_BOMS):
        what = "binary data, not text"
        raise ForeignKind(what, "give what the program printed on stderr, or a dump").refusal(name)


def resembles(head: bytes) -> ForeignKind | None:
    """The kind of a text in which nothing of Go was found, by its first bytes; None if it may be a log."""
    return next(filter(None, (recognise(head) for recognise in _TEXTUAL)), None)


# ---- binary -----------------------------------------------------------------------------------------

_NO_TEXT = "it holds no text of the Go runtime"
_PICTURE = "give the text, not a picture of it"
_CORE = (
    "goscope reads no memory images: look at it with dlv core, or have the next crash print all "
    "goroutines (GOTRACEBACK=all)"
)
_MACH = rb"(?:[\xce\xcf]\xfa\xed\xfe|\xfe\xed\xfa[\xce\xcf])"
#: Of a Mach-O file for several architectures, whose count follows; of Java, followed by a version from 45 on.
_FAT = rb"\xca\xfe\xba\xbe"

#: What binary files start with, what they are, and what to do instead.
_BINARY = (
    (rb"PERFILE2", "data of perf", "give perf script to other tools; " + _RUN),
    (rb"\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4", "a packet capture (pcap)", _NO_TEXT),
    (rb"\x0a\x0d\x0d\x0a", "a packet capture (pcapng)", _NO_TEXT),
    (rb"\x89PNG\r\n", "a PNG image", _PICTURE),
    (rb"\xff\xd8\xff", "a JPEG image", _PICTURE),
    (rb"GIF8", "a GIF image", _PICTURE),
    (rb".{8}WEBP", "a WebP image", _PICTURE),
    (rb"%PDF-", "a PDF document", "give the text that it was made from"),
    (rb"SQLite format 3\0", "a SQLite database", _NO_TEXT),
    (rb"JAVA PROFILE ", "a heap dump of Java", _NO_TEXT),
    (rb"MDMP", "a Windows minidump", "have the next crash print: GOTRACEBACK=all"),
    (rb"\0asm", "a WebAssembly binary", _RUN),
    (rb"!<arch>\n", "an archive of object files", _RUN),
    (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first: 7z x"),
    (rb"Rar!\x1a\x07", "a RAR archive", "unpack it first: unrar x"),
    (rb"\x04\x22\x4d\x18", "data packed by lz4", "unpack it first: lz4 -d"),
    (rb"\x1f\x9d", "data packed by compress", "unpack it first: uncompress"),
    (rb"\x5d\x00\x00", "data packed by lzma", "unpack it first: xz -d"),
    (rb"\x7fELF.{12}(?:\x04\0|\0\x04)", "an ELF core file", _CORE),
    (rb"\x7fELF", "an ELF binary", _RUN),
    (_MACH + rb".{8}(?:\x04\0\0\0|\0\0\0\x04)", "a Mach-O core file", _CORE),
    (_MACH + rb"|" + _FAT + rb"\0\0\0[\0-\x1d]", "a Mach-O binary", _RUN),
    (_FAT, "a Java class file", _NO_TEXT),
    (rb"MZ[^\0]{0,61}\0", "a Windows executable", _RUN),
    (rb"go1\.[0-9]{1,3} heap dump\n", "what debug.WriteHeapDump wrote", "for goscope " + _FETCH),
)
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_TEXT_CONTROLS = b"\t\n\r\x0b\x0c\x1b"
#: Of a text at most one byte in thirteen is another control character; of random bytes one in ten.
_MOST_ODD = 13

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
    status = re.match(_STATUS, head)
    if status is not None:  # saved with its headers
        return ForeignKind(f"a server's answer ({status[1].decode('latin-1')}), not a dump", _AGAIN)
    text = head.strip()
    if len(text) > _LONGEST_ANSWER or re.fullmatch(_ANSWER, text) is None:
        return None
    said = text.decode("utf-8", "replace")
    return ForeignKind(
        f"a server's answer ({said}), not a dump",
        "is net/http/pprof imported, and is it the right port? " + _FETCH,
    )


_STATUS = rb"HTTP/[0-9.]{1,3} ([45][0-9]{2}[^\r\n]{0,60})"


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


_DUMP = f"give the dump that it was made from, or {_FETCH}"
_PROCESS = f"give what kill -QUIT makes the program print on stderr, or {_FETCH}"
#: What other tools print about a program: how a line of it begins, its name, and what to do instead.
_TOOLS = (
    (
        rb"[ \t]*POTENTIAL DEADLOCK:|[ \t]*Previous place where the lock was grabbed$",
        "a report of the package go-deadlock",
        f"it names its locks itself; for all goroutines {_FETCH}",
    ),
    (
        rb"[0-9]+: [a-z][^\n\[]*(?: \[[^\]\n]*\])*(?: \[Created by [^\]\n]+\])\r?$",
        "output of panicparse",
        _DUMP,
    ),
    (
        rb"(?:\* |  )Goroutine [0-9]+ - (?:User|Runtime|Start|Go): ",
        "a list of goroutines by Delve",
        _PROCESS,
    ),
    (
        rb"\[?(?:Switching to thread |New Thread |Thread )0x[0-9a-f]+ \(LWP |#[0-9]+ +(?:0x[0-9a-f]+ in )?"
        rb"[\w.*()/:]+ \([^\n]*\)(?: at [^\s:]+\.\w+:[0-9]| from /)",
        "a backtrace of gdb",
        _PROCESS,
    ),
    (
        rb"Full thread dump |\"[^\"\n]+\" (?:#[0-9]+ )?(?:\[[0-9]+\] )?(?:daemon )?prio=[0-9]+ "
        rb"|Exception in thread \"[^\n]+\" [\w.$]+|\tat [\w.$/<>]+\([\w$]+\.(?:java|kt|scala):[0-9]+\)",
        "a thread dump or an exception of Java",
        "goscope reads what Go programs print; look at this one with a viewer of Java thread dumps",
    ),
    (
        rb"Unhandled exception\. [\w.]+: "
        rb"|   at [\w<>`+\[\],]+(?:\.[\w<>`+\[\],]+)+\([^)\n]*\)(?: in [^\n]+:line [0-9]+)?\r?$"
        rb"|OS Thread Id: 0x[0-9a-f]+ \(",
        "a stack of .NET",
        "goscope reads what Go programs print; look at this one with dotnet-stack or dotnet-dump",
    ),
    (
        rb"Traceback \(most recent call last\):",
        "a traceback of Python",
        "goscope reads what Go programs print",
    ),
    (
        rb"gc[0-9]+\([0-9]+\): [0-9+]+ ",
        "gctrace of Go 1.4 or older, which is not supported",
        "run the program built with Go 1.5 or newer",
    ),
    (
        rb"panic: runtime error at 0x[0-9a-f]+: ",
        "a panic of TinyGo, which prints no goroutines",
        "resolve its address with addr2line and the program's ELF file",
    ),
    (
        rb"-{11}\+-{55}\r?$|PeriodType: |Showing nodes accounting for ",
        "text made by go tool pprof",
        "give the profile itself, the .pb.gz file",
    ),
)


def _tool(head: bytes) -> ForeignKind | None:
    # Compiled only where nothing of Go was found: most runs need none of them.
    for pattern, what, instead in _TOOLS:
        if re.search(rb"(?m)^(?:%s)" % pattern, head) is not None:
            return ForeignKind(what, instead)
    return None


_TEXTUAL: tuple[Callable[[bytes], ForeignKind | None], ...] = (_html, _answer, _document, _tool)
