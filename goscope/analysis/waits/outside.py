"""What the goroutines of dumps wait for outside of the program, and which of these waits make no progress.

A call that a working peer, disk or child ends soon is counted at the frame of the program's own that made it.
That it hangs is told by its minutes, or by the same goroutine being in the same call in every dump. Two calls
of one place differ in their arguments: each has a request, a connection, a child of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from goscope.analysis.goroutines.dumps import Blocked, Stack, blocked_groups, syscall_groups
from goscope.analysis.waits.connections import Connections
from goscope.analysis.waits.orphaned import waits_for_group
from goscope.analysis.waits.wakeup_graph import (
    NEEDS_OTHERS,
    Dump,
    dumps_of,
    is_at_rest,
    last_dumps_of,
)
from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.findings.findings import Site
from goscope.goruntime.function_names import is_standard_library
from goscope.goruntime.outside_calls import Outside, outside_call
from goscope.goruntime.request_handlers import serves_a_request

#: Of a series so many dumps are compared.
_LAST = 3


@dataclass(frozen=True, slots=True)
class OutsideWait:
    """Goroutines of the last dump that wait for one kind of thing at one place.

    ``accepted``: they serve connections that the program accepted, so their peers are its clients.
    ``hung``: how many make no progress. ``minutes``: how many have waited for a minute or more, and
    ``longest`` for how many. ``seen``: in how many dumps they were compared. ``serving``: how many of those
    that hang serve a request, of ``requests`` that are served, of which ``requests_still`` were in the
    same call from one dump to the next. ``main``: the main goroutine is one of them,
    or waits for them. ``kin``: how many others that wait for goroutines and have to do with them stand still;
    0 if one of these moved.
    """

    process: int
    kind: Outside
    site: Site | None
    accepted: bool
    blocked: Blocked
    hung: int
    minutes: int
    longest: int
    seen: int
    serving: int
    requests: int
    requests_still: int
    main: bool
    kin: int

    def stands_still(self, least: int) -> bool:
        """Whether so many, and half of all at the place, are there in each of three dumps.

        For calls whose arguments do not tell them apart: who works is seen elsewhere now and then.
        """
        return self.seen >= _LAST and self.hung >= max(least, self.count / 2)

    @property
    def count(self) -> int:
        """How many wait there in the last dump."""
        return len(self.blocked.rows)


@once_per_capture
def outside_waits_of(capture: Capture) -> tuple[OutsideWait, ...]:
    """The waits of all processes, by process, those of most goroutines first."""
    whole = dict(dumps_of(capture))
    return tuple(
        wait
        for process, dumps in last_dumps_of(capture)
        for wait in _waits(capture, process, whole.get(process, dumps)[-_LAST:])
    )


def _waits(capture: Capture, process: int, dumps: Sequence[Dump]) -> list[OutsideWait]:
    after = dumps[-1]
    places: dict[tuple[Outside, Site | None], list[Blocked]] = {}
    snapshot = after.snapshot
    for blocked in (*blocked_groups(capture, snapshot), *syscall_groups(capture, snapshot)):
        found = _call_of(blocked)
        if found is not None:
            kind, depth = found
            places.setdefault((kind, _site(blocked.stack, kind, depth)), []).append(blocked)
    judged = _Progress(dumps)
    connections = Connections(capture, snapshot)
    requests, requests_still = judged.requests() if places else (0, 0)
    found_waits = []
    for (kind, site), groups in places.items():
        largest = max(groups, key=lambda one: len(one.rows))
        rows = np.sort(np.concatenate([one.rows for one in groups]))
        hung, share = judged.hung(groups, kind)
        minutes = np.nan_to_num(after.snapshot.rows.numbers("wait_minutes")[rows])
        found_waits.append(
            OutsideWait(
                process,
                kind,
                site,
                connections.handle(largest),
                replace(largest, rows=rows),
                hung=round(share * len(rows)),
                minutes=int((minutes >= 1).sum()),
                longest=int(minutes.max(initial=0)),
                seen=len(dumps),
                serving=round(share * sum(len(g.rows) for g in groups if judged.serves(g.stack))),
                requests=requests,
                requests_still=requests_still,
                main=judged.keeps_main(hung),
                kin=0 if kind.asks_anew else judged.kin(hung),
            )
        )
    return sorted(found_waits, key=lambda one: -one.count)


def _call_of(blocked: Blocked) -> tuple[Outside, int] | None:
    stack = blocked.stack
    found = outside_call(stack.functions, blocked.reason)
    if found is None or found[0] in (Outside.HEADER, Outside.HANDSHAKE):
        return found
    # A connection of net/http reads and writes for the goroutine that made the request.
    if any(f.startswith("net/http.(*persistConn).writeLoop") for f in stack.functions):
        return None
    made = stack.created_by.function if stack.created_by else None
    own = any(not is_standard_library(f) for f in (*stack.functions, made or "net/http"))
    return found if own else None


def _site(stack: Stack, kind: Outside, depth: int) -> Site | None:
    """The frame of the program's own that made the call; of a connection of net/http that of its type."""
    own = next((f for f in stack.frames[depth:] if not is_standard_library(f.function or "")), None)
    if own is None and kind in (Outside.HEADER, Outside.HANDSHAKE):
        return next(
            (f for f in stack.frames if (f.function or "").startswith("net/http.(*conn).")), None
        )
    return own or stack.user_frame


