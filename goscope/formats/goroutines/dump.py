"""Goroutine dumps: pprof debug=2, runtime.Stack, SIGQUIT, panics; Go 1.5 to 1.27 (runtime/traceback.go).

A dump of 100,000 goroutines holds perhaps 60 different stacks. How its blocks are read without
parsing each is in :mod:`goscope.formats.goroutines.blocks`.
"""

from __future__ import annotations

import re

from goscope.formats.format import Format
from goscope.formats.goroutines.arguments import ARGUMENTS
from goscope.formats.goroutines.blocks import CUT_CALL, GoroutineReader
from goscope.formats.goroutines.columns import FRAMES, GOROUTINES, SNAPSHOTS, STACKS
from goscope.formats.goroutines.stacks import NAME_OF_CALL
from goscope.framing.records import BlockKind

FORMAT = Format(
    name="goroutine_dump",
    tables={
        "goroutines": GOROUTINES,
        "stacks": STACKS,
        "frames": FRAMES,
        "snapshots": SNAPSHOTS,
        "arguments": ARGUMENTS,
    },
    block=BlockKind(
        name="goroutine",
        openings=(b"goroutine #",),
        sign=re.compile(rb"goroutine [0-9]+ (?:gp=0x[0-9a-f]+ m=[^\[\n]+ )?\["),
        lone=(
            b"...",
            b"created by ",
            b"[originating from goroutine #",
            b"non-Go function at pc=",
        ),
        above=True,
        # The header with a first frame or what stands for one: the value of a panic has no such. A call
        # alone is believed of the goroutine that crashed: it runs.
        begins=re.compile(
            rb"goroutine [0-9]+ (?:gp=0x[0-9a-f]+ m=[^\[\n]+ )?\[running[^\n]*\]:\n"
            + NAME_OF_CALL
            + rb"\([^()\n]*\)\n|"
            rb"goroutine [0-9]+ (?:gp=0x[0-9a-f]+ m=[^\[\n]+ )?\[[^\n]*(?:\Z|:\n(?:"
            rb"[^\n]*(?:\Z|\)\n(?:\Z|[ \t][^\n]*(?:\Z|:[0-9])))"
            rb"|[ \t]+goroutine running on other thread|non-Go function|created by |\.\.\."
            rb"|[^\n]*\n[ \t][^\n]*pc=0x))"
        ),
        begun=CUT_CALL,
        pieces=(
            (
                b"goroutine #",
                re.compile(rb"goroutine [0-9]+ (?:gp=0x[0-9a-f]+ m=[^\[\n]+ )?\[[^\]\n]+\][^\n]*:"),
            ),
            (b"created by ", re.compile(rb"created by [^\s]+ in goroutine [0-9]+$")),
        ),
        pair=(
            re.compile(rb"created by [^\s]|[^\s(]+\([^\n]*\)$"),
            re.compile(rb"(?: ?\t|  )[^\n]*:[0-9]+(?: \+0x[0-9a-f]+)?(?: fp=0x[^\n]*)?$"),
        ),
    ),
    reader=GoroutineReader,
    example="goroutine 21 [chan receive, 5 minutes] {worker: 7}:",
)
