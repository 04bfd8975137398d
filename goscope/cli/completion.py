"""``goscope completion``: what makes the shell complete commands, options and their values."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from goscope.cli.messages import print_result

#: The shell's script sets it when it asks for completions (typer derives the name from the program's).
COMPLETE_VARIABLE = "_GOSCOPE_COMPLETE"


class Shell(Enum):
    """The shells that a script can be written for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell to write it for.")],
) -> None:
    """Write a completion script for a shell to standard output.

    bash: source <(goscope completion bash), in ~/.bashrc. zsh: the same, in ~/.zshrc after compinit.
    fish: goscope completion fish | source, in ~/.config/fish/config.fish.
    """
    from typer._completion_shared import get_completion_script

    script = get_completion_script(
        prog_name="goscope", complete_var=COMPLETE_VARIABLE, shell=shell.value
    )
    print_result(f"{script}\n")
