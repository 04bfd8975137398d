"""Panics, fatal errors, data races, goleak reports, test output."""
