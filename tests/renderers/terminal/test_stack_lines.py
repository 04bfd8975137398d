"""Which frames of a stack a summary shows, where it cannot show all."""

from __future__ import annotations

import pytest

from goscope.analysis.goroutines.dumps import Stack
from goscope.findings.findings import Site
from goscope.renderers.terminal.stack_lines import stack_lines

READS = (
    "internal/poll.runtime_pollWait",
    "internal/poll.(*FD).Read",
    "net.(*conn).Read",
    "bufio.(*Reader).fill",
)
SERVES = (
    "net/textproto.readMIMEHeader",
    "net/http.readRequest",
    "net/http.(*conn).readRequest",
    "net/http.(*conn).serve",
)
PPROF = ("runtime/pprof.writeGoroutine", "runtime/pprof.(*Profile).WriteTo", "net/http/pprof.Index")


@pytest.mark.parametrize(
    ("functions", "shown"),
    [
        ((*READS, *SERVES), SERVES),  # slow clients: what they wait for stands at the bottom
        (
            (*PPROF, "net/http.(*conn).serve", "net/http.a", "net/http.b"),
            (*PPROF, "net/http.(*conn).serve"),
        ),
        ((*READS, "main.read", "main.main"), ("bufio.(*Reader).fill", "main.read", "main.main")),
        (READS[:2], READS[:2]),
    ],
)
def test_four_frames(functions: tuple[str, ...], shown: tuple[str, ...]) -> None:
    stack = Stack(tuple(Site(name, "/x.go", 1) for name in functions), None)
    lines = [line.plain.split()[0] for line in stack_lines(stack, most=4)]
    assert [name for name in lines if name != "..."] == [name.rpartition("/")[2] for name in shown]
