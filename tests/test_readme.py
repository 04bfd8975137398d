"""What the README shows of a terminal is what goscope prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.running import in_process

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(
    r"```console\n\$ goscope ([^\n]*?) +# in ([^\n]+)\n(.*?)```",
    (ROOT / "README.md").read_text(encoding="utf-8"),
    re.DOTALL,
)


def test_there_are_blocks() -> None:
    assert len(BLOCKS) >= 2


@pytest.mark.parametrize(("arguments", "folder", "shown"), BLOCKS, ids=[b[0][:20] for b in BLOCKS])
def test_the_output_is_true(arguments: str, folder: str, shown: str) -> None:
    """``...`` stands for lines that are left out, also at the end."""
    done = in_process(*shlex.split(arguments), cwd=ROOT / folder)
    assert (done.returncode, done.stderr) == (0, "")
    printed = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    at = 0
    for part in re.split(r"^ *\.\.\.\n", shown, flags=re.MULTILINE):
        wanted = part.strip("\n")
        found = printed.find(wanted, at)
        assert found >= 0, wanted
        at = found + len(wanted)
