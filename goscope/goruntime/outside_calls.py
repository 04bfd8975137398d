"""Calls that somebody outside of the program ends: a peer, a disk, a child process. Told by the functions on
a stack, from the sources of Go 1.19 to 1.27 and of the named modules.

Left out are those that rightly wait for whatever comes: an accept loop, an idle connection, a reader of a
stream or of standard input.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from .long_waiters import waits_for_child


class Outside(Enum):
    """What a goroutine waits for outside."""

    RESPONSE = "response"  # the answer to an HTTP request
    QUERY = "query"  # a database, a cache or a remote procedure that was asked
    DIAL = "dial"  # a connection that is being made
    LOOKUP = "lookup"  # the address of a name
    HANDSHAKE = "handshake"  # TLS
    WRITE = "write"  # room in a connection: its peer does not read
    HEADER = "header"  # the rest of a request's header
    FILE = "file"  # a disk, or the reader of a pipe
    CHILD = "child"  # the end of a child process

    @property
    def asks_anew(self) -> bool:
        """Whether each call has values of its own, so that its arguments tell one call from the next."""
        return self not in (Outside.WRITE, Outside.FILE, Outside.HEADER)


_RESPONSE = (
    "net/http.send",
    "net/http.(*Transport).roundTrip",
    "net/http.(*persistConn).roundTrip",
    "net/http.(*http2ClientConn).roundTrip",
    "net/http/internal/http2.(*ClientConn).roundTrip",
    "golang.org/x/net/http2.(*ClientConn).roundTrip",
)
#: Beginnings of names: a receiver's methods, with their closures.
_QUERY = (
    "database/sql.(*DB).query",
    "database/sql.(*DB).exec",
    "database/sql.(*DB).ping",
    "database/sql.(*DB).begin",
    "database/sql.(*DB).prepare",
    "database/sql.(*DB).conn",
    "database/sql.(*Tx).",
    "database/sql.(*Stmt).",
    "database/sql.(*Conn).",
    "google.golang.org/grpc.invoke",
    "google.golang.org/grpc.(*ClientConn).Invoke",
    "github.com/redis/go-redis/v9.(*baseClient).process",
    "github.com/go-redis/redis/v8.(*baseClient).process",
    "github.com/gomodule/redigo/redis.(*conn).Do",
    "github.com/jackc/pgx/v5.(*Conn).Exec",
    "github.com/jackc/pgx/v5.(*Conn).Query",
    "go.mongodb.org/mongo-driver/x/mongo/driver.Operation.Execute",
    "go.mongodb.org/mongo-driver/v2/x/mongo/driver.Operation.Execute",
    "net/rpc.(*Client).Call",
)
#: These keep company with a query and wait until it is done.
_BESIDE_QUERY = (
    "database/sql.(*DB).connectionOpener",
    "database/sql.(*DB).connectionCleaner",
    "database/sql.(*Tx).awaitDone",
)
_DIAL = ("net.(*netFD).connect", "net.(*sysDialer).dialParallel")
_LOOKUP = ("net.(*Resolver).lookupIPAddr", "net.(*Resolver).exchange", "net.cgoLookupHost")
_HANDSHAKE = ("crypto/tls.(*Conn).handshakeContext", "crypto/tls.(*Conn).Handshake")
_HEADER = ("net/textproto.readMIMEHeader", "net/textproto.(*Reader).ReadMIMEHeader")
_SERVES = "net/http.(*conn).readRequest"
_WAIT_WRITE = "internal/poll.(*pollDesc).waitWrite"
#: What a file is asked for that a working disk answers at once; not reads, which may be of a terminal.
_FILE = (
    "os.(*File).Write",
    "os.(*File).WriteAt",
    "os.(*File).WriteString",
    "os.(*File).Sync",
    "os.(*File).Truncate",
    "os.(*File).ReadAt",
    "os.(*File).ReadFrom",
    "os.OpenFile",
    "os.Rename",
    "os.Remove",
    "os.Mkdir",
    "os.Stat",
    "os.Lstat",
    "os.ReadDir",
    "syscall.Fsync",
    "syscall.Fdatasync",
    "syscall.Flock",
    "syscall.Pwrite",
    "syscall.Fallocate",
    "golang.org/x/sys/unix.Fsync",
    "golang.org/x/sys/unix.Fdatasync",
    "golang.org/x/sys/unix.Flock",
    "golang.org/x/sys/unix.Pwrite",
)


def outside_call(functions: Sequence[str], state: str) -> tuple[Outside, int] | None:
    """What a goroutine waits for outside, and the frame of that call; None if for nothing of this kind.

    ``functions``: its frames, the innermost first; ``state``: its wait reason, or ``syscall``.
    """
    if state == "syscall":
        kinds: tuple[tuple[Outside, Sequence[str]], ...] = ((Outside.FILE, _FILE),)
        if waits_for_child(functions):
            return Outside.CHILD, _depth(functions, ("os.(*Process).",)) or 0
    elif state.startswith("IO wait"):
        written = _WAIT_WRITE in functions
        kinds = (
            (Outside.DIAL, _DIAL),
            (Outside.LOOKUP, _LOOKUP),
            (Outside.HANDSHAKE, _HANDSHAKE),
            (Outside.HEADER, _HEADER if _SERVES in functions else ()),
            (Outside.FILE, _FILE if written else ()),
            (Outside.WRITE, (_WAIT_WRITE,) if written else ()),
            (Outside.RESPONSE, _RESPONSE),
            (Outside.QUERY, _QUERY),
        )
    elif state.startswith(("select", "chan receive")):
        kinds = (
            (Outside.LOOKUP, _LOOKUP),
            (Outside.RESPONSE, _RESPONSE),
            (Outside.QUERY, _QUERY),
        )
    else:
        return None
    if any(f.startswith(_BESIDE_QUERY) for f in functions):
        return None
    for kind, names in kinds:
        depth = _depth(functions, names)
        if depth is not None:
            return kind, _callers_depth(functions, depth) if kind is Outside.RESPONSE else depth
    return None


def _callers_depth(functions: Sequence[str], depth: int) -> int:
    """The frame of the client's method: below it stand transports, the program's own among them."""
    clients = [d for d, f in enumerate(functions) if f.startswith("net/http.(*Client).")]
    return max(clients, default=depth)


def _depth(functions: Sequence[str], names: Sequence[str]) -> int | None:
    starts = tuple(names)
    return next((d for d, f in enumerate(functions) if starts and f.startswith(starts)), None)
