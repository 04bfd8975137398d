"""Durations as Go writes them: 500ms, 2s, 1m30s, 1.5h."""

from __future__ import annotations

import re

from goscope.errors import UsageError

_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
#: Longer ones overflow what operating systems take as a timeout.
_LONGEST_S = 366 * 86400.0


def seconds(text: str, option: str) -> float:
    """The duration that an option was given, in seconds; a bare number is seconds.

    Raises:
        UsageError: it is no duration, or longer than a year.
    """
    if re.fullmatch(rf"[0-9]{{1,9}}|(?:{_NUMBER}(?:h|ms|m|s))+", text) is None:
        raise UsageError(f"{option} {text}: not a duration; write it like 500ms, 2s, 5m or 1h")
    parts = re.findall(rf"({_NUMBER})(h|ms|m|s)", text)
    total = sum(float(number) * _SECONDS[unit] for number, unit in parts or [(text, "s")])
    if total > _LONGEST_S:
        raise UsageError(f"{option} {text}: longer than a year; give less")
    return total


def minutes(text: str, option: str) -> int:
    """The duration in whole minutes, the unit in which dumps give wait times.

    Raises:
        UsageError: it is no duration, or less than a minute.
    """
    total = int(seconds(text, option) / 60)
    if total < 1:
        raise UsageError(
            f"{option} {text}: Go prints wait times from one minute on; use 1m or more"
        )
    return total
