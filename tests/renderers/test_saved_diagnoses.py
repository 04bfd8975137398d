"""The saved diagnoses are what the captures say today, and every renderer makes the same page of both."""

from __future__ import annotations

import gzip

import pytest

from goscope.diagnosis.saved import saved_text
from goscope.renderers import all_renderers
from tests.renderers.saved_diagnoses import SAVED, made, path_of, saved


@pytest.mark.parametrize("name", SAVED)
def test_what_is_saved_is_what_the_captures_say(name: str) -> None:
    diagnosis = made(name)
    kept = gzip.decompress(path_of(name).read_bytes()).decode()
    advice = "python -m tests.renderers.saved_diagnoses writes them anew"
    assert saved_text(diagnosis) == kept, advice
    assert saved_text(saved(name)) == kept
    for renderer in all_renderers():
        assert renderer.render(saved(name)) == renderer.render(diagnosis), renderer.name
