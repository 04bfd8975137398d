"""Goroutines: the tree of their stacks, a table of groups, how long they wait, what changed."""

from __future__ import annotations

import json
from typing import Any

from goscope.analysis.goroutines.call_tree import StackNode, stack_tree
from goscope.analysis.goroutines.columns import GoroutineColumns, dumped_goroutines_of
from goscope.analysis.goroutines.listing import GoroutineGroup, listing, place_of
from goscope.goruntime.function_names import short_name
from goscope.redaction import labels_without_credentials
from goscope.renderers.html.section import ReportPage, Section, label, shown

_PROCESSES = 4
_GROUPS = 400
_NODES = 1500
_NEARLY_ALL = 0.9
_STATES = 7


def _build(page: ReportPage) -> str | None:
    capture = page.diagnosis.capture
    dumped = [columns for columns in dumped_goroutines_of(capture) if any(columns.totals)]
    if not dumped:
        return None
    parts = []
    for columns in dumped[:_PROCESSES]:
        found = listing(capture, columns, limit=_GROUPS)
        root, missing, cut = stack_tree(found, nodes=_NODES)
        waits = columns.wait_times()
        page.charts.setdefault("goroutines", []).append(
            {
                "process": found.process,
                "tree": icicle(root, "all goroutines", missing),
                "states": _states(columns),
                "waits": [list(pair) for pair in waits],
            }
        )
        parts.append(
            {
                "found": found,
                "groups": [_row(group) for group in found.groups],
                "states": sorted({group.state for group in found.groups}),
                "missing": missing,
                "cut": cut,
                "state_counts": columns.states_by_dump()[:40],
                "waits": waits,
                "waiting": sum(n for _, n in waits[1:]),
            }
        )
    return page.fill(
        "goroutines.html",
        parts=parts,
        more=len(dumped) - len(parts),
        several=len(dumped) > 1,
    )


def _row(group: GoroutineGroup) -> dict[str, Any]:
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


def _states(columns: GoroutineColumns) -> dict[str, Any]:
    shares = columns.states_by_dump()[:_STATES]
    others = [
        total - sum(counts[i] for _, _, counts in shares) for i, total in enumerate(columns.totals)
    ]
    rows = [[label(state), list(counts), kind] for state, kind, counts in shares]
    if any(others):
        rows.append(["other states", others, "other"])
    return {"dumps": [label(name) for name in columns.sources], "rows": rows}


SECTION = Section(30, "goroutines", "Goroutines", _build)