def _words(dump: Dump, row: int) -> dict[tuple[int, int], int]:
    """What the calls on its stack were given, by frame and position."""
    return {(word.depth, word.position): word.value for word in dump.words(row) if word.sure}


def _same_call(dump: Dump, row: int, before: Sequence[Dump], *, told: bool | None) -> bool | None:
    """Whether it was in this call in some earlier dumps; ``told`` if no argument tells its calls apart."""
    if not before:
        return False
    for other in before:
        earlier = other.row_of.get(dump.ids[row])
        if earlier is None or not dump.same(row, other, earlier):
            return False
        now, then = _words(dump, row), _words(other, earlier)
        both = now.keys() & then.keys()
        if any(now[place] != then[place] for place in both):
            return False
        if both:
            told = True
    return told


class _Progress:
    """Who makes no progress between dumps."""

    def __init__(self, dumps: Sequence[Dump]):
        self._before, self._after = dumps[:-1], dumps[-1]
        self._minutes = self._after.snapshot.rows.numbers("wait_minutes")

    def hung(self, groups: Sequence[Blocked], kind: Outside) -> tuple[set[int], float]:
        """Those of some goroutines that are in the same call as ever, and their share of all.

        Of many with one stack the arguments of the first are known: these stand for the others.
        """
        alike = None if kind.asks_anew else True
        rows = np.concatenate([blocked.rows for blocked in groups])
        old = self._minutes[rows] >= 1
        verdicts: dict[int, bool | None] = dict.fromkeys(rows[old].tolist(), True)
        for row in rows[~old].tolist():
            if alike or row in self._after.known_words:
                verdicts[row] = _same_call(self._after, row, self._before, told=alike)
        known = [told for told in verdicts.values() if told is not None]
        share = sum(known) / len(known) if known else 0.0
        return {row for row, told in verdicts.items() if told}, share

    @staticmethod
    def serves(stack: Stack) -> bool:
        """Whether it answers a request just now, in code of the program: not who makes the dump."""
        own = any(not is_standard_library(f) for f in stack.functions)
        return own and serves_a_request(stack.functions) and not is_at_rest(stack)

    def requests(self) -> tuple[int, int]:
        """How many requests are served, and how many at most were in one call for two dumps."""
        still = 0
        for earlier, later in pairwise((*self._before, self._after)):
            calls = [_same_call(later, row, (earlier,), told=None) for row in self._serving(later)]
            still = max(still, calls.count(True))
        return len(self._serving(self._after)), still

    def _serving(self, dump: Dump) -> list[int]:
        numbers = dump.snapshot.rows["stack_id"]
        serving = [n for n in np.unique(numbers).tolist() if self.serves(dump.stacks[n])]
        rows: list[int] = np.flatnonzero(np.isin(numbers, serving)).tolist()
        return rows

    def keeps_main(self, rows: Collection[int]) -> bool:
        """Whether the main goroutine is one of them, or waits for a WaitGroup of those that started them."""
        main = self._after.row_of.get(1)
        if main is None or not rows:
            return False
        if main in rows:
            return True
        if not waits_for_group(self._after, main):
            return False
        functions = set(self._after.stack_of(main).functions)
        return any(self._started_by_main(row, functions) for row in rows)

    def _started_by_main(self, row: int, functions: set[str]) -> bool:
        created = self._after.stack_of(row).created_by
        return self._after.parents[row] == 1 or (
            created is not None and created.function in functions
        )

    def kin(self, rows: Collection[int]) -> int:
        """How many that wait for other goroutines have something in common with some that hang."""
        after = self._after
        ties = {tie for row in rows for tie in after.ties(row)} - {("goroutine", 1)}
        near = {row for tie in ties for row in after.tied.get(tie, ())} - set(rows)
        waiting = [row for row in near if after.wake_sources[row] in NEEDS_OTHERS]
        for row in near:
            moved = not self._still(row)
            if moved and not is_at_rest(after.stack_of(row)) and row != after.dumper:
                return 0
        return len(waiting)

    def _still(self, row: int) -> bool:
        if self._minutes[row] >= 1:
            return True
        earlier = [(dump, dump.row_of.get(self._after.ids[row])) for dump in self._before]
        return bool(earlier) and all(
            at is not None and self._after.same(row, dump, at) for dump, at in earlier
        )
