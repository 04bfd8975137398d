"""``goscope explain``: a page about a rule, a state, a wait reason or a field; works offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goscope.cli.messages import print_result
from goscope.errors import UsageError

_WIDEST, _NARROWEST = 100, 60
_MOST_MENTIONS = 12


def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TOPIC]",
            help="A rule, a goroutine state, a wait reason, a field, a table, or a word to look for.",
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="The file of settings that thresholds are taken from.")
    ] = None,
) -> None:
    """Explain a rule, a state, a wait reason, a field; without a topic, list them all."""
    from goscope.explain.topics import mentioning, near, rules_about, topic

    if not words:
        print_result(_contents())
        return
    wanted = " ".join(words)
    found = topic(wanted)
    if found is not None:
        rules = rules_about(found)
        see = f"\n\nRules that speak of it: {', '.join(rules)}" if rules else ""
        text = _wrapped(found.text + _thresholds(found.name, config) + see)
        print_result(f"{found.name} ({found.group.removesuffix('s')})\n\n{text}\n")
        return
    spelled, held = near(wanted), mentioning(wanted)
    if held:
        more = f", and {len(held) - _MOST_MENTIONS} more" if len(held) > _MOST_MENTIONS else ""
        print_result(
            f"{wanted} is no topic of its own; it is in: {', '.join(held[:_MOST_MENTIONS])}{more}\n"
        )
        return
    hint = f"; did you mean {' or '.join(spelled)}?" if spelled else "; goscope explain lists them"
    raise UsageError(f"nothing is known about {wanted}{hint}")


def _thresholds(name: str, config: Path | None) -> str:
    """The thresholds of a rule with their present values, to follow its page."""
    from goscope.diagnosis.configuration import read_settings
    from goscope.rules import all_rules

    rule = next((rule for rule in all_rules() if rule.name == name), None)
    words = rule.threshold_lines(read_settings(config)) if rule is not None else []
    return "\n\nThresholds:\n" + "\n".join(f"    {word}" for word in words) if words else ""


def _contents() -> str:
    """All topics with one line each; single fields are named with their tables."""
    import textwrap

    from goscope.explain.topics import all_topics

    lines = ["goscope explain TOPIC prints a page. The topics:"]
    group = ""
    for found in all_topics():
        if found.group == "single fields":
            continue
        if found.group != group:
            group = found.group
            lines += ["", group]
        summary = textwrap.shorten(found.summary, _width() - 32, placeholder="...")
        lines.append(f"    {found.name:27} {summary}")
    return "\n".join(lines) + "\n"


def _wrapped(text: str) -> str:
    """The text wrapped to the terminal: paragraphs are filled, indented lines are wrapped one by one."""
    import textwrap

    lines = []
    for paragraph in text.split("\n\n"):
        rows = paragraph.splitlines()
        if not any(row.startswith(" ") for row in rows):
            rows = [" ".join(rows)]
        for row in rows:
            indent = " " * (len(row) - len(row.lstrip()) + 4 * row.startswith(" "))
            lines += textwrap.wrap(row, _width(), subsequent_indent=indent, break_on_hyphens=False)
        lines.append("")
    return "\n".join(lines[:-1])


def _width() -> int:
    import shutil

    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))
