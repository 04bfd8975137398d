"""Scores the diagnosis on a folder of labelled captures.

    python tests/evaluate.py FOLDER [FOLDER ...]

A folder holds ``labels.json`` in the form of the corpus (``fixtures/labels.json`` is one). Each run is
read as a user would give it: its stderr, then its three dumps, in order. Printed are the confusion table
of the scheduler verdict, the share of accepted verdicts per class and their mean (workloads called
``leak_*`` left out: their label accepts nearly anything), recall and precision of the leaks, and every miss.
A wrapped log must give the records of its source and an accepted verdict, unless its label says what was lost.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goscope.capture import Capture
from goscope.diagnosis import Diagnosis, diagnose
from goscope.findings import Finding, Severity
from goscope.reading import read_sources
from goscope.sources.files import Source

_FILES = ("stderr.log", "dump-1.txt", "dump-2.txt", "dump-3.txt")
_KINDS = ("A-run", "A-long-run", "C-daemon")
_WRAPPED = "E-wrapped"
_TABLES = ("sched", "procs", "threads", "sched_goroutines", "gc", "goroutines")
#: What depends on the place in the log, or is a number that goscope gives.
_PLACES = frozenset({"input", "process", "line", "wall_time", "sample", "snapshot", "stack"})


@dataclass
class Score:
    """What the labelled runs of a folder came out as."""

    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    accepted: defaultdict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    leaks_expected: int = 0
    leaks_found: int = 0
    alarms: int = 0
    alarms_right: int = 0
    misses: list[str] = field(default_factory=list)
    runs: int = 0
    wrapped: int = 0
    wrapped_equal: int = 0
    wrapped_accepted: int = 0

    def scheduler_mean(self) -> float:
        """The accepted share, as the mean over the classes."""
        shares = [sum(hits) / len(hits) for hits in self.accepted.values()]
        return sum(shares) / len(shares) if shares else 0.0

    def recall(self) -> float:
        return self.leaks_found / self.leaks_expected if self.leaks_expected else 1.0

    def precision(self) -> float:
        return self.alarms_right / self.alarms if self.alarms else 1.0


def score(folder: Path) -> Score:
    """Read and judge every labelled run of a folder."""
    result = Score()
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    for label in labels:
        if label.get("kind") in _KINDS:
            diagnosis = _diagnose(folder / label["path"])
            if diagnosis is not None:
                _compare(label, diagnosis, result)
        elif label.get("kind") == _WRAPPED:
            _compare_wrapped(folder, label, labels, result)
    return result


def _read(path: Path) -> Capture:
    capture, failed = read_sources([Source(path.name, path)])
    assert not failed, failed
    return capture


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
        # record at either end may be cut.
        counts = Counter(table for table, _ in found.elements())
        differences = [f"{n} not in the source" for n in [(found - wanted).total()] if n > 1]
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


def _diagnose(run: Path) -> Diagnosis | None:
    paths = [p for name in _FILES for p in (run / name, run / f"{name}.gz") if p.exists()]
    if not paths:
        return None
    capture, failed = read_sources([Source(path.name, path) for path in paths])
    assert not failed, failed
    return diagnose(capture)


def _compare(label: dict[str, Any], diagnosis: Diagnosis, result: Score) -> None:
    expected = label["expected"]
    unscored = label.get("do_not_score") or []
    path = label["path"]
    result.runs += 1
    state = diagnosis.verdicts["scheduler"].state
    workload = Path(path).parts[-1] if label["kind"] == "C-daemon" else path
    if "leak_" not in workload and "scheduler" not in unscored and expected.get("scheduler"):
        right = state in (label.get("accept_scheduler") or [expected["scheduler"]])
        result.confusion[expected["scheduler"], state] += 1
        result.accepted[expected["scheduler"]].append(right)
        if not right:
            reason = diagnosis.verdicts["scheduler"].reason
            result.misses.append(
                f"{path}: scheduler {expected['scheduler']}, found {state}: {reason}"
            )
    if "leak" in unscored:
        return
    leaks = [
        f
        for f in diagnosis.findings
        if f.rule.startswith("leak-") and f.severity is not Severity.INFO
    ]
    for function in expected.get("leak") or []:
        result.leaks_expected += 1
        if any(function in _functions(finding) for finding in leaks):
            result.leaks_found += 1
        else:
            result.misses.append(f"{path}: leak of {function} not found")
    right_ones = {*(expected.get("leak") or []), *(label.get("stuck_forever") or [])}
    for finding in leaks:
        result.alarms += 1
        if right_ones & _functions(finding):
            result.alarms_right += 1
        else:
            result.misses.append(f"{path}: false alarm {finding.rule}: {finding.title}")


def _functions(finding: Finding) -> set[str]:
    return {site.function for site in (*finding.stack, finding.site) if site and site.function}


def report(folder: Path, result: Score) -> str:
    """The tables as text."""
    states = sorted({state for _, state in result.confusion})
    lines = [
        f"{folder}: {result.runs} runs",
        "",
        "scheduler    " + "".join(f"{s:>12}" for s in states) + "    accepted",
    ]
    for name, hits in sorted(result.accepted.items()):
        counts = "".join(f"{result.confusion[name, s]:>12}" for s in states)
        lines.append(f"{name:13}{counts}{sum(hits):>8} of {len(hits)}")
    lines += [
        "",
        f"scheduler accepted, mean over the classes: {result.scheduler_mean():.1%}",
        f"leaks: recall {result.recall():.1%} ({result.leaks_found} of {result.leaks_expected}), "
        f"precision {result.precision():.1%} ({result.alarms_right} of {result.alarms} alarms)",
    ]
    if result.wrapped:
        lines.append(
            f"wrapped: {result.wrapped_equal} of {result.wrapped} with the records of their source, "
            f"{result.wrapped_accepted} with an accepted verdict"
        )
    return "\n".join([*lines, *(f"miss: {miss}" for miss in result.misses)])


def main(arguments: Sequence[str]) -> int:
    """Print the score of each folder."""
    if not arguments:
        print(__doc__)
        return 2
    for argument in arguments:
        print(report(Path(argument), score(Path(argument))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
