"""Who started whom: the goroutines of the last dump as a tree of the functions that they run."""

from __future__ import annotations

from goscope.analysis.waits.creation_tree import cut, nested, tree
from goscope.analysis.waits.wakeup_graph import dumps_of
from goscope.renderers.html.section import ReportPage, Section

_BRANCHES = 400
_PROCESSES = 4


def _build(page: ReportPage) -> str | None:
    parts = []
    for process, dumps in dumps_of(page.diagnosis.capture)[:_PROCESSES]:
        if not any(parent >= 0 for parent in dumps[-1].parents):
            continue  # up to 1.20 Go does not say which goroutine started it
        roots = nested(tree(dumps[-1]))
        hidden = cut(roots, _BRANCHES)
        parts.append({"process": process, "roots": roots, "hidden": hidden})
    return page.fill("creators.html", parts=parts) if parts else None


SECTION = Section(34, "creators", "Who started whom", _build)
