"""What is advised on a crash: what the runtime itself says of it decides, where it says more than the kind."""

from __future__ import annotations

import pytest

import goscope
from goscope.findings.findings import Finding

STACK = "goroutine 1 [running]:\nmain.fill()\n\t/app/main.go:9 +0x1d\nmain.main()\n\t/app/main.go:30 +0x85\n"


def crash(text: str) -> Finding:
    (found,) = [f for f in goscope.diagnose(goscope.read(text)).findings if f.rule == "crash"]
    return found


@pytest.mark.parametrize(
    ("in_use", "told"), [(178_257_920, "ulimit -v"), (15_032_385_536, "GOMEMLIMIT")]
)
def test_memory_that_is_refused_to_a_small_program(in_use: int, told: str) -> None:
    head = f"runtime: out of memory: cannot allocate 4194304-byte block ({in_use} in use)\nfatal error: out of memory\n\n"
    assert told in crash(head + STACK).advice


def test_a_mapped_file_that_shrank() -> None:
    head = "unexpected fault address 0x7f3c10002000\nfatal error: fault\n[signal {} code=0x2 addr=0x7f3c10002000 pc=0x4a1b2c]\n\n"
    assert "mapped file was truncated" in crash(head.format("SIGBUS: bus error") + STACK).advice
    assert "checkptr" in crash(head.format("SIGSEGV: segmentation violation") + STACK).advice
