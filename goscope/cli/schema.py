"""``goscope schema``: the JSON schema of the contract."""

from __future__ import annotations

from goscope.cli.messages import tell


def schema() -> None:
    """Print the JSON schema of --format json."""
    from goscope.renderers.json_contract import schema as text

    tell(text())
