"""Results that are worked out once for a capture and live as long as it does."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from goscope.capture.capture import Capture

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def once_per_capture(
    analysis: Callable[Concatenate[Capture, Parameters], Result],
) -> Callable[Concatenate[Capture, Parameters], Result]:
    """Make a pure function of a capture (and of values that can be hashed) keep its results on the capture.

    A cache of the module would keep captures alive that nobody needs any more: notebooks read many, and
    ``goscope watch`` reads one after the other for hours.
    """

    @wraps(analysis)
    def kept(capture: Capture, /, *args: Parameters.args, **named: Parameters.kwargs) -> Result:
        key = (analysis, args, tuple(sorted(named.items())))
        results: dict[object, Any] = capture.analyses
        if key not in results:
            results[key] = analysis(capture, *args, **named)
        found: Result = results[key]
        return found

    return kept
