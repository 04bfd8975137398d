"""What the tests of sources share: reading all texts of an input, and what went wrong."""

from __future__ import annotations

from pathlib import Path

from goscope.errors import ForeignInput, InputError
from goscope.sources.files.named_inputs import Source


def read_all(path: Path) -> tuple[dict[str, bytes], list[str], list[str]]:
    """The texts by name (what there is of them), what failed, and what was passed by; names without the folder."""
    texts: dict[str, bytes] = {}
    failed: list[str] = []
    skipped: list[str] = []
    try:
        for stream in Source(path.name, path).streams():
            pieces: list[bytes] = []
            try:
                for piece in stream.chunks():
                    pieces.append(piece)  # what came before a failure counts
            except ForeignInput as error:
                (failed if stream.named else skipped).append(str(error))
            except InputError as error:
                failed.append(str(error))
            if pieces:
                texts[stream.name] = b"".join(pieces)
    except InputError as error:
        failed.append(str(error))
    return texts, failed, skipped
