"""Writes short goroutine dumps in the words of the Go runtime, for the tests of the rules."""

from __future__ import annotations

from collections.abc import Iterable

MAIN = """\
goroutine 1 [select (no cases), 7 minutes]:
main.main()
\t/app/main.go:40 +0x85
"""


def goroutine(
    number: int,
    state: str,
    *,
    where: str = "main.leak1.func1()\n\t/app/main.go:15 +0x28",
    started: str = "main.leak1 in goroutine 1\n\t/app/main.go:14 +0x66",
) -> str:
    """A block of a ``debug=2`` dump."""
    return f"goroutine {number} [{state}]:\n{where}\ncreated by {started}\n"


def leaks(ids: Iterable[int], state: str = "chan send", **parts: str) -> list[str]:
    """Goroutines of one kind."""
    return [goroutine(number, state, **parts) for number in ids]


def dump(*blocks: str) -> str:
    """The blocks as the dump of a program whose main goroutine is ``select {}``."""
    return "\n".join((MAIN, *blocks))


#: The main goroutine while it makes the dump itself.
MAKER = """\
goroutine 1 [running]:
main.dump()
\t/app/main.go:44 +0x4c
main.main()
\t/app/main.go:40 +0x85
"""


def own_dump(*blocks: str) -> str:
    """The blocks as a dump that the main goroutine made."""
    return "\n".join((MAKER, *blocks))


def locking(method: str, lock: int, receiver: int, line: int = 20) -> str:
    """The frames of a goroutine that waits for a Mutex in a method: Go 1.24 and newer."""
    return (
        "internal/sync.runtime_SemacquireMutex(0x0?, 0x0?, 0x0?)\n"
        "\t/usr/local/go/src/runtime/sema.go:95 +0x25\n"
        f"internal/sync.(*Mutex).lockSlow({lock:#x})\n"
        "\t/usr/local/go/src/internal/sync/mutex.go:149 +0x15a\n"
        "internal/sync.(*Mutex).Lock(...)\n\t/usr/local/go/src/internal/sync/mutex.go:70\n"
        "sync.(*Mutex).Lock(...)\n\t/usr/local/go/src/sync/mutex.go:46\n"
        f"{method}({receiver:#x})\n\t/app/main.go:{line} +0x31"
    )


KEEP_ALIVE = """\
internal/poll.runtime_pollWait(0x7f5b1c2d3e40, 0x72)
\t/usr/local/go/src/runtime/netpoll.go:351 +0x85
internal/poll.(*pollDesc).wait(0xc000128000?, 0xc00012a000?, 0x0)
\t/usr/local/go/src/internal/poll/fd_poll_runtime.go:84 +0x27
internal/poll.(*pollDesc).waitRead(...)
\t/usr/local/go/src/internal/poll/fd_poll_runtime.go:89
internal/poll.(*FD).Read(0xc000128000, {0xc00012a000, 0x1000, 0x1000})
\t/usr/local/go/src/internal/poll/fd_unix.go:165 +0x27a
net.(*netFD).Read(0xc000128000, {0xc00012a000?, 0x0?, 0x0?})
\t/usr/local/go/src/net/fd_posix.go:55 +0x25
net.(*conn).Read(0xc000106028, {0xc00012a000?, 0x0?, 0x0?})
\t/usr/local/go/src/net/net.go:189 +0x45
net/http.(*connReader).Read(0xc000116db0, {0xc00012a000, 0x1000, 0x1000})
\t/usr/local/go/src/net/http/server.go:798 +0x159
bufio.(*Reader).fill(0xc000120060)
\t/usr/local/go/src/bufio/bufio.go:113 +0x103
bufio.(*Reader).Peek(0xc000120060, 0x4)
\t/usr/local/go/src/bufio/bufio.go:152 +0x53
net/http.(*conn).serve(0xc00012c000, {0x7f2d10, 0xc000116cc0})
\t/usr/local/go/src/net/http/server.go:2137 +0x785"""
HTTP_SERVER = (
    "net/http.(*Server).Serve in goroutine 1\n\t/usr/local/go/src/net/http/server.go:3360 +0x485"
)
