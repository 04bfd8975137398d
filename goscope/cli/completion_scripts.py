"""Completion scripts for shells: all words stand in them, so nothing of goscope runs at a Tab."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """An option: its names, what it is for, whether a value follows, and the values that there are."""

    names: tuple[str, ...]
    summary: str
    takes_value: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command: what it is for, its options, and the words that may stand without an option."""

    summary: str
    options: tuple[Option, ...]
    words: tuple[str, ...] = ()


def _names(options: Sequence[Option]) -> str:
    return " ".join(name for option in options for name in option.names)


def bash(commands: Mapping[str, Command]) -> str:
    cases = "\n".join(
        f'        {name}) options="{_names(command.options)}"; words="{" ".join(command.words)}" ;;'
        for name, command in commands.items()
    )
    values = "\n".join(
        f'        {name}:{one}) COMPREPLY=($(compgen -W "{" ".join(option.choices)}" -- "$word")); return ;;'
        for name, command in commands.items()
        for option in command.options
        if option.choices
        for one in option.names
    )
    return f"""# bash completion of goscope
_goscope() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
    local command="${{COMP_WORDS[1]}}" options="" words=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{" ".join(commands)} --help --version" -- "$word") $(compgen -f -- "$word"))
        return
    fi
    case "$command" in
{cases}
        *) command=analyze; options="{_names(commands["analyze"].options)}" ;;
    esac
    case "$command:$before" in
{values}
    esac
    case "$word" in
        -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
        *) COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -f -- "$word")) ;;
    esac
}}
complete -o filenames -F _goscope goscope
"""


def zsh(commands: Mapping[str, Command]) -> str:
    summaries = "\n".join(
        f"        '{name}:{command.summary}'" for name, command in commands.items()
    )
    cases = "\n".join(
        f"        {name}) _arguments \\\n"
        + " \\\n".join(f"            {spec}" for spec in _zsh_specs(command))
        + " ;;"
        for name, command in commands.items()
    )
    return f"""#compdef goscope
_goscope() {{
    local -a commands
    commands=(
{summaries}
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        _files
        return
    fi
    local command=$words[2]
    (( $+commands[(r)$command:*] )) || command=analyze
    shift words
    (( CURRENT-- ))
    case $command in
{cases}
    esac
}}
compdef _goscope goscope
"""


def _zsh_specs(command: Command) -> Iterator[str]:
    for option in command.options:
        action = ":value:_files" if option.takes_value else ""
        if option.choices:
            action = f":value:({' '.join(option.choices)})"
        for name in option.names:
            yield f"'*{name}[{option.summary}]{action}'"
    yield f"'*:word:({' '.join(command.words)})'" if command.words else "'*:input:_files'"


def fish(commands: Mapping[str, Command]) -> str:
    lines = ["# fish completion of goscope"]
    for name, command in commands.items():
        lines.append(
            f"complete -c goscope -n __fish_use_subcommand -a {name} -d '{command.summary}'"
        )
        seen = f"-n '__fish_seen_subcommand_from {name}'"
        if command.words:
            lines.append(f"complete -c goscope {seen} -a '{' '.join(command.words)}'")
        for option in command.options:
            flags = "".join(
                f" -l {one[2:]}" if one.startswith("--") else f" -s {one[1:]}"
                for one in option.names
            )
            more = " -r" if option.takes_value else ""
            if option.choices:
                more = f" -x -a '{' '.join(option.choices)}'"
            lines.append(f"complete -c goscope {seen}{flags}{more} -d '{option.summary}'")
    return "\n".join(lines) + "\n"
