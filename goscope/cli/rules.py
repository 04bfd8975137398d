"""``goscope rules``: the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goscope.cli.messages import print_result


def rules(
    config: Annotated[
        Path | None, typer.Option(help="The file of settings that the values are taken from.")
    ] = None,
) -> None:
    """List the rules: what each detects, and its thresholds as they are set."""
    from goscope.diagnosis.configuration import read_settings
    from goscope.rules import all_rules

    settings = read_settings(config)
    lines = []
    for rule in all_rules():
        off = "" if settings.runs(rule.name) else "(off) "
        lines.append(f"{rule.name:22} {off}{rule.documentation.splitlines()[0]}\n")
        lines += [f"{'':22}   {word}\n" for word in rule.threshold_lines(settings)]
    print_result("".join(lines))
