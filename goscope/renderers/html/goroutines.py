"""Goroutines: the tree of their stacks, a table of groups, how long they wait, what changed."""

from __future__ import annotations

import json
from typing import Any

from goscope.analysis.goroutines.groups import (
    StackGroup,
    StackGroups,
    StackNode,
    place_of,
    stack_groups,
    stack_tree,
)
from goscope.redaction import labels_without_credentials
from goscope.renderers.html.section import Page, Section, label, short_name, shown

_PROCESSES = 4
_GROUPS = 400
_NODES = 1500
_NEARLY_ALL = 0.9
_STATES = 7


def _build(page: Page) -> str | None:
    found = stack_groups(page.diagnosis.capture, limit=_GROUPS)
    shown_groups = [groups for groups in found if groups.totals[-1] or any(groups.totals)]
    if not shown_groups:
        return None
    parts = []
    for groups in shown_groups[:_PROCESSES]:
        root, missing, cut = stack_tree(groups, nodes=_NODES)
        page.charts.setdefault("goroutines", []).append(
            {
                "process": groups.process,
                "tree": icicle(root, "all goroutines", missing),
                "states": _states(groups),
                "waits": [list(pair) for pair in groups.waits],
            }
        )
        parts.append(_part(page, groups, missing, cut))
    return page.fill(
        "goroutines.html",
        parts=parts,
        more=len(shown_groups) - len(parts),
        several=len(shown_groups) > 1,
    )


def _part(page: Page, groups: StackGroups, missing: int, cut: int) -> dict[str, Any]:
    return {
        "found": groups,
        "groups": [_row(group) for group in groups.groups],
        "states": sorted({group.state for group in groups.groups}),
        "missing": missing,
        "cut": cut,
        "state_counts": groups.state_counts[:40],
        "waits": groups.waits,
        "waiting": sum(n for word, n in groups.waits[1:]),
    }


def _row(group: StackGroup) -> dict[str, Any]:
    place = place_of(group.stack)
    created = group.stack.created_by
    words = [group.state, *group.stack.functions, *group.labels]
    words += [site.file or "" for site in group.stack.frames]
    words += [created.function or ""] if created else []
    return {
        "group": group,
        "place": place,
        "created": created,
        "labels": [_labels(text) for text in group.labels],
        "search": shown(" ".join(dict.fromkeys(words)).lower(), longest=4000),
        "wait": group.wait_minutes[1] if group.wait_minutes else 0,
    }


def _labels(text: str) -> list[tuple[str, str]]:
    """A label set as pairs; text that is no JSON object stays one text."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return [("", text)]
    pairs = {str(name): str(value) for name, value in list(found.items())[:10]}
    return list(labels_without_credentials(pairs).items())


def icicle(root: StackNode, whole: str, missing: int) -> dict[str, Any]:
    """The tree as the parallel lists that plotly takes; the number of a node is its id."""
    names, full, parents, counts, kinds, states = (
        [whole],
        [whole],
        [-1],
        [root.count],
        [_kind(root)],
        [_mixture(root)],
    )
    waiting = [(root, 0)]
    while waiting:
        node, number = waiting.pop()
        for child in sorted(node.children.values(), key=lambda c: -c.count):
            waiting.append((child, len(names)))
            names.append(label(short_name(child.function)))
            full.append(label(child.function))
            parents.append(number)
            counts.append(child.count)
            kinds.append(_kind(child))
            states.append(_mixture(child))
    if missing:
        names.append("not drawn")
        full.append("rare stacks, not drawn")
        parents.append(0)
        counts.append(missing)
        kinds.append("mixed")
        states.append("")
        counts[0] += missing
    return {
        "names": names,
        "full": [f if f != n else 0 for f, n in zip(full, names, strict=True)],
        "parents": parents,
        "counts": counts,
        "kinds": kinds,
        "mixtures": states,
    }


def _kind(node: StackNode) -> str:
    """What nearly all goroutines of a node wait on; "mixed" if there is no such thing."""
    word, count = max(node.primitives.items(), key=lambda pair: pair[1], default=("mixed", 0))
    return word if count >= _NEARLY_ALL * node.count else "mixed"


def _mixture(node: StackNode) -> str:
    parts = sorted(node.primitives.items(), key=lambda pair: -pair[1])
    return label(", ".join(f"{word.replace('_', ' ')} {count:,}" for word, count in parts[:4]))


def _states(groups: StackGroups) -> dict[str, Any]:
    shares = groups.state_counts[:_STATES]
    others = [
        total - sum(counts[i] for _, _, counts in shares) for i, total in enumerate(groups.totals)
    ]
    rows = [[label(word), list(counts), kind] for word, kind, counts in shares]
    if any(others):
        rows.append(["other states", others, "other"])
    return {"dumps": [label(name) for name in groups.dumps], "rows": rows}


SECTION = Section(30, "goroutines", "Goroutines", _build)
