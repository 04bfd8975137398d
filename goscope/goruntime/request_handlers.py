"""Functions that serve one request each: a goroutine that has one on its stack answers somebody.

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


def serves_a_request(functions: Iterable[str]) -> bool:
    """Whether a stack is that of a request; idle keep-alive connections have one of these too."""
    return any(
        name in REQUEST_HANDLERS or declared_name(name) in REQUEST_HANDLERS for name in functions
    )
