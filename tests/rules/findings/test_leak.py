"""The usual fix, by how a goroutine waits and by what its stack shows."""

from __future__ import annotations

import pytest

import goscope
from goscope.analysis.goroutines.dumps import blocked_groups, snapshots_of
from goscope.rules.findings.leak import advice_for
from tests.rules.dumps import goroutine


def advice(state: str, top: str = "main.work") -> str:
    capture = goscope.read(goroutine(8, state, where=f"{top}()\n\t/a.go:1 +0x1"))
    ((_, (dump,)),) = snapshots_of(capture)
    (group,) = blocked_groups(capture, dump)
    return advice_for(group)


@pytest.mark.parametrize(
    ("state", "top", "fix"),
    [
        ("chan send", "main.work", "make(chan T, 1)"),
        ("select", "main.work", "ctx.Done()"),
        ("select", "net/http.(*persistConn).readLoop", "defer resp.Body.Close()"),
        ("IO wait", "net/http.(*persistConn).readLoop", "IdleConnTimeout"),
        ("select", "net/http.(*persistConn).writeLoop", "IdleConnTimeout"),
        ("select", "net/http.(*persistConn).roundTrip", "http.Client.Timeout"),
        ("select", "database/sql.(*Tx).awaitDone", "defer tx.Rollback()"),
        ("select", "context.(*cancelCtx).propagateCancel.func2", "cancel function"),
        ("coroutine", "iter.Pull[...].func1", "stop function of iter.Pull"),
        ("sync.Mutex.Lock", "main.work", "the holder of the lock"),
        ("sync.WaitGroup.Wait", "main.work", "has not called Done"),
    ],
)
def test_the_usual_fix(state: str, top: str, fix: str) -> None:
    assert fix in advice(state, top)


def test_a_locked_thread_is_told_as_well() -> None:
    assert "UnlockOSThread" in advice("chan receive, locked to thread")
    assert "UnlockOSThread" not in advice("chan receive")
