"""Takes off what shippers and people put around the lines of a log."""
