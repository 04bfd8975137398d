"""What is shipped: the grammars, one version, declared dependencies, and nothing of one machine."""

from __future__ import annotations

import ast
import gzip
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import goscope
from goscope.explain.demonstrations import DEMONSTRATIONS
from goscope.parsing.grammars import grammar_folder

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = Path(goscope.__file__).parent

REGISTRY_HOSTS = re.compile(
    rb"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|proxy\.golang\.org|sum\.golang\.org"
    rb"|crates\.io|anaconda\.(?:org|com)|rubygems\.org"
)
MACHINE_PATHS = re.compile(rb"(?<![\w.~-])/(?:work|root|tmp|opt/gs)(?:/|(?!\w))")
LOCK_FILES = re.compile(r"(?:^|/)(?:[\w.-]+\.lock|[\w.-]*lock\.(?:json|yaml|toml)|go\.sum)$")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    with (CHECKOUT / "pyproject.toml").open("rb") as file:
        found: dict[str, Any] = tomllib.load(file)
    return found


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """The names of all files that git knows; a file may be gone from the working tree."""
    try:
        done = subprocess.run(
            ["git", "ls-files", "-z"], cwd=CHECKOUT, check=False, capture_output=True, text=True
        )
    except FileNotFoundError:
        pytest.skip("git is not installed, so there is no list of tracked files")
    if done.returncode:
        pytest.skip("not a git checkout, so there is no list of tracked files")
    return [name for name in done.stdout.split("\0") if name and (CHECKOUT / name).is_file()]


def test_every_format_has_its_grammar_where_goscope_looks_for_it() -> None:
    from goscope.formats import all_formats

    names = {rule.grammar.name for form in all_formats() for rule in form.rules}
    assert names
    shipped = {path.stem for path in grammar_folder().glob("*.lark")}
    assert names | {"goroutine_dump", "terminals"} <= shipped


def test_the_wheel_holds_the_grammars(project: dict[str, Any]) -> None:
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["goscope"]
    assert wheel["force-include"]["grammars"] == "goscope/grammars"


def test_the_wheel_holds_the_captures_of_the_demonstrations(project: dict[str, Any]) -> None:
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for name, demonstration in DEMONSTRATIONS.items():
        paths = demonstration.paths()
        assert paths, name
        for path in paths:
            source = path.relative_to(CHECKOUT).as_posix()
            inside = f"goscope/captures/{demonstration.program}"
            folder = source.rpartition("/")[0]
            assert included.get(folder) == inside or included.get(source) == (
                f"{inside}/{path.name}"
            ), source
    size = sum(path.stat().st_size for found in DEMONSTRATIONS.values() for path in found.paths())
    assert size < 100_000


def test_the_package_is_marked_as_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_the_version_has_one_source(project: dict[str, Any]) -> None:
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == "goscope/__init__.py"


def test_the_installed_version_agrees() -> None:
    try:
        installed = importlib.metadata.version("goscope")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("goscope is imported from the checkout without being installed")
    assert installed == goscope.__version__


def test_the_changelog_starts_with_this_version() -> None:
    text = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    (newest, *_) = re.findall(r"^## (\S+)", text, re.MULTILINE)
    assert newest == goscope.__version__


def test_what_is_imported_is_declared(project: dict[str, Any]) -> None:
    declared = {re.split(r"[<>=!~\[; ]", d)[0] for d in project["project"]["dependencies"]}
    imported = {
        name
        for path in PACKAGE.rglob("*.py")
        for name in _imports(path.read_text(encoding="utf-8"))
    }
    own = {"goscope", "compression"}  # compression: of the standard library from 3.14 on
    named = {"google": "protobuf"}  # where the package is called otherwise than what is imported
    found = {named.get(n, n) for n in imported - set(sys.stdlib_module_names) - own}
    assert found <= declared


def test_no_tracked_file_names_a_package_registry(tracked: list[str]) -> None:
    assert _holding(REGISTRY_HOSTS, tracked) == []


def test_no_tracked_file_names_a_path_of_the_machine_that_made_it(tracked: list[str]) -> None:
    assert _holding(MACHINE_PATHS, tracked) == []


def test_no_lock_file_is_tracked(tracked: list[str]) -> None:
    assert [name for name in tracked if LOCK_FILES.search(name)] == []


def test_the_checks_run_with_pinned_and_hashed_packages(project: dict[str, Any]) -> None:
    """requirements-dev.txt, made by .ci/pin, holds all that pyproject.toml asks for, in versions that fit."""
    pins: dict[str, set[str]] = {}
    text = (CHECKOUT / "requirements-dev.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if not line.startswith("#"):
            pin, *hashes = line.split(" --hash=")
            assert hashes, line
            assert all(re.fullmatch(r"sha256:[0-9a-f]{64} *", one) for one in hashes), line
            found = Requirement(pin)
            assert re.fullmatch(r"==[^,*]+", str(found.specifier)), line
            pins.setdefault(canonicalize_name(found.name), set()).add(str(found.specifier)[2:])
    extras = project["project"]["optional-dependencies"]
    wanted = [
        *project["project"]["dependencies"],
        *extras["dev"],
        *extras["collisions"],
        *project["build-system"]["requires"],
    ]
    for requirement in map(Requirement, wanted):
        versions = pins.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement.name}: run .ci/pin"
        assert all(v in requirement.specifier for v in versions), f"{requirement}: run .ci/pin"


def test_the_workflow_runs_the_checks_on_every_python_and_pins_its_actions(
    project: dict[str, Any],
) -> None:
    (workflow,) = (CHECKOUT / ".github" / "workflows").glob("*.yml")
    text = workflow.read_text(encoding="utf-8")
    uses = re.findall(r"uses: (.*)", text)
    assert uses
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[0-9.]+", one) for one in uses), uses
    assert "- run: .ci/run" in text
    assert "permissions: {}" in text
    (line,) = re.findall(r"python: (\[.*\])", text)
    known = [c.rpartition(" ")[2] for c in project["project"]["classifiers"] if ":: 3." in c]
    assert ast.literal_eval(line) == [version for version in known if version != "3.14"]


@pytest.mark.parametrize("text", ["see /work/x", "'/root/.cache'", "--keep /tmp/inputs", "/work."])
def test_machine_paths_are_noticed(text: str) -> None:
    assert MACHINE_PATHS.search(text.encode())


@pytest.mark.parametrize("text", ["net/work/pool.go", "/app/main.go", "a/root/b", "/workers/3"])
def test_other_paths_are_not(text: str) -> None:
    assert not MACHINE_PATHS.search(text.encode())


def _imports(source: str) -> Iterator[str]:
    """The top-level names of all absolute imports, wherever they stand."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def _holding(pattern: re.Pattern[bytes], names: list[str]) -> list[str]:
    """The files in which the pattern is found, and what was found; compressed ones are opened."""
    found = []
    for name in names:
        if name == Path(__file__).relative_to(CHECKOUT).as_posix():
            continue
        content = (CHECKOUT / name).read_bytes()
        if name.endswith(".gz"):
            content = gzip.decompress(content)
        if match := pattern.search(content):
            found.append(f"{name}: {match[0].decode()}")
    return found
