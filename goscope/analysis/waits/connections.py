"""The connections of a dump: who accepts them, who handles them, and whose peers are still there."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from goscope.analysis.goroutines.dumps import Blocked, Snapshot, Stack, stacks_of
from goscope.capture.capture import Capture
from goscope.goruntime.function_names import is_standard_library, split_name
from goscope.goruntime.request_handlers import serves_a_request
from goscope.parsing.numbers import IntArray

_ACCEPT = ("net.(*netFD).accept", "internal/poll.(*FD).Accept")
_READ = "internal/poll.(*FD).Read"
_BESIDE = "net/http.(*connReader).backgroundRead"
#: A connection has a handler, and that one often a reader and a writer.
_MOST_CHILDREN = 2
#: Of the handlers so many have a peer that is still there.
_LEAST_PEERS_SHARE = 0.9


class Connections:
    """Who accepts connections in a dump, who handles them, and which of them have a peer."""

    def __init__(self, capture: Capture, dump: Snapshot):
        self._stacks = stacks_of(capture)
        self._rows = dump.rows
        self._present = np.unique(dump.rows["stack_id"]).tolist()
        accepting = [n for n in self._present if _accepts(self._stacks[n])]
        self._accepting = {f for n in accepting for f in self._stacks[n].functions}
        self._acceptors = {
            int(g) for g in self._rows["id"][np.isin(self._rows["stack_id"], accepting)]
        }

    def explain(self, blocked: Blocked, count: int) -> bool:
        """Whether goroutines belong to connections that were accepted and are open.

        A handler reads from its peer, or waits in a select or a sleep while a goroutine that it started
        reads (net/http does so to notice that the client is gone), or for work from one beside it that
        reads. Others are started by a function that is in such a handler now. Whoever outlives the
        connection has no handler left, and does not count.
        """
        if self.handle(blocked):
            if blocked.primitive == "io":
                return True
            waits = blocked.primitive in ("select", "sleep") and self.have_peers(blocked)
            return waits or self.beside_readers(blocked)
        created = blocked.stack.created_by
        if created is None or created.function is None:
            return False
        return bool(count <= _MOST_CHILDREN * self._readers.get(created.function, 0))

    def have_peers(self, blocked: Blocked) -> bool:
        """Whether they handle connections, and a goroutine that each started reads from its peer."""
        if not self.handle(blocked):
            return False
        ids = self._rows.at("id", blocked.rows)
        if not self._has_parents:  # then it is known of net/http alone who reads beside a handler
            enough = self._watching >= _LEAST_PEERS_SHARE * len(ids)
            return enough and serves_a_request(blocked.stack.functions)
        return float(np.isin(ids, self._with_peer).mean()) >= _LEAST_PEERS_SHARE

    def beside_readers(self, blocked: Blocked) -> bool:
        """Whether they wait for work beside as many that read from a peer.

        A function of the program started both, a reader and a writer for each connection.
        """
        created, root = blocked.stack.created_by, blocked.stack.functions[-1:]
        if created is None or created.function is None or is_standard_library(created.function):
            return False
        if blocked.primitive != "select" and not blocked.reason.startswith("chan receive"):
            return False
        sizes = np.bincount(self._rows["stack_id"])
        readers = sum(
            int(sizes[number])
            for number in self._present
            for stack in (self._stacks[number],)
            if stack.created_by is not None
            and stack.created_by.function == created.function
            and stack.functions[-1:] != root
            and _READ in stack.functions
        )
        return readers >= _LEAST_PEERS_SHARE * len(blocked.rows)

    def handle(self, blocked: Blocked) -> bool:
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
        sizes = np.bincount(self._rows["stack_id"])
        return sum(int(sizes[n]) for n in self._present if _BESIDE in self._stacks[n].functions)

    @cached_property
    def _with_peer(self) -> IntArray:
        """The ids of those who started a goroutine that reads."""
        reading = [n for n in self._present if _READ in self._stacks[n].functions]
        inside = np.isin(self._rows["stack_id"], reading) & self._rows.present("parent")
        return np.unique(self._rows["parent"][inside])

    @cached_property
    def _readers(self) -> dict[str, int]:
        """How many handlers have a peer, by each of the functions that they are in."""
        rows, numbers = self._rows, self._rows["stack_id"]
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
