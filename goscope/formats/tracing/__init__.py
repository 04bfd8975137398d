"""Reads execution traces into their tables; loaded when there is one to read."""
