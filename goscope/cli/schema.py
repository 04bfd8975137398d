"""``goscope schema``: the JSON schemas of what goscope prints for programs."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from goscope.cli.messages import print_result


class Document(Enum):
    """What ``--format json`` prints: a diagnosis, but for the commands that answer something else."""

    DIAGNOSIS = "diagnosis"
    GOROUTINES = "goroutines"
    DIFF = "diff"


def schema(
    document: Annotated[
        Document,
        typer.Argument(help="Whose --format json: of goroutines, of diff, or of the others."),
    ] = Document.DIAGNOSIS,
) -> None:
    """Print the JSON schema of --format json."""
    from goscope.renderers.json.json_contract import schema as text

    print_result(text(document.value))
