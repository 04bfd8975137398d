"""CONTRIBUTING shows the rooms as they are."""

from __future__ import annotations

from tests.rooms import CONTRIBUTING, rooms, table, what_is_there, with_table
from tests.test_layers import ROOT


def test_the_table_is_current() -> None:
    """If not: ``python -m tests.rooms``."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    assert with_table(text) == text


def test_every_package_is_a_room_and_says_what_is_there() -> None:
    found = list(rooms())
    packages = {file.parent for file in ROOT.rglob("*/__init__.py")}
    assert {room for room in found if room.is_dir()} == packages
    assert len(found) == len(set(found))
    assert [room for room in found if len(what_is_there(room)) < 20] == []


def test_it_goes_from_the_top_down() -> None:
    lines = table().splitlines()[2:]
    assert lines[0].startswith("| `cli/` | The command line")
    places = [
        lines.index(next(n for n in lines if f"`{room}`" in n))
        for room in ("rules/", "framing/", "errors.py")
    ]
    assert places == sorted(places)
