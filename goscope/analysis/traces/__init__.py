"""Execution traces as rules and pages look at them: latencies, tasks, wakeups, time lines."""
