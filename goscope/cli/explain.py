"""``goscope explain``: the documentation of a rule."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goscope.cli.messages import tell
from goscope.errors import UsageError


def explain(
    topic: Annotated[str, typer.Argument(help="The name of a rule.")],
    config: Annotated[
        Path | None, typer.Option(help="The file of settings that the values are taken from.")
    ] = None,
) -> None:
    """Explain a rule: what it detects, why it matters, its evidence, what to do."""
    import difflib

    from goscope.configuration import read_settings
    from goscope.rules import all_rules

    known = {rule.name: rule for rule in all_rules()}
    if topic not in known:
        near = difflib.get_close_matches(topic, known, 1)
        hint = f"; did you mean {near[0]}?" if near else "; goscope rules lists them"
        raise UsageError(f"no rule is called {topic}{hint}")
    rule = known[topic]
    words = rule.threshold_words(read_settings(config))
    thresholds = "\n\nThresholds:\n" + "\n".join(f"    {word}" for word in words) if words else ""
    tell(f"{topic}\n\n{rule.documentation.strip()}{thresholds}\n")
