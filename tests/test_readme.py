"""What the README and the recipes say is true: outputs are those of goscope, commands and options exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

import goscope
from goscope.cli.app import COMMANDS, app_for
from tests.cli.running import in_process
from tests.conftest import CAPTURES

CHECKOUT = Path(__file__).parents[1]
README, RECIPES = CHECKOUT / "README.md", CHECKOUT / "docs" / "recipes.md"


def blocks(path: Path, language: str) -> list[str]:
    found = re.findall(r"^```(\w+)\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)
    return [text for kind, text in found if kind == language]


CONSOLE = blocks(README, "console")


@pytest.mark.parametrize("block", CONSOLE, ids=[b.splitlines()[0][:40] for b in CONSOLE])
def test_outputs_are_true(block: str) -> None:
    """A block is a command, the folder that it runs in, and its output; a line ``...`` leaves out some."""
    first, _, shown = block.partition("\n")
    command, _, folder = first.removeprefix("$ ").partition("   # in ")
    done = in_process(*shlex.split(command)[1:], cwd=CHECKOUT / folder)
    assert done.returncode == 0, done.stderr
    begin, *later = re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE)
    if later:
        assert done.stdout.startswith(begin)
        assert len(begin.splitlines()) > 10
        at = len(begin)
        for part in filter(None, later):
            at = done.stdout.find(part, at)
            assert at > 0, part
            at += len(part)
    else:
        assert done.stdout.rstrip("\n") == shown.rstrip("\n")


def commands(path: Path) -> list[list[str]]:
    """The words of every command line of goscope in a file, up to where the shell goes on."""
    text = path.read_text().replace("\\\n", " ")
    found = []
    for language in ("sh", "fish", "powershell", "yaml", "console"):
        pattern = re.compile(r"^(?:|.*[\s|;(-])goscope( .*)$")
        for block in re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                if (match := pattern.match(line)) and "pip" not in line:
                    words = re.split(r"\s#|[|&;)<]|\s>|>\w", match[1])[0]
                    found.append(shlex.split(words))
    return found


def options_of(command: str) -> set[str]:
    """All spellings of the options of a command."""
    group = get_command(app_for([command]))
    assert isinstance(group, TyperGroup)
    options = {
        name
        for option in group.commands[command].params
        for name in (*option.opts, *option.secondary_opts)
    }
    return options | {"-h", "--help"}


@pytest.mark.parametrize("path", [README, RECIPES], ids=lambda path: path.name)
def test_commands_and_options_exist(path: Path) -> None:
    known = {name: options_of(name) for name in COMMANDS}
    lines = commands(path)
    assert len(lines) > 8
    for words in lines:
        name = words[0] if words and words[0] in COMMANDS else "analyze"
        before = words[: words.index("--")] if "--" in words else words
        for word in before:
            if word.startswith("-") and word != "-":
                assert word.partition("=")[0] in known[name], words


def test_every_command_is_in_the_readme_or_the_recipes() -> None:
    text = README.read_text() + RECIPES.read_text()
    assert [name for name in COMMANDS if f"goscope {name}" not in text and name != "analyze"] == []


def test_links_and_pictures_are_there() -> None:
    for path in (README, RECIPES, CHECKOUT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            if "://" not in target:
                assert (path.parent / target).is_file(), target
    for picture in ("terminal.svg", "report.png"):
        assert (CHECKOUT / "docs" / picture).stat().st_size < 300_000
    assert "http://www.w3.org" in (CHECKOUT / "docs" / "terminal.svg").read_text()
    drawn = (CHECKOUT / "docs" / "terminal.svg").read_text()
    assert not re.search(r"url\(|@import|href=", drawn.replace("url(#", ""))


def test_the_recipe_in_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = blocks(RECIPES, "python")
    run = CAPTURES / "go1.27" / "leak_receiver"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.log").write_bytes((CAPTURES / "go1.27/gc_thrash/stderr.log.gz").read_bytes())
    for name in ("dump-1.txt", "dump-2.txt"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    exec(compile(code, "recipes.md", "exec"), {"goscope": goscope})
    out = capsys.readouterr().out
    assert "heap_live_mb" in out
    assert re.search(r"chan send +\d+", out)
