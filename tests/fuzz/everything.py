"""Sends one input through all of goscope: every reader, every rule, every renderer, every table."""

from __future__ import annotations

import io
import json
import random
import time
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from goscope.capture.capture import Capture
from goscope.diagnosis.engine import diagnose
from goscope.errors import InputError
from goscope.exports.table_files import FORMS, write_tables
from goscope.findings.source_links import source_links
from goscope.reading.capture_builder import CaptureBuilder
from goscope.reading.inputs import read_stream
from goscope.renderers import all_renderers
from goscope.sources.files.input_streams import streams_of
from tests.conftest import rows_of

#: Seconds of this process's own time for an input of some 20 KB, on any machine.
PATIENCE = 20.0
_CONTROLS = ("Cc", "Cf", "Cs")
#: These two show control characters as escapes of their own or cannot hold them at all.
_FREE = frozenset({"html"})


def send(data: bytes, rng: random.Random, folder: Path) -> None:
    """Read, diagnose and show.

    Raises:
        AssertionError: it took too long, or something came out that must not.
        Exception: whatever else leaves goscope is a bug.
    """
    begin = time.process_time()
    whole, pieces = unpacked_read([data]), unpacked_read(_pieces(data, rng))
    if (
        whole.processes < 2 or not whole.inputs[0].wrapped
    ):  # several programs: only their order may differ
        assert said(whole) == said(pieces), "where a chunk ends makes a difference"
    capture = read(data)
    diagnosis = replace(
        diagnose(capture), links=source_links("https://git.example.com/{file}#L{line}", None)
    )
    for renderer in all_renderers():
        page = renderer.render(diagnosis)
        page.encode()
        if renderer.name not in _FREE:
            assert not (odd := set(filter(_odd, page))), f"{renderer.name}: {odd}"
    json.loads(next(r for r in all_renderers() if r.name == "json").render(diagnosis))
    write_tables(capture, folder, rng.choice(list(FORMS)))
    assert time.process_time() - begin < PATIENCE, "it takes too long"


def read(data: bytes) -> Capture:
    """What goscope reads in a file of these bytes, whatever they are."""
    builder = CaptureBuilder()
    try:
        for stream in streams_of("input", io.BytesIO(data), None, named=True):
            try:
                read_stream(stream, builder)
            except InputError as error:
                _one_line(error)
    except InputError as error:
        _one_line(error)
    return builder.build()


def unpacked_read(chunks: Iterable[bytes]) -> Capture:
    """What it reads in these bytes as they are, without a look at what kind of file it is."""
    builder = CaptureBuilder()
    try:
        builder.read("input", chunks)
    except InputError as error:
        _one_line(error)
    return builder.build()


def said(capture: Capture) -> dict[str, object]:
    """All that must not depend on how the input was cut into chunks."""
    tables: dict[str, object] = {name: rows_of(capture.table(name)) for name in capture.table_names}
    inputs = [(i.name, i.lines, i.unparsed, i.unparsed_count, i.problem) for i in capture.inputs]
    return {**tables, "the inputs": inputs}


def _one_line(error: InputError) -> None:
    text = str(error)
    assert "\n" not in text and "Traceback" not in text, text


def _odd(character: str) -> bool:
    return character != "\n" and unicodedata.category(character) in _CONTROLS


def _pieces(data: bytes, rng: random.Random) -> Iterator[bytes]:
    most = rng.choice((1, 7, 100, 5000)) if len(data) < 20_000 else 5000
    at = 0
    while at < len(data):
        size = rng.randint(1, most)
        yield data[at : at + size]
        at += size
