"""The bar while something long is read: only for a person, only if it takes long, and gone at the end."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.running import environment

BLOCK = """\
goroutine {id} [chan receive]:
main.worker(0xc000012345)
\t/app/main.go:{line} +0x1d
created by main.start in goroutine 1
\t/app/main.go:5 +0x66

"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dump that takes a second or more, in pieces that no other process reads half of."""
    folder = tmp_path_factory.mktemp("large")
    path = folder / "\x1b[31mlarge[bold].txt"
    text = "".join(BLOCK.format(id=i, line=i % 500) for i in range(2, 60_002))
    path.write_text(text)
    return path


def on_a_terminal(*arguments: str | Path) -> tuple[str, str, int]:
    """What goscope prints to standard output and to a terminal on standard error."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _EARLY, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=end,
        env=environment(TERM="xterm", COLUMNS="100"),
        text=True,
    )
    os.close(end)
    shown = bytearray()

    def listen() -> None:
        try:
            while data := os.read(terminal, 4096):
                shown.extend(data)
        except OSError:  # Linux says so that nobody has the other end
            pass

    listener = threading.Thread(target=listen)
    listener.start()
    out, _ = process.communicate(timeout=120)
    listener.join()
    os.close(terminal)
    return out, shown.decode(), process.returncode


# The same program, without the wait that keeps short readings quiet: machines differ.
_EARLY = (
    "from goscope.cli import main, progress_bar\n"
    "progress_bar._AFTER = progress_bar._BETWEEN = 0\n"
    "main()"
)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("command", [("analyze",), ("goroutines",)])
def test_a_bar_for_a_person(large: Path, command: tuple[str, ...]) -> None:
    out, shown, code = on_a_terminal(*command, large)
    assert code == 0
    assert "reading " in shown
    assert "MB" in shown
    assert "large[bold].txt" in shown
    assert "\x1b[31mlarge" not in shown
    assert "60,000 goroutines" in out
    assert "reading " not in out
    # At the end the line is wiped: erased, and the cursor back at its beginning.
    assert shown.rstrip().endswith("\x1b[2K") or "\x1b[2K" in shown[-40:]


@pytest.mark.full
def test_no_bar_when_quiet(large: Path) -> None:
    out, shown, code = on_a_terminal("analyze", large, "--quiet")
    assert (out, shown, code) == ("", "", 0)


@pytest.mark.full
def test_no_bar_in_a_pipe(large: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _EARLY, "goroutines", str(large)],
        capture_output=True,
        env=environment(),
        text=True,
        check=True,
    )
    assert done.stderr == ""
