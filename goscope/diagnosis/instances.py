"""One finding per problem and place, where several instances or runs of a program have it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from goscope.capture.capture import Capture
from goscope.findings.findings import Evidence, Finding
from goscope.rules import family_of
from goscope.rules.rule import Family

_NAMED = 10  # instances


def one_for_all_instances(findings: list[Finding], capture: Capture) -> list[Finding]:
    """These findings, of those at one place only the ones of the instance that has it worst.

    A crash is an event, and what is said of an input is of that input: neither is a state to share.
    """
    if capture.processes < 2:
        return findings
    shared: dict[Hashable, list[Finding]] = {}
    for finding in findings:
        if finding.site is not None and family_of(finding) not in (Family.CRASHES, Family.INPUTS):
            shared.setdefault(_place(finding), []).append(finding)
    worst = {place: max(alike, key=_weight).process for place, alike in shared.items()}
    result: list[Finding] = []
    for finding in findings:
        alike = shared.get(_place(finding), [finding])
        if finding is alike[0] and len({one.process for one in alike}) > 1:
            mine = [one for one in alike if one.process == worst[_place(finding)]]
            result += [_told(mine[0], alike, capture), *mine[1:]]
        elif len({one.process for one in alike}) == 1:
            result.append(finding)
    return result


def _place(finding: Finding) -> Hashable:
    return finding.rule, finding.site, finding.blocked_on, finding.created_by, finding.kind


def _weight(finding: Finding) -> tuple[int, int, int]:
    return finding.severity.rank, finding.confidence.rank, _size(finding)


def _size(finding: Finding) -> int:
    return finding.goroutines.count if finding.goroutines is not None else 0


def _told(finding: Finding, alike: list[Finding], capture: Capture) -> Finding:
    """The finding with the number of instances that have it, and their names, the worst first."""
    sizes: dict[int, int] = {}
    for one in sorted(alike, key=_weight, reverse=True):
        sizes.setdefault(one.process, _size(one))
    word = "instances" if len(capture.labels) == capture.processes else "runs"
    several = f"{len(sizes)} of {capture.processes} {word}"
    least, most = min(sizes.values()), max(sizes.values())
    each = f", {least} goroutines each" if least == most else f", {least} to {most} goroutines each"
    names = [capture.process_name(process) for process in list(sizes)[:_NAMED]]
    more = f" and {len(sizes) - _NAMED} more" if len(sizes) > _NAMED else ""
    where = f"In {several}{each if most else ''}: {', '.join(names)}{more}."
    return replace(
        finding,
        title=f"{finding.title} in {several}",
        detail=f"{finding.detail} {where}".strip(),
        evidence=(*finding.evidence, Evidence(f"{word} that have it", len(sizes), word)),
    )
