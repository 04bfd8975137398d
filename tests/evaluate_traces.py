"""Scores the diagnosis on labelled execution traces.

    python -m tests.evaluate_traces [FOLDER]

A folder holds ``go*/trace_*`` with a trace and its labels in ``meta.json``, as ``fixtures/captures`` does
(``fixtures/README.md``). Printed are recall and precision in all and per rule, the words for the scheduler,
and every miss. A problem that the label calls ``unscored`` depends on the machine and counts neither way.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goscope.diagnosis.diagnosis import Diagnosis
from goscope.diagnosis.engine import diagnose
from goscope.findings.findings import Finding, Severity
from goscope.reading.inputs import read_sources
from goscope.sources.files.named_inputs import Source

#: Which rule has to see which problem.
RULES = {
    "scheduling_latency": "trace-sched-latency",
    "gc_share": "trace-gc-heavy",
    "assists": "trace-assist-heavy",
    "syscalls_lose_p": "trace-syscall-handoff",
    "never_end": "trace-never-ended",
    "stop_the_world": "trace-stw-long",
    "lock_convoy": "trace-lock-convoy",
    "slow_task": "trace-task-slow",
    "idle_while_runnable": "trace-idle-while-runnable",
}


@dataclass
class Score:
    """What the labelled traces came out as."""

    traces: int = 0
    healthy: int = 0
    expected: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    notes: int = 0
    words: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    misses: list[str] = field(default_factory=list)


def wanted(label: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What has to be found: a rule and a word that the finding has to hold."""
    expected = label["expected"]
    for problem, rule in RULES.items():
        what = expected.get(problem)
        if what is None:
            continue
        if problem == "never_end":
            yield from ((rule, name) for name in what)
        elif problem == "slow_task":
            yield from ((rule, f"tasks {name}") for name in what["types"])
        else:
            yield rule, what.get("function") or what.get("kind") or ""


def holds(finding: Finding, word: str) -> bool:
    """Whether a finding names it: in its title, as its place, or in its stack."""
    places = (finding.site, *finding.stack)
    return word in finding.title or word in {site.function for site in places if site}


def score(folder: Path) -> Score:
    """Read and judge every labelled trace of a folder."""
    result = Score()
    for meta in sorted(folder.glob("go*/trace_*/meta.json")):
        label = json.loads(meta.read_text(encoding="utf-8"))
        if not label["refused"]:
            (path,) = meta.parent.glob("trace.out*")
            capture, failed = read_sources([Source(str(path.relative_to(folder)), path)])
            assert not failed, failed
            _compare(label, str(meta.parent.relative_to(folder)), diagnose(capture), result)
    return result


def _compare(label: dict[str, Any], path: str, diagnosis: Diagnosis, result: Score) -> None:
    findings = [f for f in diagnosis.findings if f.rule.startswith("trace-")]
    due = list(wanted(label))
    result.traces += 1
    result.healthy += not due
    result.words[label["program"]][diagnosis.verdicts["scheduler"].state] += 1
    for rule, word in due:
        result.expected[rule] += 1
        if any(f.rule == rule and holds(f, word) for f in findings):
            result.found[rule] += 1
        else:
            result.misses.append(f"{path}: {rule} did not see {word}")
    unscored = {RULES[problem] for problem in label["unscored"]}
    harmless = label["expected"].get("healthy", ())
    for finding in findings:
        right = any(finding.rule == rule and holds(finding, word) for rule, word in due)
        right = right and not any(holds(finding, name) for name in harmless)
        if not right and finding.rule in unscored:
            continue
        result.notes += finding.severity is Severity.INFO
        result.alarms[finding.rule] += 1
        result.right[finding.rule] += right
        if not right:
            result.misses.append(f"{path}: false alarm {finding.rule}: {finding.title}")


def report(folder: Path, result: Score) -> str:
    """The score as text."""
    expected, found = result.expected.total(), result.found.total()
    alarms, right = result.alarms.total(), result.right.total()
    lines = [
        f"{folder}: {result.traces} traces, {result.healthy} of them healthy",
        f"recall {found} of {expected}, precision {right} of {alarms} findings ({result.notes} are notes)",
        *(
            f"  {rule}: recall {result.found[rule]} of {result.expected[rule]}, "
            f"precision {result.right[rule]} of {result.alarms[rule]}"
            for rule in sorted(set(result.expected) | set(result.alarms))
        ),
        *(
            f"scheduler of {name}: " + ", ".join(f"{n} {word}" for word, n in words.items())
            for name, words in sorted(result.words.items())
        ),
    ]
    return "\n".join([*lines, *(f"miss: {miss}" for miss in result.misses)])


def main(arguments: Sequence[str]) -> int:
    """Print the score of each folder."""
    folders = [Path(a) for a in arguments] or [Path(__file__).parents[1] / "fixtures" / "captures"]
    for folder in folders:
        print(report(folder, score(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
