"""The colours of states and severities on a terminal."""

from __future__ import annotations

from collections.abc import Mapping

COLOURS: Mapping[str, str] = {
    "ok": "green",
    "healthy": "green",
    "idle": "green",
    "info": "cyan",
    "warning": "yellow",
    "unbalanced": "yellow",
    "suspected_leak": "yellow",
    "critical": "bold red",
    "starving": "bold red",
    "blocked": "bold red",
    "leak": "bold red",
    "thrash": "bold red",
    "pressure": "yellow",
    "heap_growth": "yellow",
    "high": "yellow",
    "unknown": "dim",
    "none": "green",
    "sigquit": "cyan",
    "recovered_http_panic": "yellow",
    "recovered_logged_stack": "yellow",
    "crash_tail": "yellow",
}
