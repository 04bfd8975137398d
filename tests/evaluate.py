"""Scores the diagnosis on a folder of labelled captures.

    python tests/evaluate.py FOLDER [FOLDER ...]

A folder holds ``labels.json`` in the form of the corpus (``fixtures/labels.json`` is one). Each run is
read as a user would give it: its stderr, then its three dumps, in order. Printed are the confusion table
of the scheduler and of the gc verdict, the share of accepted verdicts per class and their mean (workloads
called ``leak_*`` left out for the scheduler: their label accepts nearly anything; runs without gc lines left
out for the gc: nobody can know), how thread leaks came out, recall and precision of the leaks, in all and
per leak rule, of the crash texts how many have the right kind, goroutine and top frame, and every miss. What a
label lists in ``do_not_score`` is not scored.

Leak kernels (``B-goker``, ``B-simple``) have a table of their own. Of them only the two dumps before the
runtime's detection are read. A leaking function counts as named if it is on the stack of a leak finding
of warning or worse; a finding of ``info`` is no alarm and names nothing.

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

from goscope.capture.capture import Capture
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.diagnosis.engine import diagnose
from goscope.findings.findings import Finding, Severity
from goscope.reading.inputs import read_sources
from goscope.renderers.json.json_contract import document
from goscope.sources.files.named_inputs import Source

_FILES = ("stderr.log", "dump-1.txt", "dump-2.txt", "dump-3.txt")
_KINDS = ("A-run", "A-long-run", "C-daemon")
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


@dataclass
class RuleScore:
    """What one leak rule found."""

    alarms: int = 0
    right: int = 0
    found: int = 0  # of the leaks that the labels name


@dataclass
class Score:
    """What the labelled runs of a folder came out as."""

    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    accepted: defaultdict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    gc_confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    gc_accepted: defaultdict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    threads: Counter[tuple[bool, str]] = field(default_factory=Counter)
    by_rule: defaultdict[str, RuleScore] = field(default_factory=lambda: defaultdict(RuleScore))
    leaks_expected: int = 0
    leaks_found: int = 0
    alarms: int = 0
    alarms_right: int = 0
    misses: list[str] = field(default_factory=list)
    runs: int = 0
    kernels: int = 0
    kernel_leaks: int = 0
    kernel_leaks_named: int = 0
    kernel_alarms_wrong: int = 0
    crashes: int = 0
    crash_kinds: int = 0
    crash_goroutines: int = 0
    crash_frames: int = 0
    wrapped: int = 0
    wrapped_equal: int = 0
    wrapped_accepted: int = 0

    def scheduler_mean(self) -> float:
        """The accepted share, as the mean over the classes."""
        return _mean(self.accepted)

    def gc_mean(self) -> float:
        """The share of gc verdicts that are those of the labels, as the mean over the classes."""
        return _mean(self.gc_accepted)

    def recall(self) -> float:
        return self.leaks_found / self.leaks_expected if self.leaks_expected else 1.0

    def precision(self) -> float:
        return self.alarms_right / self.alarms if self.alarms else 1.0

    def kernel_recall(self) -> float:
        return self.kernel_leaks_named / self.kernel_leaks if self.kernel_leaks else 1.0


def _mean(accepted: dict[str, list[bool]]) -> float:
    shares = [sum(hits) / len(hits) for hits in accepted.values()]
    return sum(shares) / len(shares) if shares else 0.0


def score(folder: Path) -> Score:
    """Read and judge every labelled run of a folder."""
    result = Score()
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    for label in labels:
        if label.get("kind") in _KINDS:
            diagnosis = _diagnose(folder / label["path"])
            if diagnosis is not None:
                _compare(label, diagnosis, result)
        elif label.get("kind") in _KERNELS:
            diagnosis = _diagnose(folder / label["path"], _BEFORE_DETECTION)
            if diagnosis is not None:
                _compare_kernel(label, diagnosis, result)
        elif label.get("kind") in _CRASHES:
            _compare_crash(label, folder / label["path"], result)
        elif label.get("kind") == _WRAPPED:
            _compare_wrapped(folder, label, labels, result)
    return result


def _compare_crash(label: dict[str, Any], path: Path, result: Score) -> None:
    """Hold the first crash of a text, as the JSON contract has it, against its label."""
    stored = path if path.exists() else path.with_name(f"{path.name}.gz")
    capture, failed = read_sources([Source(path.name, stored)])
    assert not failed, failed
    crashes = document(diagnose(capture))["crashes"]
    expected = label["expected"]
    found: dict[str, Any] = crashes[0] if crashes else {"kind": _NONE}
    result.crashes += 1
    frame = (found.get("top_user_frame") or {}).get("function")
    unscored = label.get("do_not_score") or []
    right = {
        "kind": found["kind"] == expected["crash"],
        "goroutine": "goroutine" in unscored or found.get("goroutine") == expected["goroutine"],
        "top frame": "top_user_frame" in unscored
        or frame in (label.get("accept_top_user_frame") or [expected["top_user_frame"]]),
    }
    result.crash_kinds += right["kind"]
    result.crash_goroutines += right["goroutine"]
    result.crash_frames += right["top frame"]
    what = f"found {found['kind']}, goroutine {found.get('goroutine')}, {frame}"
    if not all(right.values()):
        wrong = ", ".join(name for name, hit in right.items() if not hit)
        result.misses.append(f"{label['path']}: crash: wrong {wrong}: {what}: {expected}")
    if len(crashes) > 1:
        result.misses.append(f"{label['path']}: crash: {len(crashes)} rows for one event")


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


def _diagnose(run: Path, names: Sequence[str] = _FILES) -> Diagnosis | None:
    paths = [p for name in names for p in (run / name, run / f"{name}.gz") if p.exists()]
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
    _compare_gc(label, diagnosis, result)
    if "thread_leak" not in unscored and "thread_leak" in expected:
        threads = diagnosis.verdicts["threads"].state
        leaks_threads = bool(expected["thread_leak"])
        result.threads[leaks_threads, threads] += 1
        if threads != "unknown" and leaks_threads != (threads == "leak"):
            result.misses.append(f"{path}: thread leak {leaks_threads}, found {threads}")
    if "leak" in unscored:
        return
    leaks = _alarms(diagnosis)
    for function in expected.get("leak") or []:
        result.leaks_expected += 1
        finders = {finding.rule for finding in leaks if function in _functions(finding)}
        for rule in finders:
            result.by_rule[rule].found += 1
        if finders:
            result.leaks_found += 1
        else:
            result.misses.append(f"{path}: leak of {function} not found")
    right_ones = {*(expected.get("leak") or []), *(label.get("stuck_forever") or [])}
    for finding in leaks:
        result.alarms += 1
        result.by_rule[finding.rule].alarms += 1
        if right_ones & _functions(finding):
            result.alarms_right += 1
            result.by_rule[finding.rule].right += 1
        else:
            result.misses.append(f"{path}: false alarm {finding.rule}: {finding.title}")


def _compare_gc(label: dict[str, Any], diagnosis: Diagnosis, result: Score) -> None:
    expected = label["expected"].get("gc")
    judged = len(diagnosis.capture.table("gc")) > 0
    if expected is None or not judged or "gc" in (label.get("do_not_score") or []):
        return
    verdict = diagnosis.verdicts["gc"]
    result.gc_confusion[expected, verdict.state] += 1
    result.gc_accepted[expected].append(verdict.state == expected)
    if verdict.state != expected:
        result.misses.append(
            f"{label['path']}: gc {expected}, found {verdict.state}: {verdict.reason}"
        )


def _alarms(diagnosis: Diagnosis) -> list[Finding]:
    return [
        f
        for f in diagnosis.findings
        if f.rule.startswith("leak-") and f.severity is not Severity.INFO
    ]


def _compare_kernel(label: dict[str, Any], diagnosis: Diagnosis, result: Score) -> None:
    """Hold two early dumps against what the runtime found in the same process afterwards."""
    path = label["path"]
    leaking = set(label["expected"]["leak"])
    alarms = _alarms(diagnosis)
    named = {function for finding in alarms for function in _functions(finding)}
    result.kernels += 1
    result.kernel_leaks += len(leaking)
    result.kernel_leaks_named += len(leaking & named)
    result.misses += [
        f"{path}: leak of {f} not suspected before detection" for f in sorted(leaking - named)
    ]
    for finding in alarms:
        if not leaking & _functions(finding):
            result.kernel_alarms_wrong += 1
            result.misses.append(f"{path}: false alarm {finding.rule}: {finding.title}")


def _functions(finding: Finding) -> set[str]:
    return {site.function for site in (*finding.stack, finding.site) if site and site.function}


def report(folder: Path, result: Score) -> str:
    """The tables as text."""
    lines = [
        f"{folder}: {result.runs} runs",
        "",
        *_confusion("scheduler", result.confusion, result.accepted),
        "",
        *_confusion("gc", result.gc_confusion, result.gc_accepted),
        "",
        *(
            f"threads {'leak' if leaks else 'do not leak'}: {count} found {state}"
            for (leaks, state), count in sorted(result.threads.items())
        ),
        "",
        f"scheduler accepted, mean over the classes: {result.scheduler_mean():.1%}",
        f"gc accepted, mean over the classes: {result.gc_mean():.1%}",
        f"leaks: recall {result.recall():.1%} ({result.leaks_found} of {result.leaks_expected}), "
        f"precision {result.precision():.1%} ({result.alarms_right} of {result.alarms} alarms)",
        *(
            f"  {rule}: recall {score.found} of {result.leaks_expected}, "
            f"precision {score.right} of {score.alarms} alarms"
            for rule, score in sorted(result.by_rule.items())
        ),
        f"crashes: kind {result.crash_kinds}, goroutine {result.crash_goroutines}, top frame "
        f"{result.crash_frames} right, of {result.crashes} texts",
    ]
    if result.kernels:
        lines.append(
            f"leak kernels: {result.kernel_recall():.1%} of the leaking functions suspected before detection "
            f"({result.kernel_leaks_named} of {result.kernel_leaks} in {result.kernels} programs), "
            f"{result.kernel_alarms_wrong} false alarms"
        )
    if result.wrapped:
        lines.append(
            f"wrapped: {result.wrapped_equal} of {result.wrapped} with the records of their source, "
            f"{result.wrapped_accepted} with an accepted verdict"
        )
    return "\n".join([*lines, *(f"miss: {miss}" for miss in result.misses)])


def _confusion(
    title: str, confusion: Counter[tuple[str, str]], accepted: dict[str, list[bool]]
) -> list[str]:
    """A row per class, a column per word that was found."""
    states = sorted({state for _, state in confusion})
    lines = [f"{title:13}" + "".join(f"{s:>12}" for s in states) + "    accepted"]
    for name, hits in sorted(accepted.items()):
        counts = "".join(f"{confusion[name, s]:>12}" for s in states)
        lines.append(f"{name:13}{counts}{sum(hits):>8} of {len(hits)}")
    return lines


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
