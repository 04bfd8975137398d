"""Files of other kinds: named for what they are, with what to do instead, in one line."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goscope.errors import ForeignInput
from goscope.sources.files.foreign_files import refuse_foreign, resembles


def elf(kind: int, order: str = "<") -> bytes:
    ident = b"\x7fELF\x02" + (b"\x01" if order == "<" else b"\x02") + b"\x01" + bytes(9)
    return ident + struct.pack(order + "HHI", kind, 62, 1) + bytes(100)


def mach(kind: int, order: str = "<") -> bytes:
    return struct.pack(order + "IIII", 0xFEEDFACF, 0x01000007, 3, kind) + bytes(100)


BINARY = [
    (elf(2), "an ELF binary", "GODEBUG=schedtrace=1000"),
    (elf(3), "an ELF binary", "GODEBUG=schedtrace=1000"),
    (elf(4), "an ELF core file", "dlv core"),
    (elf(4, ">"), "an ELF core file", "dlv core"),
    (mach(2), "a Mach-O binary", "GODEBUG"),
    (mach(2, ">"), "a Mach-O binary", "GODEBUG"),
    (mach(4), "a Mach-O core file", "dlv core"),
    (struct.pack(">III", 0xCAFEBABE, 2, 0x01000007), "a Mach-O binary", "GODEBUG"),
    (struct.pack(">II", 0xCAFEBABE, 61), "a Java class file", "no text"),
    (b"MZ\x90\x00\x03" + bytes(100), "a Windows executable", "GODEBUG"),
    (b"go1.7 heap dump\n\x06\x00", "what debug.WriteHeapDump wrote", "debug=2"),
    (b"PERFILE2" + bytes(50), "data of perf", "perf script"),
    (b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(50), "a packet capture", "no text"),
    (b"\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a", "a packet capture", "no text"),
    (b"\x89PNG\r\n\x1a\n" + bytes(50), "a PNG image", "not a picture"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a JPEG image", "not a picture"),
    (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "a WebP image", "not a picture"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document", "the text"),
    (b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(20), "a 7-Zip archive", "7z x"),
    (b"\x04\x22\x4d\x18\x64\x40\xa7", "data packed by lz4", "lz4 -d"),
    (bytes(range(256)) * 8, "binary data", "stderr"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "what", "instead"), BINARY, ids=lambda given: str(given)[:30])
def test_binary_files(data: bytes, what: str, instead: str) -> None:
    with pytest.raises(ForeignInput) as told:
        refuse_foreign("x", data)
    text = str(told.value)
    assert text.startswith(f"x: this is {what}")
    assert instead in text
    assert "\n" not in text


def test_random_bytes_are_no_text() -> None:
    for seed in range(200):
        with pytest.raises(ForeignInput, match="binary data"):
            refuse_foreign("x", b"." + random.Random(seed).randbytes(4096))


PAGES = [
    ("<!DOCTYPE html>\n<html><head><title>\n Sign in \u2013 Example</title>", "an HTML page (Sign in \u2013 Example)", "curl -f"),
    ("\n <HTML>\n<BODY>502 Bad Gateway", "an HTML page;", "curl -f"),
    ("<!-- cached --><html><title></title>", "an HTML page;", "curl -f"),
    ("<html>\n<head>\n<title>/debug/pprof/</title>", "the index page of /debug/pprof/", "goroutine?debug=2"),
    ('<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code>', "an XML document", "curl -f"),
    ('<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C">', "an HTML page;", "curl -f"),
    ("404 page not found\n", "a server's answer (404 page not found)", "net/http/pprof"),
    ("Unknown profile\n", "a server's answer (Unknown profile)", "goroutine?debug=2"),
    ("401 Unauthorized", "a server's answer (401 Unauthorized)", "goroutine?debug=2"),
    ("Client sent an HTTP request to an HTTPS server.\n", "a server's answer", "goroutine?debug=2"),
    ("HTTP/1.1 403 Forbidden\r\nServer: x\r\n\r\n", "a server's answer (403 Forbidden)", "curl -f"),
    ('{\n  "error": "not found"\n}\n', "a JSON document", "goroutine?debug=2"),
    ('{"error": "unauthorized"}', "a JSON document", "stderr"),
    ("[1, 2, 3]\n", "a JSON document", "stderr"),
    ('{\n"cmdline": ["/app/x"],\n"memstats": {"Alloc":1', "the variables of /debug/vars", "goroutine?debug=2"),
    ('{\n  "schema": "goscope.diagnosis/1",', "a report of goscope", "made from"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "what", "instead"), PAGES, ids=lambda given: given[:30])
def test_pages_in_place_of_a_dump(text: str, what: str, instead: str) -> None:
    refuse_foreign("x", text.encode())  # it is text, and is read
    kind = resembles(text.encode())
    assert kind is not None
    said = str(kind.refusal("x"))
    assert said.startswith(f"x: this is {what}")
    assert instead in said
    assert "\n" not in said


#: As their sources print it, behind a line of a log.
TOOLS = [
    ("POTENTIAL DEADLOCK: Inconsistent locking. saw this ordering in one goroutine:", "a report of the package go-deadlock", "debug=2"),
    ("3: chan receive [2~5 minutes] [Created by main.start @ pool.go:12]", "output of panicparse", "debug=2"),
    ("* Goroutine 1 - User: ./main.go:10 main.main (0x49a2f3) (thread 4711)", "a list of goroutines by Delve", "kill -QUIT"),
    ("#1  0x000000000046f2a3 in runtime.futex () at /usr/lib/go/src/runtime/sys_linux_amd64.s:557", "a backtrace of gdb", "kill -QUIT"),
    ('Exception in thread "main" java.lang.NullPointerException', "a thread dump or an exception of Java", "thread dumps"),
    ("   at Orders.Server.Lookup(String id) in /src/Server.cs:line 12", "a stack of .NET", "dotnet-stack"),
    ("Traceback (most recent call last):", "a traceback of Python", "Go programs print"),
    ("gc42(8): 3+17+524 us, 12 -> 24 MB, 1234 (5678-4444) objects", "gctrace of Go 1.4 or older", "Go 1.5"),
    ("panic: runtime error at 0x0000000000234f1a: nil pointer dereference", "a panic of TinyGo", "addr2line"),
    ("-----------+-------------------------------------------------------", "text made by go tool pprof", ".pb.gz"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "what", "instead"), TOOLS, ids=lambda given: given[:30])
def test_what_other_tools_print(text: str, what: str, instead: str) -> None:
    kind = resembles(f"2026/11/24 01:43:00 started\n{text}\n".encode())
    assert kind is not None
    said = str(kind.refusal("x"))
    assert said.startswith(f"x: this is {what}")
    assert instead in said
    assert "\n" not in said


LOGS = [
    " name      | value\n-----------+" + "-" * 52 + "\n a         | b\n",
    "#3 main.go (the file) at line:1\n",
    "Type: error\n-----+----------\n",
    "   at the end (of the day)\n#1 foo (bar) at home\n",
    "2026/11/24 01:43:00 POTENTIAL DEADLOCK: said the log\n",
    "12: 34 items [5 new]\n#1 in the list (of 5) at 3 o'clock\ngc10(2) collected\n",
    '{"level":"info","ts":1795469580.1,"msg":"started"}\n{"level":"info","msg":"served"}\n',
    '{"log":"2026/11/24 served\\n","stream":"stderr","time":"2026-11-24T01:43:00Z"}\n',
    "2026/11/24 01:43:00 404 page not found: /favicon.ico\n",
    "[GIN] 2026/11/24 - 01:43:00 | 200 |\n",
    "[1] 2026/11/24 started\n",
    "<nil>\n",
    "MZ is what this line starts with\n",
    "not found: 3 items in the cache of the second server, see above for details and what to do\n",
    "go 1.22 trace of the request\n",
    "\x1b[32mINFO\x1b[0m served\n" * 50,
    "",
]


@pytest.mark.parametrize("text", LOGS, ids=lambda text: text[:30])
def test_logs_are_none_of_these(text: str) -> None:
    refuse_foreign("x", text.encode())
    assert resembles(text.encode()) is None


@given(
    st.binary(max_size=300),
    st.sampled_from(
        [b"", b"<html", b"{", b"go 1.", b"\x7fELF", b"\xca\xfe\xba\xbe", b"HTTP/1.1 4"]
    ),
)
def test_any_bytes(data: bytes, start: bytes) -> None:
    try:
        refuse_foreign("x", start + data)
    except ForeignInput as error:
        assert "\n" not in str(error)
    resembles(start + data)


@pytest.mark.parametrize(
    "text",
    [
        b" " * 4096,
        b"<!--" * 1024,
        b"<?xml" * 800,
        b"{" * 4096,
        b"<html><title" * 300,
        b"404 " + b"a" * 4000,
    ],
)
def test_no_text_takes_long(text: bytes, tmp_path: Path) -> None:
    import time

    begin = time.process_time()
    resembles(text)
    assert time.process_time() - begin < 0.5
