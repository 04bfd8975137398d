"""``goscope completion``: what makes the shell complete commands, options and file names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Annotated, get_args

import typer
from typer.models import ArgumentInfo, OptionInfo

from goscope.cli.completion_scripts import Command, Option
from goscope.cli.messages import tell


class Shell(Enum):
    """The shells that are known."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


_HELP = Option(("--help", "-h"), "Show the options", takes_value=False)


def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell to write it for.")],
) -> None:
    """Write a completion script for a shell to standard output.

    bash: source <(goscope completion bash), in ~/.bashrc. zsh: the same, in ~/.zshrc after compinit.
    fish: goscope completion fish | source, in ~/.config/fish/config.fish.

    Nothing of goscope runs when the script completes a word.
    """
    from goscope.cli import completion_scripts

    write = {
        Shell.BASH: completion_scripts.bash,
        Shell.ZSH: completion_scripts.zsh,
        Shell.FISH: completion_scripts.fish,
    }[shell]
    tell(write(dict(_commands())))


def _commands() -> Iterator[tuple[str, Command]]:
    from goscope.cli.app import COMMANDS, command_of

    for name in COMMANDS:
        command = command_of(name)
        found = inspect.signature(command, eval_str=True).parameters.values()
        options: list[Option] = [_HELP]
        words: tuple[str, ...] = ()
        for parameter in found:
            kind = get_args(parameter.annotation)[0]
            choices = _choices(kind)
            for mark in get_args(parameter.annotation)[1:]:
                if isinstance(mark, OptionInfo):
                    flag = kind is bool
                    # typer.Option(default, *names): in Annotated the first name stands for a default.
                    given = _names((mark.default, *(mark.param_decls or ())))
                    names = tuple(name for text in given for name in text.split("/"))
                    names = names or ("--" + parameter.name.replace("_", "-"),)
                    options.append(Option(names, _first(mark.help or ""), not flag, choices))
                elif isinstance(mark, ArgumentInfo):
                    words = words or choices
        yield name, Command(_first(inspect.getdoc(command) or ""), tuple(options), words)


def _names(given: Sequence[object]) -> list[str]:
    return [text for text in given if isinstance(text, str) and text.startswith("-")]


def _choices(kind: object) -> tuple[str, ...]:
    """The values of an enumeration; none of another type."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(one.value) for one in kind)
    return ()


def _first(text: str) -> str:
    """The first sentence, without what shells would read as more than text."""
    sentence = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    sentence = re.split(r"(?<=[.;]) |: ", sentence)[0].rstrip(".;")
    return re.sub(r"[^\w ,.()/-]", "", sentence)[:70]
