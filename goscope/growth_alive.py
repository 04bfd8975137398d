"""Growth that is no leak, or need not be one, as dumps show it: who is fed, who serves an open connection,
and whose wait ends without another goroutine."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import cached_property

import numpy as np

from goscope.capture import Capture
from goscope.goruntime.function_names import is_standard_library, split_name
from goscope.goruntime.long_waiters import waits_for_child
from goscope.goruntime.request_handlers import serves_a_request
from goscope.numerals import IntArray
from goscope.stacks import Blocked, Snapshot, Stack, Stacks, stacks_of
from goscope.waiting import SHORT_NAP_NS, dumps_of

_ACCEPT = ("net.(*netFD).accept", "internal/poll.(*FD).Accept")
_READ = "internal/poll.(*FD).Read"
_BESIDE = "net/http.(*connReader).backgroundRead"
_LEAST_FED = 2
_LEAST_FED_SHARE = 0.1
#: A connection has a handler, and that one often a reader and a writer.
_MOST_CHILDREN = 2
#: Of the handlers so many have a peer that is still there.
_LEAST_PEERS_SHARE = 0.9
_Place = tuple[str, str | None, int | None]


class Doubt(Enum):
    """Why goroutines that become more and stay may be no leak."""

    CONNECTED = "connected"  # they serve connections whose peers keep them open
    FED = "fed"  # they are workers, and the old ones get work
    NAPPING = "napping"  # a sleep ends by itself, and is longer than the dumps are apart
    PATIENT = "patient"  # requests that wait for other goroutines, and so do their clients
    PEER = "peer"  # somebody at the other end of a connection or a pipe may end it
    CHILD = "child"  # a child process that ends does
    LOOPING = "looping"  # short sleeps, again and again: it may have an end

    @property
    def harmless(self) -> bool:
        """Whether nothing but the growth itself speaks for a leak."""
        return self in (Doubt.CONNECTED, Doubt.FED, Doubt.NAPPING)


def doubt_about(
    capture: Capture,
    dumps: Sequence[Snapshot],
    ids: Sequence[frozenset[int]],
    blocked: Blocked,
    connections: Connections,
) -> Doubt | None:
    """The strongest reason why growth may be no leak; None if only other goroutines could end the wait.

    ``ids`` are the goroutines in each dump, ``blocked`` where most of them wait in the last one, whose
    connections are given.
    """
    if connections.explain(blocked, len(ids[-1])):
        return Doubt.CONNECTED
    if fed(capture, dumps, ids):
        return Doubt.FED
    if blocked.primitive == "sleep":
        return (
            Doubt.LOOPING if 0 < _longest_nap(capture, blocked) <= SHORT_NAP_NS else Doubt.NAPPING
        )
    if waits_for_child(blocked.stack.functions):
        return Doubt.CHILD
    if blocked.primitive == "io":
        return Doubt.PEER
    return Doubt.PATIENT if connections.have_peers(blocked) else None


def _longest_nap(capture: Capture, blocked: Blocked) -> int:
    """The longest of their sleeps that are known, in ns; 0 if none is."""
    dump = next(
        d for _, of in dumps_of(capture) for d in of if d.snapshot.number == blocked.snapshot.number
    )
    return max(map(dump.nap_ns, blocked.rows.tolist()))


def fed(capture: Capture, dumps: Sequence[Snapshot], ids: Sequence[frozenset[int]]) -> bool:
    """Whether goroutines that are there for two dumps or more still get what they receive.

    Who waits in a plain ``chan receive`` in one dump and elsewhere in the next was served by a sender that
    is alive. The young are left out: where a goroutine is on its way into a leak it moves too. So it takes
    three dumps.
    """
    stacks = stacks_of(capture)
    places = [_places(dump, stacks, known) for dump, known in zip(dumps, ids, strict=True)]
    seen = moved = 0
    for oldest, before, after in zip(ids, places[1:], places[2:], strict=False):
        for goroutine in oldest & before.keys() & after.keys():
            one, other = before[goroutine], after[goroutine]
            seen += 1
            moved += one != other and any(p[0].startswith("chan receive") for p in (one, other))
    return moved >= _LEAST_FED and moved >= _LEAST_FED_SHARE * seen


def _places(dump: Snapshot, stacks: Stacks, ids: frozenset[int]) -> dict[int, _Place]:
    """Why and where each of these waits; signal dumps show more frames, but not more of the program's own."""
    rows = dump.rows
    reasons = rows.texts("wait_reason")
    found: dict[int, _Place] = {}
    for row in np.flatnonzero(np.isin(rows["id"], list(ids))).tolist():
        why = reasons[row]
        if why is not None:
            site = stacks[int(rows["stack"][row])].user_frame
            place = (site.function, site.line) if site else (None, None)
            found[int(rows["id"][row])] = (why.removesuffix(" (leaked)"), *place)
    return found


