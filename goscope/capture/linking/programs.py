"""Tells which rows come from which live program, where several were asked at once.

All pages of one server are one process, whatever the order in which they were read, and the pages of
another server are another one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from goscope.tables.table import Cells, Table, narrow


def by_program(
    tables: Mapping[str, Table],
    processes: int,
    known: Mapping[int, str],
    programs: Mapping[str, str],
) -> tuple[dict[str, Table], int, dict[int, str]]:
    """Number the processes anew if several programs were asked; returns also their count and labels.

    ``known`` are the labels so far; ``programs`` names the program of each input that was taken from
    one. Processes that were told apart in other inputs come first. A single program is whatever
    process its pages were given to already.
    """
    labels = list(dict.fromkeys(programs.values()))
    if len(labels) < 2:
        return dict(tables), processes, dict(known)
    owners = {}
    others: set[int] = set()
    for name, table in tables.items():
        if "process" not in table or not len(table):
            continue
        words = table.categories("input")
        place = [labels.index(programs[word]) if word in programs else -1 for word in words]
        owners[name] = np.array([*place, -1], np.int64)[table["input"]]
        others |= set(np.unique(table["process"][owners[name] < 0]).tolist())
    turn = np.zeros(processes + 1, np.int64)
    turn[sorted(others)] = np.arange(len(others))
    result = dict(tables)
    for name, owner in owners.items():
        table = tables[name]
        process = np.where(owner >= 0, len(others) + owner, turn[table["process"]])
        result[name] = table.replaced("process", Cells(narrow(process)))
    named = {int(turn[process]): label for process, label in known.items() if process in others}
    named |= {len(others) + number: label for number, label in enumerate(labels)}
    return result, len(others) + len(labels), named
