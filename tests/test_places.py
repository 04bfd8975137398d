"""Tests stand where what they test stands, and pytest takes nothing of goscope for a test."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
GOSCOPE = TESTS.parent / "goscope"
#: Folders of tests that are of no package: each looks at the whole program.
WHOLE = {
    "benchmarks": "what goscope takes, held against other programs",
    "fuzz": "hostile input for every reader, rule and renderer",
    "live": "goscope beside Go programs that run",
}
MODULES = {path.relative_to(GOSCOPE) for path in GOSCOPE.rglob("*.py")}
NAMES = {path.name for path in MODULES}


def misplaced(test: Path) -> str | None:
    """What is wrong with the place of a test, given as its path below the tests."""
    if len(test.parts) == 1 or test.parts[0] in WHOLE:
        return None
    if not (GOSCOPE / test.parent).is_dir():
        return f"there is no package {test.parent}"
    module = test.with_name(test.name.removeprefix("test_"))
    if (GOSCOPE / module.with_suffix("")).is_dir():
        return None
    if module.name in NAMES and module not in MODULES:
        places = sorted(str(path) for path in MODULES if path.name == module.name)
        return f"named for {' or '.join(places)}"
    return None


def test_a_test_stands_at_the_path_of_its_module_or_in_the_folder_of_its_package() -> None:
    tests = [path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")]
    assert len(tests) > 100
    found = {str(test): wrong for test in tests if (wrong := misplaced(test))}
    assert found == {}


@pytest.mark.parametrize(
    ("test", "wrong"),
    [
        ("framing/test_framer.py", None),
        ("framing/test_chunks.py", None),
        ("test_layers.py", None),
        ("live/test_pipes.py", None),
        ("engine/test_shapes.py", "there is no package engine"),
        ("framing/test_grammars.py", "named for parsing/grammars.py"),
    ],
)
def test_a_wrong_place_is_found(test: str, wrong: str | None) -> None:
    assert misplaced(Path(test)) == wrong


def test_pytest_takes_nothing_of_goscope_for_a_test(pytestconfig: pytest.Config) -> None:
    taken = pytestconfig.getini("python_files")
    assert [str(m) for m in MODULES if any(m.match(pattern) for pattern in taken)] == []
