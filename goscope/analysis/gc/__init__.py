"""Garbage collection: cycles, their cost, and the trend of the live heap."""
