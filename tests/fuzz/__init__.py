"""Hostile input without end: ``python -m tests.fuzz --minutes 10``; the tests run a few of the same."""
