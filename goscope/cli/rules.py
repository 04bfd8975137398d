"""``goscope rules``: the catalogue."""

from __future__ import annotations

from goscope.cli.messages import tell


def rules() -> None:
    """List the rules, with what each detects."""
    from goscope.rules import all_rules

    lines = (f"{rule.name:22} {rule.documentation.splitlines()[0]}\n" for rule in all_rules())
    tell("".join(lines))
