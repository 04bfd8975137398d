"""Scheduler samples and what they say: states, phases, stop-the-world pauses, threads."""
