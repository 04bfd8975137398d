"""Which rules, functions and lines of the judgement only one labelled program needs, or none.

Of every program the runs with the oldest and the newest Go are read and judged again and again: without each
rule that found something, and with each function of the rules, the analyses and the verdicts that said something
made to say nothing (False, None, no elements), or True. A program *needs* what, taken away, makes an outcome that
is scored wrong; what *shows* is any other change of a finding or a verdict. Lines that run for one program only
are measured with coverage.

What only one program needs was made for it: another real program shows that it is right, or it goes.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import coverage

import goscope
from goscope.capture.capture import Capture
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.diagnosis.engine import diagnose
from goscope.findings.settings import Settings
from tests.evaluate import capture_of, labels_of, outcomes_of, program_of

_PACKAGES = ("goscope.analysis.", "goscope.rules.", "goscope.diagnosis.")
#: What a function says when it says nothing, by the beginning of what it is annotated to return.
_NOTHING: dict[str, Callable[[], Any]] = {
    "bool": bool,
    "set[": set,
    "frozenset[": frozenset,
    "list[": list,
    "dict[": dict,
    "Iterator[": lambda: iter(()),
}
_LABELLED = ("A-run", "A-long-run", "C-daemon", "B-goker", "B-simple", "D-crash", "crash")


@dataclass
class Effect:
    """What taking one thing away changed: programs by what became of them."""

    needs: set[str] = field(default_factory=set)
    shows: set[str] = field(default_factory=set)
    better: set[str] = field(default_factory=set)


def ablate(folder: Path) -> Iterator[str]:
    """The report, line by line."""
    effects: defaultdict[str, Effect] = defaultdict(Effect)
    ran: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    functions = judging_functions()
    programs = chosen(folder)
    for program, labels in programs.items():
        for label in labels:
            capture = capture_of(folder, label)
            if capture is not None:
                for line in lines_run_by(capture):
                    ran[line].add(program)
                _take_away(program, label, capture, functions, effects)
    yield f"{folder}: {len(programs)} programs and kinds of crashes"
    for title, wanted in (("needed by one program", 1), ("needed by none", 0)):
        yield f"\n{title}:"
        for name, effect in sorted(effects.items()):
            if len(effect.needs) == wanted:
                yield f"  {name}: {_told(effect)}"
    yield "\nbetter without:"
    for name, effect in sorted(effects.items()):
        if effect.better:
            yield f"  {name}: {', '.join(sorted(effect.better))}"
    yield "\nlines that run for one program only:"
    for (path, program), lines in _alone(ran).items():
        yield f"  {path}: {program}: {_spans(lines)}"


def _told(effect: Effect) -> str:
    parts = [f"{', '.join(sorted(effect.needs))} needs it"] if effect.needs else []
    shown = sorted(effect.shows - effect.needs)
    if len(shown) > 3:
        parts.append(f"changes what {len(shown)} more programs are shown")
    elif shown:
        parts.append(f"changes what is shown for {', '.join(shown)}")
    return "; ".join(parts) or "changes nothing"


def chosen(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The labels of each program with the oldest and the newest Go."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for label in labels_of(folder):
        if label["kind"] in _LABELLED:
            found[program_of(label)].append(label)
    for labels in found.values():
        labels.sort(key=lambda one: [int(n) for n in str(one["go"]).split()[0].split(".")])
    return {program: [*labels[:-1][:1], labels[-1]] for program, labels in sorted(found.items())}


# ---- taking away ------------------------------------------------------------------------------------


def _take_away(
    program: str,
    label: dict[str, Any],
    capture: Capture,
    functions: dict[str, Callable[..., Any]],
    effects: defaultdict[str, Effect],
) -> None:
    with watched(functions) as said:
        before = _judged(label, capture)
    for rule in sorted({finding.rule for finding in before.diagnosis.findings}):
        _note(effects[f"rule {rule}"], program, before, _judged(label, capture, rule))
    for name, answers in sorted(said.items()):
        for always in sorted(answers):
            with replaced({functions[name]: _saying(functions[name], always)}):
                try:
                    after = _judged(label, capture)
                except Exception:  # the others rely on it
                    effects[f"{name} {always}"].needs |= {program, "what calls it"}
                    continue
            _note(effects[f"{name} {always}"], program, before, after)


@dataclass(frozen=True, slots=True)
class _Judged:
    diagnosis: Diagnosis
    wrong: frozenset[tuple[str, ...]]
    shown: tuple[object, ...]


def _judged(label: dict[str, Any], capture: Capture, without: str | None = None) -> _Judged:
    capture.analyses.clear()
    found = diagnose(capture, Settings(disable=(without,)) if without else None)
    wrong = {(o.about, o.expected, o.path) for o in outcomes_of(label, found) if not o.right}
    verdicts = tuple((name, verdict.state) for name, verdict in found.verdicts.items())
    return _Judged(
        found, frozenset(wrong), (verdicts, tuple((f.rule, f.title) for f in found.findings))
    )


def _note(effect: Effect, program: str, before: _Judged, after: _Judged) -> None:
    if after.wrong - before.wrong:
        effect.needs.add(program)
    if before.wrong - after.wrong:
        effect.better.add(program)
    if after.shown != before.shown:
        effect.shows.add(program)


# ---- functions --------------------------------------------------------------------------------------


def judging_functions() -> dict[str, Callable[..., Any]]:
    """The functions of rules, analyses and verdicts that may say nothing, by module and name."""
    found: dict[str, Callable[..., Any]] = {}
    for module in pkgutil.walk_packages(goscope.__path__, "goscope."):
        if module.name.startswith(_PACKAGES):
            loaded = importlib.import_module(module.name)
            for name, value in vars(loaded).items():
                own = inspect.isfunction(value) and value.__module__ == module.name
                if own and _nothing(value) is not None:
                    found[f"{module.name.removeprefix('goscope.')}.{name}"] = value
    return found


def _nothing(function: Callable[..., Any]) -> Callable[[], Any] | None:
    """Makes what the function returns if it says nothing; None if there is no such thing."""
    said = str(function.__annotations__.get("return"))
    if said.endswith("| None"):
        return lambda: None
    if said.startswith("tuple[") and said.endswith("...]"):
        return tuple
    return next((made for start, made in _NOTHING.items() if said.startswith(start)), None)


def _saying(function: Callable[..., Any], always: str) -> Callable[..., Any]:
    made = (lambda: True) if always == "always True" else _nothing(function)
    assert made is not None
    return lambda *args, **named: made()


@contextmanager
def replaced(others: dict[Callable[..., Any], Callable[..., Any]]) -> Iterator[None]:
    """While this lasts, functions are others, under every name that a module of goscope has for them."""
    by_id = {id(function): other for function, other in others.items()}
    places = [
        (vars(module), name, value)
        for module in list(sys.modules.values())
        if getattr(module, "__name__", "").startswith("goscope")
        for name, value in vars(module).items()
        if id(value) in by_id
    ]
    for names, name, value in places:
        names[name] = by_id[id(value)]
    try:
        yield
    finally:
        for names, name, value in places:
            names[name] = value


@contextmanager
def watched(functions: dict[str, Callable[..., Any]]) -> Iterator[dict[str, set[str]]]:
    """What it would be to take each function away: by name, whether it said something, and no."""
    said: defaultdict[str, set[str]] = defaultdict(set)

    def watching(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            answer = function(*args, **named)
            if inspect.isgenerator(answer):
                elements = list(answer)
                if elements:
                    said[name].add("always nothing")
                return iter(elements)
            if answer is False:
                said[name].add("always True")
            elif answer is True or (answer is not None and not _empty(answer)):
                said[name].add("always nothing")
            return answer

        return call

    with replaced({function: watching(name, function) for name, function in functions.items()}):
        yield said


def _empty(answer: Any) -> bool:
    return isinstance(answer, set | frozenset | list | dict | tuple) and not answer


# ---- lines ------------------------------------------------------------------------------------------


def lines_run_by(capture: Capture) -> Iterator[tuple[str, int]]:
    """The lines of rules, analyses and verdicts that a diagnosis runs."""
    root = Path(goscope.__path__[0])
    include = [str(root / name.split(".")[1] / "*") for name in _PACKAGES]
    measured = coverage.Coverage(data_file=None, config_file=False, include=include)
    capture.analyses.clear()
    with measured.collect():
        diagnose(capture)
    data = measured.get_data()
    for path in data.measured_files():
        for line in data.lines(path) or ():
            yield str(Path(path).relative_to(root)), line


def _alone(ran: dict[tuple[str, int], set[str]]) -> dict[tuple[str, str], list[int]]:
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for (path, line), programs in sorted(ran.items()):
        if len(programs) == 1:
            found[path, min(programs)].append(line)
    return dict(sorted(found.items()))


def _spans(lines: list[int]) -> str:
    """Numbers as ranges: ``3-5, 9``."""
    spans = []
    for _, group in groupby(enumerate(lines), key=lambda pair: pair[1] - pair[0]):
        numbers = [line for _, line in group]
        spans.append(f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}")
    return ", ".join(spans)
