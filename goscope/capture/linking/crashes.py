"""From the heads of crashes, and the goroutines that follow them, to the crashes table.

A head says what happened, the goroutines below it say where. This package joins them: which
goroutine is to blame, which frame of it is the program's own, which lines below say how the process
ended. It also knows the stacks that a program logged itself, and what of a dump was printed twice.
"""

from __future__ import annotations

from goscope.capture.linking.crash_linking import link_crashes

__all__ = ["link_crashes"]