class Connections:
    """Who accepts connections in a dump, who handles them, and which of them have a peer."""

    def __init__(self, capture: Capture, dump: Snapshot):
        self._stacks = stacks_of(capture)
        self._rows = dump.rows
        self._present = np.unique(dump.rows["stack"]).tolist()
        accepting = [n for n in self._present if _accepts(self._stacks[n])]
        self._accepting = {f for n in accepting for f in self._stacks[n].functions}
        self._acceptors = {
            int(g) for g in self._rows["id"][np.isin(self._rows["stack"], accepting)]
        }

    def explain(self, blocked: Blocked, count: int) -> bool:
        """Whether goroutines belong to connections that were accepted and are open.

        A handler reads from its peer, or waits in a select or a sleep while a goroutine that it started
        reads (net/http does so to notice that the client is gone). Others are started by a function that
        is in such a handler now. Whoever outlives the connection has no handler left, and does not count.
        """
        if self._handles(blocked):
            if blocked.primitive == "io":
                return True
            return blocked.primitive in ("select", "sleep") and self.have_peers(blocked)
        created = blocked.stack.created_by
        if created is None or created.function is None:
            return False
        return bool(count <= _MOST_CHILDREN * self._readers.get(created.function, 0))

    def have_peers(self, blocked: Blocked) -> bool:
        """Whether they handle connections, and a goroutine that each started reads from its peer."""
        if not self._handles(blocked):
            return False
        ids = self._rows.at("id", blocked.rows)
        if not self._has_parents:  # then it is known of net/http alone who reads beside a handler
            enough = self._watching >= _LEAST_PEERS_SHARE * len(ids)
            return enough and serves_a_request(blocked.stack.functions)
        return float(np.isin(ids, self._with_peer).mean()) >= _LEAST_PEERS_SHARE

    def _handles(self, blocked: Blocked) -> bool:
        """Whether they were started by a goroutine in an accept loop, or by its function."""
        return self._by_acceptor(blocked.stack, blocked.parent())

    def _by_acceptor(self, stack: Stack, parent: int | None) -> bool:
        created = stack.created_by
        if created is None or created.function is None:
            return False
        if created.function in self._accepting or parent in self._acceptors:
            return True
        return not self._has_parents and _type_of(created.function) in self._accepting_types

    @cached_property
    def _has_parents(self) -> bool:
        """Whether goroutines are printed with who started them: from Go 1.21 on."""
        return bool(self._rows.present("parent").any())

    @cached_property
    def _accepting_types(self) -> set[tuple[str, str]]:
        """The types of the program itself with a method in an accept loop."""
        own = (f for f in self._accepting if not is_standard_library(f))
        return {owner for f in own if (owner := _type_of(f)) is not None}

    @cached_property
    def _watching(self) -> int:
        """How many goroutines of net/http read from the peer while a handler runs."""
        sizes = np.bincount(self._rows["stack"])
        return sum(int(sizes[n]) for n in self._present if _BESIDE in self._stacks[n].functions)

    @cached_property
    def _with_peer(self) -> IntArray:
        """The ids of those who started a goroutine that reads."""
        reading = [n for n in self._present if _READ in self._stacks[n].functions]
        inside = np.isin(self._rows["stack"], reading) & self._rows.present("parent")
        return np.unique(self._rows["parent"][inside])

    @cached_property
    def _readers(self) -> dict[str, int]:
        """How many handlers have a peer, by each of the functions that they are in."""
        rows, numbers = self._rows, self._rows["stack"]
        everybody = np.ones(len(numbers), np.bool_)
        by_acceptor = rows.present("parent") & np.isin(rows["parent"], list(self._acceptors))
        peers = np.isin(rows["id"], self._with_peer)
        found: dict[str, int] = {}
        sizes = {
            (known, seen): np.bincount(numbers[who & what])
            for known, who in ((True, everybody), (False, by_acceptor))
            for seen, what in ((True, everybody), (False, peers))
        }
        for number in self._present:
            stack = self._stacks[number]
            size = sizes[self._by_acceptor(stack, None), _READ in stack.functions]
            count = int(size[number]) if number < len(size) else 0
            for function in set(stack.functions) if count else ():
                found[function] = found.get(function, 0) + count
        return found


def _type_of(function: str) -> tuple[str, str] | None:
    name = split_name(function)
    return (name.package, name.receiver.lstrip("*")) if name.receiver else None


def _accepts(stack: Stack) -> bool:
    return any(f in _ACCEPT for f in stack.functions)
