"""Versions compare as pairs, and spans read as people write them."""

from __future__ import annotations

import pytest

from goscope.goruntime.go_versions import OLDEST, Version, holds, span
from goscope.goruntime.processor_states import ProcessorState


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (OLDEST, None, "all"),
        ((1, 20), None, "1.20+"),
        (OLDEST, (1, 11), "<=1.11"),
        ((1, 22), (1, 25), "1.22-1.25"),
        ((1, 24), (1, 24), "1.24"),
    ],
)
def test_span(since: Version, until: Version | None, words: str) -> None:
    assert span(ProcessorState(0, "", since, until, "")) == words


def test_both_ends_of_a_span_count() -> None:
    fact = ProcessorState(0, "", (1, 9), (1, 20), "")
    assert [v for v in ((1, 8), (1, 9), (1, 20), (1, 21)) if holds(fact, v)] == [(1, 9), (1, 20)]
