"""Completion in the shells themselves."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import environment, in_process

#: What stands on the line, the last word being completed; a word that must be offered, one that must not.
CASES = [
    ("goscope expl", "explain", "diff"),
    ("goscope goroutines --ex", "--examples", "--state"),
    ("goscope goroutines --sta", "--state", "--sort"),
    ("goscope goroutines x --sort ", "growth", "explain"),
    ("goscope analyze -f ", "sarif", "explain"),
    ("goscope completion ", "fish", "explain"),
    ("goscope dump-1.txt --form", "--format", "explain"),
]


def script(shell: str) -> str:
    done = in_process("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def run(shell: str, code: str, folder: Path) -> str:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (folder / "dump-1.txt").write_text("")
    (folder / "complete").write_text(script(shell))
    program = folder / "goscope"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m goscope "$@"\n')
    program.chmod(0o755)
    command = [shell, "-f"] if shell == "zsh" else [shell]
    done = subprocess.run(
        [*command, "-c", code],
        cwd=folder,
        env=environment(HOME=str(folder), PATH=f"{folder}:{os.environ['PATH']}"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(("line", "wanted", "unwanted"), CASES)
def test_bash(tmp_path: Path, line: str, wanted: str, unwanted: str) -> None:
    words = line.split(" ")
    code = (
        f"source ./complete; COMP_WORDS=({' '.join(repr(w) for w in words)}); "
        f"COMP_CWORD={len(words) - 1}; _goscope_completion goscope; "
        "printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    found = run("bash", code, tmp_path).split()
    assert wanted in found
    assert unwanted not in found


@pytest.mark.sampled(7)
@pytest.mark.parametrize(("line", "wanted", "unwanted"), CASES)
def test_fish(tmp_path: Path, line: str, wanted: str, unwanted: str) -> None:
    out = run("fish", f"source ./complete; complete -C {line!r}", tmp_path)
    found = [row.split("\t")[0] for row in out.splitlines()]
    assert wanted in found
    assert unwanted not in found


@pytest.mark.parametrize(("line", "wanted", "unwanted"), CASES)
def test_zsh(tmp_path: Path, line: str, wanted: str, unwanted: str) -> None:
    """zsh completes only at its line editor, so one runs in a terminal of its own and gets a Tab."""
    code = (
        "zmodload zsh/zpty; zpty z zsh -f -i; "
        "zpty -w z 'PS1=; autoload -Uz compinit; compinit -D; source ./complete; "
        'zstyle ":completion:*" list-colors no=; LISTMAX=1000; COLUMNS=200; print ready\'; '
        "zpty -r z out '*ready*ready*'; "
        f"zpty -w -n z '{line}'; zpty -w -n z $'\\t\\t'; "
        f"for i in {{1..100}}; do sleep 0.2; while zpty -r -t z shown; do print -r -- $shown; "
        f"[[ $shown == *{wanted}* ]] && {{ zpty -d z; exit; }}; done; done; zpty -d z"
    )
    out = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", run("zsh", code, tmp_path))
    assert wanted in out
    assert not re.search(rf"(?<![\w-]){re.escape(unwanted)}(?![\w-])", out)


def test_another_shell_is_refused() -> None:
    done = in_process("completion", "powershell")
    assert done.returncode == 2
