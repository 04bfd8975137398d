"""Tells which rows come from which live program, where several were asked at once.

All pages of one server are one process, whatever the order in which they were read, and the pages of
another server are another one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from goscope.capture.linking.draft import Draft
from goscope.tables.table import Cells, narrow


def split_programs(draft: Draft) -> Draft:
    """Number the processes anew if several live programs were asked. Needs the processes.

    Processes that were told apart in other inputs come first. A single program is whatever process its
    pages were given to already.
    """
    names = list(dict.fromkeys(o.program for o in draft.origins if o.program is not None))
    if len(names) < 2:
        return draft
    place = {name: number for number, name in enumerate(names)}
    of_stream = np.array(
        [-1 if o.program is None else place[o.program] for o in draft.origins], np.int64
    )
    owners = {
        name: of_stream[table["stream_id"]]
        for name, table in draft.tables.items()
        if "process" in table and len(table)
    }
    others: set[int] = set()
    for name, owner in owners.items():
        others |= set(np.unique(draft.tables[name]["process"][owner < 0]).tolist())
    turn = np.zeros(draft.processes + 1, np.int64)
    turn[sorted(others)] = np.arange(len(others))
    split = {}
    for name, owner in owners.items():
        table = draft.tables[name]
        process = np.where(owner >= 0, len(others) + owner, turn[table["process"]])
        split[name] = table.replaced("process", Cells(narrow(process)))
    labels = {int(turn[n]): label for n, label in draft.labels.items() if n in others}
    labels |= {len(others) + number: label for number, label in enumerate(names)}
    return replace(draft.with_tables(split), processes=len(others) + len(names), labels={**labels})
