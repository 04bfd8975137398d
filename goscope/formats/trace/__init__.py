"""Execution traces of runtime/trace."""
