"""Some hostile inputs of every kind, always the same ones, and every number made too large."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from tests.fuzz.everything import send, unpacked_read
from tests.fuzz.mutants import mutant, seeds

_EACH = 10


@pytest.mark.sampled(10)
@pytest.mark.parametrize("first", range(0, 200, _EACH))
def test_hostile_input_does_no_harm(first: int, tmp_path: Path) -> None:
    for number in range(first, first + _EACH):
        send(mutant(random.Random(number)), random.Random(number), tmp_path)


def test_the_same_seed_makes_the_same_input() -> None:
    first, second = ([mutant(random.Random(n)) for n in range(20)] for _ in range(2))
    assert first == second
    assert len(set(first)) == 20


TEXTS = [seed for seed in seeds() if b"\0" not in seed]


@pytest.mark.sampled(40)
@pytest.mark.parametrize("digits", [19, 20, 5_000])
@pytest.mark.parametrize("text", range(len(TEXTS)))
def test_numbers_that_fit_nowhere(text: int, digits: int) -> None:
    """Each number of a line in turn, for the first lines of every shape."""
    shapes: set[bytes] = set()
    lines = TEXTS[text].splitlines(keepends=True)
    for i, line in enumerate(lines):
        shape = re.sub(rb"[0-9]+", b"#", line)
        if shape in shapes or len(shapes) > 60:
            continue
        shapes.add(shape)
        changed = [
            line[: n.start()] + b"9" * digits + line[n.end() :]
            for n in list(re.finditer(rb"[0-9]+", line))[:30]
        ]
        around = b"".join(lines[max(0, i - 3) : i]), b"".join(lines[i + 1 : i + 4])
        unpacked_read([b"\n\n".join(around[0] + one + around[1] for one in changed)])
