"""Scores the diagnosis on folders of labelled captures, each program once.

::

    python -m tests.evaluate FOLDER [FOLDER ...]
    python -m tests.evaluate --ablate FOLDER     # rules and functions that only one program needs, minutes

A folder holds ``labels.json`` in the form of the corpus (``fixtures/labels.json`` is one). Each run is read as a
user would give it: its stderr, then its three dumps, in order. A program that was built with eight versions of Go
counts once: its share is that of its runs. The share of a class is the mean over its programs, and that of a
verdict the mean over the classes.

A verdict is right, strictly, if it is the label's. Where the label says that the data cannot decide between
several (``accept_scheduler``), any of them is accepted, which is a column of its own. What a label lists in
``do_not_score`` is not scored, the scheduler not for programs called ``leak_*``, and gc not without gc lines.
A leaking function counts as named if it is on the stack of a leak finding of warning or worse; a finding of
``info`` is no alarm and names nothing. An alarm is right if it names what leaks or what is stuck for ever. Of leak
kernels (``B-goker``, ``B-simple``) only the two dumps before the runtime's own detection are read. Of a crash text
the kind, the goroutine and the top frame are compared. A wrapped log must give the records of its source and an
accepted verdict, unless its label says what was lost.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from goscope.capture.capture import Capture
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.diagnosis.engine import diagnose
from goscope.findings.findings import Finding, Severity
from goscope.reading.inputs import read_sources
from goscope.renderers.json.json_contract import document
from goscope.sources.files.named_inputs import Source

_FILES = ("stderr.log", "dump-1.txt", "dump-2.txt", "dump-3.txt")
_RUNS = ("A-run", "A-long-run", "C-daemon")
_WRAPPED = "E-wrapped"
_TABLES = ("sched", "procs", "threads", "sched_goroutines", "gc", "goroutines")
#: What depends on the place in the log, or is a number that goscope gives.
_PLACES = frozenset(
    {"input", "stream", "process", "line", "wall_time", "sample", "snapshot_id", "stack_id"}
)
_KERNELS = ("B-goker", "B-simple")
_BEFORE_DETECTION = ("dump-1.txt", "dump-2.txt")
_CRASHES = ("D-crash", "crash")
_NONE = "none"  # the expected kind of a text without a crash

#: The verdicts that are scored, and what else is.
VERDICTS = ("scheduler", "gc", "threads")
LEAK, ALARM, KERNEL_LEAK, KERNEL_ALARM, CRASH = (
    "leak",
    "alarm",
    "kernel leak",
    "kernel alarm",
    "crash",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that a label decides: of which program, about what, and how it came out.

    ``right`` is strict, ``accepted`` is what the label accepts. ``note`` is what a reader of a miss wants to know,
    ``rules`` the rules whose findings it is about.
    """

    program: str
    path: str
    about: str
    expected: str
    found: str
    right: bool
    accepted: bool
    note: str = ""
    rules: tuple[str, ...] = ()


@dataclass
class Score:
    """What the labelled runs of a folder came out as."""

    outcomes: list[Outcome] = field(default_factory=list)
    runs: int = 0
    wrapped: int = 0
    wrapped_equal: int = 0
    wrapped_accepted: int = 0
    misses: list[str] = field(default_factory=list)  # of wrapped logs

    def of(self, about: str) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.about == about]

    def classes(self, about: str) -> dict[str, list[Outcome]]:
        """The outcomes by what was expected."""
        found: defaultdict[str, list[Outcome]] = defaultdict(list)
        for outcome in self.of(about):
            found[outcome.expected].append(outcome)
        return dict(sorted(found.items()))

    def mean(self, about: str, *, accepted: bool = False) -> float:
        """The share that is right, as the mean over the classes of the mean over their programs."""
        shares = [share(found, accepted=accepted) for found in self.classes(about).values()]
        return mean(shares) if shares else 1.0


