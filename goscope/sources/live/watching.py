"""A live program that is read again and again: at an interval by a thread, or on demand."""

from __future__ import annotations

import threading

from goscope.errors import GoscopeError
from goscope.sources.live.live_program import snapshot, stands_still
from goscope.sources.live.pages import HttpAccess, ProfilePage, SnapshotPlan
from goscope.sources.live.pprof_server import PprofServer

#: A program that does not answer so many times in a row has ended.
_MOST_FAILURES = 5
#: The first snapshot, and so many of the latest, are kept for a look.
_LATEST_SNAPSHOTS = 4


class WatchedProgram:
    """The pages that each look at a program is made of: its first and latest snapshots, heap, threads."""

    def __init__(self, server: PprofServer, plan: SnapshotPlan):
        self._server = server
        self._plan = plan
        self._snapshots: list[ProfilePage] = []
        self._counted = 0  # goroutines at the last snapshot
        self._failures = 0
        #: How many looks there were.
        self.looks = 0

    @property
    def ended(self) -> bool:
        """Whether the program did not answer the first look, or several in a row."""
        return self.looks == 1 or self._failures >= _MOST_FAILURES

    def look(self) -> list[ProfilePage]:
        """Take a snapshot, unless nothing changed since the last one, and the heap and thread profiles.

        Raises:
            GoscopeError: the program did not answer; ``ended`` says whether to look again.
        """
        self.looks += 1
        server = self._server
        try:
            if self.looks > 1:
                server.count_again()
            if not self._snapshots or not stands_still(server, self._plan, self._counted):
                self._snapshots.append(snapshot(server, self._plan, self.looks, self.looks))
                self._counted = server.counts.get("goroutine", 0)
            others = [server.fetch(name, "debug=1") for name in ("heap", "threadcreate")]
        except GoscopeError:
            self._failures += 1
            raise
        self._failures = 0
        del self._snapshots[1:-_LATEST_SNAPSHOTS]
        return [*self._snapshots, *others]


class TimedSnapshots:
    """Takes a snapshot of a program every so many seconds, in a thread."""

    #: The first snapshot, and so many of the latest, are kept.
    MOST = 12

    def __init__(self, address: str, every: float, access: HttpAccess, plan: SnapshotPlan):
        self._address, self._every = address, every
        self._access, self._plan = access, plan
        self._pages: list[ProfilePage] = []
        self._last_error: GoscopeError | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def end(self) -> tuple[list[ProfilePage], list[GoscopeError]]:
        """The snapshots; if there are none, the last error."""
        self._over.set()
        self._thread.join(2)
        errors = [] if self._pages or self._last_error is None else [self._last_error]
        return list(self._pages), errors

    def _take(self) -> None:
        number = 0
        while not self._over.wait(self._every):
            number += 1
            try:
                with PprofServer(self._address, self._access) as server:
                    page = snapshot(server, self._plan, number, number)
            except GoscopeError as error:
                self._last_error = error
                continue
            self._pages.append(page)
            if len(self._pages) > self.MOST:
                del self._pages[1]
