"""``goscope rules``: the catalogue."""

from __future__ import annotations


def rules() -> None:
    """List the rules, with what each detects."""
    from goscope.rules import all_rules

    for rule in all_rules():
        print(f"{rule.name:22} {rule.documentation.splitlines()[0]}")