def by_program(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    found: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        found[outcome.program].append(outcome)
    return dict(sorted(found.items()))


def share(outcomes: Iterable[Outcome], *, accepted: bool = False) -> float:
    """How many are right: the mean over the programs; 1 if there are none."""
    shares = [
        mean(one.accepted if accepted else one.right for one in found)
        for found in by_program(outcomes).values()
    ]
    return mean(shares) if shares else 1.0


def labels_of(folder: Path) -> list[dict[str, Any]]:
    """The labels of a folder."""
    found: list[dict[str, Any]] = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    return found


def program_of(label: dict[str, Any]) -> str:
    """What a label is about, whatever version of Go it was built with."""
    if label["kind"] in _CRASHES:
        return f"crash {label['case']}"
    return str(label.get("daemon") or label.get("test") or label.get("workload") or label["path"])


def score(folder: Path, scored: Callable[[dict[str, Any]], bool] = lambda label: True) -> Score:
    """Read and judge every labelled run of a folder, or those that ``scored`` chooses."""
    result = Score()
    labels = labels_of(folder)
    for label in filter(scored, labels):
        if label.get("kind") == _WRAPPED:
            _compare_wrapped(folder, label, labels, result)
            continue
        capture = capture_of(folder, label)
        if capture is not None:
            result.runs += label["kind"] in _RUNS
            result.outcomes += outcomes_of(label, diagnose(capture))
    return result


def capture_of(folder: Path, label: dict[str, Any]) -> Capture | None:
    """The files of a label, read; None for those that are not scored or not there."""
    path = folder / label["path"]
    if label["kind"] in _CRASHES:
        paths = [path if path.exists() else path.with_name(f"{path.name}.gz")]
    elif label["kind"] in (*_RUNS, *_KERNELS):
        names = _BEFORE_DETECTION if label["kind"] in _KERNELS else _FILES
        paths = [p for name in names for p in (path / name, path / f"{name}.gz") if p.exists()]
    else:
        return None
    return _read(*paths) if paths else None


def outcomes_of(label: dict[str, Any], diagnosis: Diagnosis) -> list[Outcome]:
    """A diagnosis held against its label."""
    if label["kind"] in _CRASHES:
        return list(_crash(label, diagnosis))
    if label["kind"] in _KERNELS:
        return list(_leaks(label, diagnosis, KERNEL_LEAK, KERNEL_ALARM))
    found = list(_verdicts(label, diagnosis))
    if "leak" not in (label.get("do_not_score") or []):
        found += _leaks(label, diagnosis, LEAK, ALARM)
    return found


def _verdicts(label: dict[str, Any], diagnosis: Diagnosis) -> Iterator[Outcome]:
    expected, unscored = label["expected"], label.get("do_not_score") or []
    program, path = program_of(label), label["path"]
    for about in VERDICTS:
        verdict = diagnosis.verdicts[about]
        wanted = expected.get(about)
        accepted = (wanted, *(label.get(f"accept_{about}") or ()))
        if about == "scheduler":
            wanted = None if "leak_" in program else wanted
        elif about == "gc":
            wanted = wanted if len(diagnosis.capture.table("gc")) else None
        elif "thread_leak" not in unscored and verdict.state != "unknown":
            leaks = expected.get("thread_leak")
            wanted = None if leaks is None else "leak" if leaks else "ok"
            accepted = ("leak",) if leaks else (verdict.state,) if verdict.state != "leak" else ()
        if wanted is not None and about not in unscored:
            right = verdict.state in accepted if about == "threads" else verdict.state == wanted
            yield Outcome(
                program, path, about, wanted, verdict.state, right, verdict.state in accepted, verdict.reason
            )  # fmt: skip


def _leaks(label: dict[str, Any], diagnosis: Diagnosis, leak: str, alarm: str) -> Iterator[Outcome]:
    program, path = program_of(label), label["path"]
    leaking = label["expected"].get("leak") or []
    alarms = [
        finding
        for finding in diagnosis.findings
        if finding.rule.startswith("leak-") and finding.severity is not Severity.INFO
    ]
    for function in sorted(set(leaking)):
        rules = tuple(sorted({f.rule for f in alarms if function in _functions(f)}))
        found = ", ".join(rules) or "nothing"
        yield Outcome(program, path, leak, function, found, bool(rules), bool(rules), "", rules)
    named = {*leaking, *(label.get("stuck_forever") or [])}
    for finding in alarms:
        right = bool(named & _functions(finding))
        yield Outcome(
            program, path, alarm, "a leak" if right else "nothing", finding.rule, right, right, finding.title, (finding.rule,)
        )  # fmt: skip


def _functions(finding: Finding) -> set[str]:
    return {site.function for site in (*finding.stack, finding.site) if site and site.function}


def _crash(label: dict[str, Any], diagnosis: Diagnosis) -> Iterator[Outcome]:
    """The first crash of a text, as the JSON contract has it, and that it is the only one."""
    crashes = document(diagnosis)["crashes"]
    expected, unscored = label["expected"], label.get("do_not_score") or []
    found: dict[str, Any] = crashes[0] if crashes else {"kind": _NONE}
    frame = (found.get("top_user_frame") or {}).get("function")
    right = {
        "kind": found["kind"] == expected["crash"],
        "goroutine": "goroutine" in unscored or found.get("goroutine") == expected["goroutine"],
        "top frame": "top_user_frame" in unscored
        or frame in (label.get("accept_top_user_frame") or [expected["top_user_frame"]]),
        "one event": len(crashes) <= 1,
    }
    wrong = ", ".join(name for name, hit in right.items() if not hit)
    said = f"{found['kind']}, goroutine {found.get('goroutine')}, {frame}"
    yield Outcome(
        program_of(label),
        label["path"],
        CRASH,
        expected["crash"],
        said,
        not wrong,
        not wrong,
        wrong,
    )


def _read(*paths: Path) -> Capture:
    capture, failed = read_sources([Source(path.name, path) for path in paths])
    assert not failed, failed
    return capture


# ---- wrapped logs -----------------------------------------------------------------------------------


def _source(folder: Path, source: str, labels: Sequence[dict[str, Any]]) -> Capture | None:
    """The plain log behind a wrapped one: the run's own file, or the log that was only compressed."""
    twins = [
        label["path"]
        for label in labels
        if label.get("source") == source and label.get("wrap") == "gzip"
    ]
    for name in (source, f"{source}.gz", *twins):
        if (folder / name).exists():
            return _read(folder / name)
    return None


def _compare_wrapped(
    folder: Path, label: dict[str, Any], labels: Sequence[dict[str, Any]], result: Score
) -> None:
    path = label["path"]
    capture = _read(folder / label.get("stored", path))
    plain = _source(folder, label["source"], labels)
    assert plain is not None, f"{path}: its source is not there"
    wanted = records(plain)
    second = label.get("second_source")
    other = None if second is None else _source(folder, second, labels)
    if other is not None:
        wanted += records(other)
    found = records(capture)
    result.wrapped += 1
    left = label.get("left")
    if left is None:
        differences = _differences(wanted, found)
        if second is not None:
            if other is None:  # nothing to hold the other program's records against
                differences = [d for d in differences if " 0 missing" not in d]
            if capture.processes < 2:
                differences.append("two processes taken for one")
    else:
        # What is left is part of the source: nothing else may be read, and nothing of it missed. A
        # record at either end may be cut: the first without its header, the last without its end.
        counts = Counter(table for table, _ in found.elements())
        differences = [f"{n} not in the source" for n in [(found - wanted).total()] if n > 2]
        for table, name in (("sched", "sched_blocks"), ("gc", "gc_lines"), ("goroutines", "goroutine_headers")):  # fmt: skip
            if abs(counts[table] - left[name]) > 1:
                differences.append(f"{table} {counts[table]} of {left[name]}")
    if differences:
        result.misses.append(f"{path}: {'; '.join(differences)}")
    result.wrapped_equal += not differences
    state = diagnose(capture).verdicts["scheduler"].state
    # A file without trace lines cannot show the scheduler.
    unscored = "scheduler" in (label.get("do_not_score") or []) or not len(capture.table("sched"))
    accepted = unscored or state in label["accept_scheduler"]
    if not accepted:
        result.misses.append(f"{path}: scheduler {label['expected']['scheduler']}, found {state}")
    result.wrapped_accepted += accepted


def records(capture: Capture) -> Counter[tuple[str, str]]:
    """What every record says, whatever place it stood at."""
    return Counter(
        (name, repr(said))
        for name in _TABLES
        for said in capture.table(name)
        .frame()
        .drop(columns=[c.name for c in capture.table(name).schema if c.name in _PLACES])
        .astype(str)
        .itertuples(index=False, name=None)
    )


def _differences(wanted: Counter[tuple[str, str]], found: Counter[tuple[str, str]]) -> list[str]:
    missing, more = wanted - found, found - wanted
    return [
        f"{table}: {sum(n for (t, _), n in missing.items() if t == table)} missing, "
        f"{sum(n for (t, _), n in more.items() if t == table)} more"
        for table in sorted({table for table, _ in (*missing, *more)})
    ]


# ---- what is printed --------------------------------------------------------------------------------


def report(folder: Path, result: Score) -> str:
    """The tables as text."""
    programs = by_program(result.outcomes)
    lines = [f"{folder}: {result.runs} runs, {len(programs)} programs and kinds of crashes", ""]
    for about in (*VERDICTS, CRASH):
        lines += _classes(about, result)
    for leak, alarm, title in ((LEAK, ALARM, "leaks"), (KERNEL_LEAK, KERNEL_ALARM, "leak kernels")):
        leaks, alarms = result.of(leak), result.of(alarm)
        if leaks or alarms:
            lines.append(
                f"{title}: recall {share(leaks):.1%} in {len(by_program(leaks))} programs, "
                f"precision {share(alarms):.1%} in {len(by_program(alarms))}"
            )
            lines += _rules(leaks, alarms)
    if result.wrapped:
        lines.append(
            f"wrapped: {result.wrapped_equal} of {result.wrapped} with the records of their source, "
            f"{result.wrapped_accepted} with an accepted verdict"
        )
    return "\n".join([*lines, *misses(result.outcomes), *(f"miss: {m}" for m in result.misses)])


def _classes(about: str, result: Score) -> list[str]:
    """A row per class: its programs, the shares, and what was found how often."""
    classes = result.classes(about)
    if not classes:
        return []
    lines = [f"{about:18}programs  strict  accepted  found in runs"]
    for name, outcomes in classes.items():
        counts = Counter(outcome.found.partition(",")[0] for outcome in outcomes)
        found = ", ".join(f"{state} {count}" for state, count in counts.most_common())
        lines.append(
            f"  {name:16}{len(by_program(outcomes)):8}{share(outcomes):8.0%}"
            f"{share(outcomes, accepted=True):10.0%}  {found}"
        )
    strict, accepted = result.mean(about), result.mean(about, accepted=True)
    return [*lines, f"  {'mean':24}{strict:8.1%}{accepted:10.1%}", ""]


def _rules(leaks: Sequence[Outcome], alarms: Sequence[Outcome]) -> list[str]:
    """For each rule the programs whose leaks it names, and its alarms."""
    return [
        f"  {rule}: names leaks of {len(by_program(o for o in leaks if rule in o.rules))} programs, precision "
        f"{share(found):.0%} in {len(by_program(found))}"
        for rule in sorted({rule for outcome in (*leaks, *alarms) for rule in outcome.rules})
        for found in [[outcome for outcome in alarms if rule in outcome.rules]]
    ]


def misses(outcomes: Iterable[Outcome]) -> list[str]:
    """What is wrong, strictly: a line for each program and kind of miss, the accepted ones last."""
    alike: defaultdict[tuple[bool, str, str, str, str], list[Outcome]] = defaultdict(list)
    runs: Counter[tuple[str, str, str]] = Counter()
    for one in outcomes:
        runs[one.program, one.about, one.expected] += 1
        if not one.right:
            alike[one.accepted, one.about, one.program, one.expected, one.found].append(one)
    return [
        f"{'accepted' if accepted else 'miss'}: {about}: {program}: {expected}, found {found} in {len(wrong)} of "
        f"{runs[program, about, expected]}: {wrong[0].path}: {wrong[0].note}"
        for (accepted, about, program, expected, found), wrong in sorted(alike.items())
    ]


def main(arguments: Sequence[str]) -> int:
    """Print the score of each folder, or what only one program needs."""
    folders = [Path(argument) for argument in arguments if argument != "--ablate"]
    if not folders:
        print(__doc__)
        return 2
    for folder in folders:
        if "--ablate" in arguments:
            from tests.ablation import ablate

            for line in ablate(folder):
                print(line, flush=True)
        else:
            print(report(folder, score(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
