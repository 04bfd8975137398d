"""What the thread rules have in common: the goroutines that hold threads, in words."""

from __future__ import annotations

from goscope.analysis.scheduler.threads import Holders, holders_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Evidence
from goscope.rules.findings.leak import place_of

_LOCKED = (
    "Follow runtime.LockOSThread with defer runtime.UnlockOSThread; if the goroutine needs its thread for "
    "good, let it end when its work is done: that ends the thread as well."
)
_SYSCALL = (
    "Bound how many goroutines block in system calls (or C) at once with a semaphore, and give what they "
    "wait for a deadline."
)
_UNKNOWN = (
    "Take goroutine dumps (pprof goroutine?debug=2) and give them to goscope with this log: goroutines "
    "that are locked to their thread, or sit in system calls, show where the threads went."
)


def main_holders(capture: Capture, process: int) -> Holders | None:
    """The largest group of goroutines that hold threads in a process, if its dumps show one."""
    return next((h for h in holders_of(capture) if h.process == process), None)


def advice_for(who: Holders | None, *, locked: bool = False) -> str:
    """What to do about threads that are held like this; without a dump scheddetail may say how."""
    if who is None:
        return _LOCKED if locked else _UNKNOWN
    return _LOCKED if who.how == "locked to thread" else _SYSCALL


def held_words(who: Holders) -> str:
    """Who holds threads, for a sentence."""
    how = "are locked to one each" if who.how == "locked to thread" else "sit in system calls"
    return f"{who.group.count} goroutines at {place_of(who.site)} {how}"


def held_evidence(who: Holders) -> tuple[Evidence, ...]:
    """Who holds threads, dump by dump."""
    return tuple(
        Evidence(f"dump {n}, {who.how}", count, "goroutines", source)
        for n, (count, source) in enumerate(zip(who.counts, who.sources, strict=True), 1)
    )
