"""Functions that serve one request each: a goroutine that has one on its stack answers somebody. And
functions that wait for the response to one.

From the sources of net/http (1.19 to 1.27), net/rpc, golang.org/x/net and google.golang.org/grpc.
"""

from __future__ import annotations

from collections.abc import Iterable

from .function_names import declared_name

REQUEST_HANDLERS = frozenset(
    {
        "net/http.(*conn).serve",
        "net/http.(*http2serverConn).runHandler",
        "net/http/internal/http2.(*serverConn).runHandler",
        "golang.org/x/net/http2.(*serverConn).runHandler",
        "net/rpc.(*service).call",
        "google.golang.org/grpc.(*Server).handleStream",
    }
)

#: They wait in a select for what another goroutine reads: for the network.
_ROUND_TRIPS = frozenset(
    {
        "net/http.(*persistConn).roundTrip",
        "net/http.(*http2ClientConn).roundTrip",
        "net/http/internal/http2.(*ClientConn).roundTrip",
        "golang.org/x/net/http2.(*ClientConn).roundTrip",
    }
)


def waits_for_response(functions: Iterable[str]) -> bool:
    """Whether a stack is that of a request of the program's own, whose response is not there yet."""
    return any(name in _ROUND_TRIPS for name in functions)


def serves_a_request(functions: Iterable[str]) -> bool:
    """Whether a stack is that of a request; idle keep-alive connections have one of these too."""
    return any(
        name in REQUEST_HANDLERS or declared_name(name) in REQUEST_HANDLERS for name in functions
    )
